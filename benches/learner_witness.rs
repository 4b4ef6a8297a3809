//! The learner's side of `benches/learner.py`. It replays the batches of a problem folder, then
//! runs and times the last update once per line on standard input, and leaves the updated policy in
//! `result.f64`.
//!
//! The other side's policies made the batches. These policies agree with this side's to rounding.

use moto_controller::policy::{LinearGaussian, Policy};
use moto_learners::moto::{Moto, MotoConfig, StateScales};
use moto_learners::{Batch, BrokenOff, Reward};
use nalgebra::{DMatrix, DVector};
use serde::Deserialize;
use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Deserialize)]
struct Problem {
    config: MotoConfig,
    scales: Vec<f64>,
    reward: Costs,
    horizon: usize,
    rollouts: usize,
    states: usize,
    actions: usize,
    outcomes: usize,
    batches: usize,
}

#[derive(Deserialize)]
struct Costs {
    start: usize,
    state_weights: Vec<f64>,
    action_weight: f64,
    outcome_weight: f64,
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum()
}

impl Reward for Costs {
    fn step(&self, t: usize, state: &[f64], action: &[f64], _next: &[f64], outcome: &[f64]) -> f64 {
        let cost = self.action_weight * squares(action) + self.outcome_weight * squares(outcome);
        if t >= self.start { self.last(state) - cost } else { -cost }
    }

    fn last(&self, state: &[f64]) -> f64 {
        -self.state_weights.iter().zip(state).map(|(w, x)| w * x * x).sum::<f64>()
    }
}

/// Numbers, taken from the front one matrix at a time.
struct Numbers(std::vec::IntoIter<f64>);

impl Numbers {
    fn columns(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_iterator(rows, columns, self.0.by_ref().take(rows * columns))
    }

    fn many(&mut self, count: usize, rows: usize, columns: usize) -> Vec<DMatrix<f64>> {
        (0..count).map(|_| self.columns(rows, columns)).collect()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    moto_controller::memory::keep_freed(); // as the program does
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: learner_witness FOLDER")?);
    let problem: Problem = serde_json::from_slice(&std::fs::read(folder.join("problem.json"))?)?;
    let bytes = std::fs::read(folder.join("numbers.f64"))?;
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let mut numbers = Numbers(values.into_iter());
    let (horizon, states, actions) = (problem.horizon, problem.states, problem.actions);
    let gains = numbers.many(horizon, states, actions);
    let biases = numbers.many(horizon, actions, 1);
    let covariances = numbers.many(horizon, actions, actions);
    let law = |t: usize| LinearGaussian {
        gain: gains[t].transpose(),
        bias: DVector::from_column_slice(biases[t].as_slice()),
        covariance: covariances[t].clone(),
    };
    let initial = Policy { steps: (0..horizon).map(law).collect() };
    let mut learner = Moto::new(problem.config, initial, StateScales(problem.scales))?;
    let mut batches: Vec<Batch> = (0..problem.batches)
        .map(|_| {
            let states = numbers.many(horizon + 1, states, problem.rollouts);
            let actions = numbers.many(horizon, actions, problem.rollouts);
            let outcomes = numbers.many(horizon, problem.outcomes, problem.rollouts);
            let parameters = DMatrix::zeros(0, actions[0].ncols());
            let broken_off = BrokenOff::default();
            Batch { states, received: actions.clone(), actions, outcomes, parameters, broken_off }
        })
        .collect();
    let last = batches.pop().ok_or("no batch")?;
    for batch in batches {
        learner.update(batch, &problem.reward)?;
    }
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        line?;
        let (mut run, batch) = (learner.clone(), last.clone());
        let start = Instant::now();
        let report = run.update(batch, &problem.reward)?;
        println!("{}", start.elapsed().as_secs_f64());
        let laws = &run.policy().steps;
        let mut result: Vec<f64> = laws.iter().flat_map(|l| l.gain.transpose().as_slice().to_vec()).collect();
        result.extend(laws.iter().flat_map(|l| l.bias.as_slice()));
        result.extend(laws.iter().flat_map(|l| l.covariance.as_slice()));
        result.extend(report.steps.iter().map(|s| s.eta));
        let bytes: Vec<u8> = result.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join("result.f64"), bytes)?;
    }
    Ok(())
}
