//! The bounds of a plan on random problems.

use super::Random;
use crate::moto::StateDistribution;
use crate::moto::forecast::Forecaster;
use crate::moto::plan::Planner;
use crate::planning::LinearDynamics;
use crate::policy::{LinearGaussian, Policy};
use crate::{Batch, Reward};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const STEPS: usize = 5;
const ROLLOUTS: usize = 8;

/// A concave reward of a random form.
struct Concave(DMatrix<f64>);

impl Reward for Concave {
    fn step(&self, _t: usize, state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        let both = DVector::from_iterator(3, state.iter().chain(action).copied());
        -both.dot(&(&self.0 * &both))
    }

    fn last(&self, state: &[f64]) -> f64 {
        -10.0 * state.iter().map(|x| x * x).sum::<f64>()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_keeps_the_bounds(seed in 0u64..1000, epsilon in 0.01..2.0_f64, beta0 in 0.01..1.0_f64) {
        let random = &mut Random::new(seed);
        let law = |random: &mut Random| LinearGaussian {
            gain: random.matrix(1, 2) * 0.3,
            bias: random.vector(1),
            covariance: random.positive_definite_above(1, 0.1),
        };
        let old = Policy { steps: (0..STEPS).map(|_| law(random)).collect() };
        let noise = random.positive_definite_above(2, 0.01) * 0.05;
        let dynamics = |random: &mut Random| LinearDynamics {
            map: random.matrix(2, 3) * 0.5,
            offset: random.vector(2),
            covariance: noise.clone(),
        };
        let dynamics = (0..STEPS).map(|_| dynamics(random)).collect();
        let start = StateDistribution { mean: random.vector(2), covariance: random.positive_definite_above(2, 0.1) };
        let mut batch = Batch::zeros(&old, ROLLOUTS);
        for t in 0..=STEPS {
            batch.states[t] = random.matrix(2, ROLLOUTS);
        }
        for t in 0..STEPS {
            batch.received[t] = random.matrix(1, ROLLOUTS);
        }
        let states: Vec<_> =
            batch.states[..STEPS].iter().map(|states| StateDistribution::fit(&[(states, 1.0)], &[0.01; 2])).collect();
        let forecaster = Forecaster {
            old: &old,
            states: &states,
            q: &[],
            dynamics,
            start,
            diagonal: DVector::from_element(2, 0.01),
        };
        let reward = Concave(random.positive_definite_above(3, 0.1));
        let planner = Planner::new(&forecaster, &batch, &reward, beta0).unwrap();
        let plan = planner.plan(epsilon).expect("a concave problem has a plan");
        let laws = || plan.steps.iter().zip(&old.steps);
        let kl: f64 = laws()
            .zip(&states)
            .map(|((law, old), s)| law.expected_kl(old, &s.mean, &s.covariance).unwrap())
            .sum();
        prop_assert!(kl <= epsilon * STEPS as f64 * (1.0 + 1e-9), "{kl}");
        for (law, old) in laws() {
            let reduction = old.entropy().unwrap() - law.entropy().unwrap();
            prop_assert!(reduction <= beta0 + 1e-9, "{reduction}");
        }
        prop_assert!(plan != old);
    }
}
