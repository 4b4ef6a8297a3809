//! TRPO's side of `tests/python/test_trpo.py`: a problem per line of JSON on standard input; gradient, Fisher-vector product,
//! direction and accepted step as a line of JSON on standard output.

use moto_learners::policy::Layers;
use moto_learners::trpo::{Fisher, Gaussian, Mean, NaturalStep, Samples};
use nalgebra::DMatrix;
use serde::Deserialize;
use std::error::Error;
use std::io::BufRead;

#[derive(Deserialize)]
struct Problem {
    /// Units of each hidden layer; none for a linear law per step.
    hidden: Option<usize>,
    horizon: usize,
    parameters: Vec<f64>,
    steps: Vec<usize>,
    /// Sample by sample.
    inputs: Vec<Vec<f64>>,
    drawn: Vec<Vec<f64>>,
    advantages: Vec<f64>,
    vector: Vec<f64>,
    max_kl: f64,
    iterations: usize,
    damping: f64,
    fisher_every: usize,
}

fn columns(values: &[Vec<f64>]) -> DMatrix<f64> {
    DMatrix::from_fn(values[0].len(), values.len(), |i, j| values[j][i])
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let problem: Problem = serde_json::from_str(&line?)?;
        let (inputs, outputs) = (problem.inputs[0].len(), problem.drawn[0].len());
        let mean = match problem.hidden {
            Some(hidden) => Mean::Neural(Layers { inputs, hidden, outputs }),
            None => Mean::Linear { horizon: problem.horizon, inputs, outputs },
        };
        let (policy, at) = (Gaussian { mean }, &problem.parameters);
        let samples =
            Samples { steps: problem.steps, inputs: columns(&problem.inputs), drawn: columns(&problem.drawn) };
        let Problem { max_kl, iterations, damping, fisher_every, .. } = problem;
        let step = NaturalStep { max_kl, iterations, damping, fisher_every };
        let gradient = policy.gradient(at, &samples, &problem.advantages);
        let accepted = step.take(&policy, at, &samples, &problem.advantages).ok_or("no step was accepted")?;
        let answer = serde_json::json!({
            "fisher_product": Fisher::new(&policy, at, &samples.every(fisher_every)).product(&problem.vector),
            "direction": step.direction(&policy, at, &samples, &gradient),
            "gradient": gradient,
            "accepted": accepted.parameters,
            "kl": accepted.kl,
            "halvings": accepted.halvings,
        });
        println!("{answer}");
    }
    Ok(())
}
