//! The trajectory KL constraint on random problems, against the KL of whole trajectories.

use super::{LinearDynamics, Model, constrained_update};
use crate::moto::tests::Random;
use crate::policy::{LinearGaussian, Policy, gaussian_kl};
use crate::quadratic::{Quadratic, StateDistribution};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

/// A random model with rewards of any curvature, multiplied by `scale`.
fn random_model(random: &mut Random, horizon: usize, state_dim: usize, action_dim: usize, scale: f64) -> Model {
    let inputs = state_dim + action_dim;
    let quadratic = |random: &mut Random, dim: usize, lift: f64| {
        let root = random.matrix(dim, dim);
        let hessian = (&root + root.transpose()) * 0.5 - DMatrix::identity(dim, dim) * lift;
        Quadratic { hessian: hessian * scale, gradient: random.vector(dim) * scale, constant: random.normal() }
    };
    let lift = 2.0 * random.normal();
    let mut dynamics = Vec::new();
    let mut rewards = Vec::new();
    for _ in 0..horizon {
        dynamics.push(LinearDynamics {
            map: random.matrix(state_dim, inputs) * 0.5,
            offset: random.vector(state_dim),
            covariance: random.positive_definite_above(state_dim, 0.1) * 0.1,
        });
        rewards.push(quadratic(random, inputs, lift));
    }
    let start = StateDistribution {
        mean: random.vector(state_dim),
        covariance: random.positive_definite_above(state_dim, 0.1),
    };
    Model { start, dynamics, rewards, last: quadratic(random, state_dim, lift) }
}

fn random_policy(random: &mut Random, horizon: usize, state_dim: usize, action_dim: usize) -> Policy {
    let law = |_| LinearGaussian {
        gain: random.matrix(action_dim, state_dim) * 0.3,
        bias: random.vector(action_dim),
        covariance: random.positive_definite_above(action_dim, 0.1),
    };
    Policy { steps: (0..horizon).map(law).collect() }
}

/// Mean and covariance of the full trajectory (s_0, a_0, s_1, ..., a_{T-1}) as one Gaussian. Every
/// new variable is a linear function of the earlier ones, plus noise.
fn trajectory(model: &Model, policy: &Policy) -> (DVector<f64>, DMatrix<f64>) {
    let state_dim = model.start.mean.len();
    let (mut mean, mut covariance) = (model.start.mean.clone(), model.start.covariance.clone());
    let append = |mean: &mut DVector<f64>,
                  covariance: &mut DMatrix<f64>,
                  map: &DMatrix<f64>,
                  offset: &DVector<f64>,
                  noise: &DMatrix<f64>| {
        let (old, new) = (mean.len(), offset.len());
        let from = old - map.ncols();
        let cross = map * covariance.rows(from, map.ncols());
        let own = cross.columns(from, map.ncols()) * map.transpose() + noise;
        let next = map * mean.rows(from, map.ncols()) + offset;
        *mean = mean.clone().resize_vertically(old + new, 0.0);
        mean.rows_mut(old, new).copy_from(&next);
        *covariance = covariance.clone().resize(old + new, old + new, 0.0);
        covariance.view_mut((old, 0), (new, old)).copy_from(&cross);
        covariance.view_mut((0, old), (old, new)).copy_from(&cross.transpose());
        covariance.view_mut((old, old), (new, new)).copy_from(&own);
    };
    for (t, law) in policy.steps.iter().enumerate() {
        append(&mut mean, &mut covariance, &law.gain, &law.bias, &law.covariance);
        if t + 1 < policy.steps.len() {
            let dynamics = &model.dynamics[t];
            append(&mut mean, &mut covariance, &dynamics.map, &dynamics.offset, &dynamics.covariance);
        }
    }
    assert_eq!(mean.len(), policy.steps.len() * (state_dim + policy.action_dim()));
    (mean, covariance)
}

