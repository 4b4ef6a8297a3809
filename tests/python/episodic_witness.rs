//! The episodic searches' side of `tests/python/test_episodic.py`: one update per line of JSON on standard input, its result as
//! a line of JSON on standard output.

use moto_controller::policy::LinearGaussian;
use moto_learners::episodic::cas_more::{CasMoreUpdate, EvolutionPath};
use moto_learners::episodic::more::MoreUpdate;
use moto_learners::episodic::reps::RepsUpdate;
use moto_learners::episodic::samples::Samples;
use moto_learners::moto::{Quadratic, Ridge, StateDistribution};
use nalgebra::{DMatrix, DVector};
use serde::Deserialize;
use std::error::Error;
use std::io::BufRead;

#[derive(Deserialize)]
struct Problem {
    method: Method,
    mean: Vec<f64>,
    /// By rows; symmetric.
    covariance: Vec<Vec<f64>>,
    /// Sample by sample.
    parameters: Vec<Vec<f64>>,
    returns: Vec<f64>,
    epsilon: f64,
    #[serde(default)]
    beta0: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    Reps,
    More,
    /// MORE with its surrogate given: the curvature and slope of the return.
    MoreStep {
        hessian: Vec<Vec<f64>>,
        gradient: Vec<f64>,
    },
    /// CAS-MORE with its surrogate given, and the evolution path so far.
    CasMoreStep {
        hessian: Vec<Vec<f64>>,
        gradient: Vec<f64>,
        path: Vec<f64>,
        expected: f64,
        epsilon_covariance: f64,
        path_share: f64,
    },
}

fn rows(values: &[Vec<f64>]) -> DMatrix<f64> {
    DMatrix::from_fn(values.len(), values.first().map_or(0, Vec::len), |i, j| values[i][j])
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let problem: Problem = serde_json::from_str(&line?)?;
        let dim = problem.mean.len();
        let law = LinearGaussian {
            gain: DMatrix::zeros(dim, 0),
            bias: DVector::from_vec(problem.mean),
            covariance: rows(&problem.covariance),
        };
        let count = problem.returns.len();
        let samples = Samples {
            contexts: DMatrix::zeros(0, count),
            parameters: rows(&problem.parameters).transpose(),
            returns: problem.returns,
            weights: vec![1. / count as f64; count],
        };
        let (epsilon, beta0) = (problem.epsilon, problem.beta0);
        let more = MoreUpdate { epsilon, beta0, ridge: Ridge::Fixed(1e-13), linear_penalty: 1. };
        let (law, weights) = match problem.method {
            Method::Reps => {
                let update = RepsUpdate { epsilon, quadratic_features: false, inertia: 0. };
                let (fitted, solution) = update.apply(&law, &samples);
                (fitted.ok_or("too few samples")?, solution.weights)
            }
            Method::More => (more.apply(&law, &samples)?.0, samples.weights),
            Method::MoreStep { hessian, gradient } => {
                let surrogate =
                    Quadratic { hessian: rows(&hessian), gradient: DVector::from_vec(gradient), constant: 0. };
                (more.step(&law, &surrogate)?.0, samples.weights)
            }
            Method::CasMoreStep { hessian, gradient, path, expected, epsilon_covariance, path_share } => {
                let surrogate =
                    Quadratic { hessian: rows(&hessian), gradient: DVector::from_vec(gradient), constant: 0. };
                let factor = law.covariance.clone().cholesky().ok_or("the covariance")?.unpack();
                let white = surrogate.after(&factor, &law.bias);
                let (ridge, linear_penalty) = (Ridge::CrossValidated, 1.);
                let update =
                    CasMoreUpdate { epsilon_mean: epsilon, epsilon_covariance, path_share, ridge, linear_penalty };
                let path = EvolutionPath { sum: DVector::from_vec(path), expected };
                let nowhere = StateDistribution { mean: DVector::zeros(0), covariance: DMatrix::zeros(0, 0) };
                let (law, path, _) = update.improved(&law, &path, &white, &nowhere)?;
                // The path is what is looked at in the place of weights.
                (law, path.sum.iter().copied().chain([path.expected]).collect())
            }
        };
        let covariance: Vec<Vec<f64>> = law.covariance.row_iter().map(|row| row.iter().copied().collect()).collect();
        let answer = serde_json::json!({ "mean": law.bias.as_slice(), "covariance": covariance, "weights": weights });
        println!("{answer}");
    }
    Ok(())
}
