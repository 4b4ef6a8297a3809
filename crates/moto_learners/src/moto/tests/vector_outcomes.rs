//! The part of Q from fitted errors, against closed forms.

use super::Random;
use crate::batch::Earnings;
use crate::moto::importance::{Sample, Weighted};
use crate::moto::store::Stored;
use crate::moto::vector_outcomes::{Errors, expected_price};
use crate::moto::{Design, Ridge};
use crate::policy::{LinearGaussian, Policy};
use crate::quadratic::{Columns, Quadratic};
use crate::{Batch, ErrorPrice, ErrorShape, Measured, Reward};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

struct Nothing;

impl Reward for Nothing {
    fn step(&self, _t: usize, _state: &[f64], _action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        0.
    }

    fn last(&self, _state: &[f64]) -> f64 {
        0.
    }
}

/// One step of random inputs, whose errors are `map z + offset` in rows 1 and 2 of the outcomes,
/// with the mark of row 0 on the rollouts that `has` names.
struct Problem {
    stored: Stored,
    inputs: DMatrix<f64>,
    map: DMatrix<f64>,
    offset: DVector<f64>,
}

impl Problem {
    fn new(seed: u64, rollouts: usize, has: impl Fn(usize) -> bool) -> Self {
        let mut random = Random::new(seed);
        let law =
            LinearGaussian { gain: DMatrix::zeros(1, 2), bias: DVector::zeros(1), covariance: DMatrix::identity(1, 1) };
        let policy = Policy { steps: vec![law] };
        let inputs = random.matrix(3, rollouts);
        let (map, offset) = (random.matrix(2, 3), random.vector(2));
        let mut batch = Batch::zeros(&policy, rollouts);
        batch.states[0].copy_from(&inputs.rows(0, 2));
        batch.received[0].copy_from(&inputs.rows(2, 1));
        batch.outcomes = vec![DMatrix::zeros(3, rollouts)];
        for rollout in (0..rollouts).filter(|rollout| has(*rollout)) {
            let error = &map * inputs.column(rollout) + &offset;
            batch.outcomes[0].column_mut(rollout).copy_from_slice(&[1., error[0], error[1]]);
        }
        let earnings = Earnings::new(&batch, &Nothing).unwrap();
        let stored = Stored { id: 0, batch, origin: None, earnings, log_sums: vec![] };
        Self { stored, inputs, map, offset }
    }

    fn part(&self, measured: Measured, shape: ErrorShape) -> Option<Quadratic> {
        let rollouts = self.inputs.ncols();
        let mut inputs = Columns::zeros(rollouts, 3);
        (0..rollouts).for_each(|rollout| inputs.set(rollout, 0, self.inputs.column(rollout).as_slice()));
        let weights = vec![1. / rollouts as f64; rollouts];
        let design = Design::new(&inputs, weights.clone(), &[0.; 3], 0.1, Ridge::CrossValidated);
        let samples = (0..rollouts).map(|rollout| Sample { entry: 0, step: 0, rollout }).collect();
        let weighted = Weighted { samples, weights, effective: rollouts as f64 };
        let entries = [&self.stored];
        let errors = Errors::find(vec![ErrorPrice { rows: 1..3, measured, weight: 2.5, shape }], &entries);
        expected_price(0, &errors, &weighted, &design, &entries)
    }

    /// `-2.5 share |map z + offset|^2` at z.
    fn exact(&self, share: f64, z: &DVector<f64>) -> f64 {
        -2.5 * share * (&self.map * z + &self.offset).norm_squared()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// Errors that are linear in the inputs give their exact price, at any point.
    #[test]
    fn linear_errors_give_their_exact_price(seed in 0u64..1000) {
        let problem = Problem::new(seed, 80, |_| true);
        let part = problem.part(Measured::At(0), ErrorShape::Squared).unwrap();
        let mut random = Random::new(seed + 1);
        for _ in 0..5 {
            let z = random.vector(3) * 2.;
            let exact = problem.exact(1., &z);
            prop_assert!((part.value(&z) - exact).abs() < 1e-4 * (1. + exact.abs()), "{} {exact}", part.value(&z));
        }
        // Gauss-Newton is concave whatever the data.
        prop_assert!(part.hessian.symmetric_eigenvalues().max() < 1e-9);
    }

    /// Rollouts without an error take no part but in the share.
    #[test]
    fn rollouts_without_an_error_lower_the_share(seed in 0u64..1000) {
        let problem = Problem::new(seed, 80, |rollout| rollout % 4 != 0);
        let part = problem.part(Measured::Marked(0), ErrorShape::Squared).unwrap();
        let z = Random::new(seed + 1).vector(3);
        let exact = problem.exact(0.75, &z);
        prop_assert!((part.value(&z) - exact).abs() < 1e-4 * (1. + exact.abs()));
    }
}

#[test]
fn errors_over_their_cap_are_left_out() {
    let problem = Problem::new(7, 400, |_| true);
    let squares: Vec<f64> =
        (0..400).map(|r| (&problem.map * problem.inputs.column(r) + &problem.offset).norm_squared()).collect();
    let within = squares.iter().filter(|s| **s < 4.).count() as f64 / 400.;
    assert!((0.05..0.95).contains(&within), "{within}");
    let part = problem.part(Measured::At(0), ErrorShape::Capped(2.)).unwrap();
    let z = Random::new(8).vector(3);
    let exact = problem.exact(within, &z);
    assert!((part.value(&z) - exact).abs() < 1e-4 * (1. + exact.abs()));
}

/// Few samples carry no model, and neither do marks that no rollout has.
#[test]
fn too_few_samples_give_no_part() {
    assert_eq!(Problem::new(3, 11, |_| true).part(Measured::At(0), ErrorShape::Squared), None);
    assert_eq!(Problem::new(3, 80, |r| r < 11).part(Measured::Marked(0), ErrorShape::Squared), None);
    assert_eq!(Problem::new(3, 80, |_| false).part(Measured::Marked(0), ErrorShape::Squared), None);
}