fn trajectory_kl(model: &Model, new: &Policy, old: &Policy) -> f64 {
    let ((mean, covariance), (old_mean, old_covariance)) = (trajectory(model, new), trajectory(model, old));
    gaussian_kl((&mean, &covariance), (&old_mean, &old_covariance)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn an_update_keeps_the_bound_and_uses_it(
        seed in any::<u64>(),
        horizon in 1_usize..6,
        state_dim in 1_usize..4,
        action_dim in 1_usize..3,
        // For a bound of several nats the new covariance is so small that the joint covariance of a
        // trajectory loses its digits.
        log_bound in -5.0_f64..1.5,
        log_scale in -4.0_f64..4.0,
        log_start in -6.0_f64..6.0,
    ) {
        let random = &mut Random::new(seed);
        let (bound, scale, start) = (log_bound.exp(), log_scale.exp(), log_start.exp());
        let model = random_model(random, horizon, state_dim, action_dim, scale);
        let old = random_policy(random, horizon, state_dim, action_dim);
        let update = constrained_update(&model, &old, true, bound, start).unwrap();
        update.policy.validate().unwrap();
        let kl = trajectory_kl(&model, &update.policy, &old);
        prop_assert!((kl - update.kl.iter().sum::<f64>()).abs() < 1e-6 * kl + 1e-9, "KL {kl}, reported {:?}", update.kl);
        prop_assert!(kl <= bound * (1.0 + 1e-6) + 1e-9, "KL {kl}, bound {bound}");
        prop_assert!(kl >= 0.99 * bound, "KL {kl}, bound {bound}");
        let gain = model.expected_return(&update.policy) - model.expected_return(&old);
        prop_assert!(gain > 0.0, "expected improvement {gain}");
        let update = constrained_update(&model, &old, false, bound, start).unwrap();
        let kl = trajectory_kl(&model, &update.policy, &old);
        prop_assert!(kl <= bound * (1.0 + 1e-6) + 1e-9, "KL {kl} without planning ahead, bound {bound}");
        prop_assert!(kl >= 0.99 * bound, "KL {kl} without planning ahead, bound {bound}");
    }
}

/// No policy near the solution that also keeps the bound has a larger expected return.
#[test]
fn an_update_is_a_maximum() {
    let random = &mut Random::new(11);
    let model = random_model(random, 4, 2, 1, 1.0);
    let old = random_policy(random, 4, 2, 1);
    let update = constrained_update(&model, &old, true, 0.5, 1.0).unwrap();
    let lagrangian = |policy: &Policy| model.expected_return(policy) - update.eta * trajectory_kl(&model, policy, &old);
    let best = lagrangian(&update.policy);
    for _ in 0..200 {
        let mut other = update.policy.clone();
        for law in &mut other.steps {
            law.gain += random.matrix(1, 2) * 1e-2;
            law.bias += random.vector(1) * 1e-2;
            law.covariance *= (1e-2 * random.normal()).exp();
        }
        assert!(lagrangian(&other) < best);
    }
}

/// Without planning ahead each law is the best one if the old laws follow. The laws that plan ahead
/// are not.
#[test]
fn without_planning_ahead_every_step_is_a_maximum_by_itself() {
    let random = &mut Random::new(13);
    let model = random_model(random, 4, 2, 1, 1.0);
    let old = random_policy(random, 4, 2, 1);
    let at = |t: usize, law: &LinearGaussian| {
        let mut policy = old.clone();
        policy.steps[t] = law.clone();
        policy
    };
    let mut improved = |plan_ahead: bool| {
        let update = constrained_update(&model, &old, plan_ahead, 0.5, 1.0).unwrap();
        let lagrangian =
            |policy: &Policy| model.expected_return(policy) - update.eta * trajectory_kl(&model, policy, &old);
        let mut best = true;
        for (t, law) in update.policy.steps.iter().enumerate() {
            let value = lagrangian(&at(t, law));
            for _ in 0..50 {
                let mut other = law.clone();
                other.gain += random.matrix(1, 2) * 1e-2;
                other.bias += random.vector(1) * 1e-2;
                other.covariance *= (1e-2 * random.normal()).exp();
                best &= lagrangian(&at(t, &other)) < value;
            }
        }
        best
    };
    assert!(improved(false));
    assert!(!improved(true));
}

#[test]
fn a_reward_that_no_action_changes_keeps_the_policy() {
    let random = &mut Random::new(12);
    let mut model = random_model(random, 3, 2, 1, 0.0);
    model.rewards.iter_mut().for_each(|r| r.constant = 7.0);
    let old = random_policy(random, 3, 2, 1);
    let update = constrained_update(&model, &old, true, 0.1, 1.0).unwrap();
    for (new, old) in update.policy.steps.iter().zip(&old.steps) {
        assert!((&new.gain - &old.gain).amax() < 1e-9);
        assert!((&new.bias - &old.bias).amax() < 1e-9);
        assert!((&new.covariance - &old.covariance).amax() < 1e-9);
    }
}
