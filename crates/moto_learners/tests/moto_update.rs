//! The exact update: guarantees on random problems, agreement with a direct minimisation of the paper's dual.

mod support;

use moto_learners::moto::{Quadratic, StateDistribution, StepUpdate, TrustRegion, expected_advantage, multipliers};
use moto_learners::policy::LinearGaussian;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::f64::consts::PI;
use support::Random;

/// The same cases in every run.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

#[derive(Clone, Copy, Debug)]
enum Curvature {
    Concave,
    Convex,
    Indefinite,
    Zero,
}

const CURVATURES: [Curvature; 4] = [Curvature::Concave, Curvature::Convex, Curvature::Indefinite, Curvature::Zero];

struct Problem {
    law: LinearGaussian,
    q: Quadratic,
    states: StateDistribution,
}

fn problem(seed: u64, action_dim: usize, state_dim: usize, curvature: Curvature, scale: f64) -> Problem {
    let mut random = Random::new(seed);
    let dim = state_dim + action_dim;
    let mut hessian = random.matrix(dim, dim);
    hessian = &hessian + hessian.transpose();
    let definite = random.positive_definite(action_dim);
    let mut gradient = random.vector(dim);
    let mut action = hessian.view_mut((state_dim, state_dim), (action_dim, action_dim));
    match curvature {
        Curvature::Concave => action.copy_from(&-definite),
        Curvature::Convex => action.copy_from(&definite),
        Curvature::Indefinite => {}
        Curvature::Zero => {
            action.fill(0.0);
            hessian.view_mut((state_dim, 0), (action_dim, state_dim)).fill(0.0);
            hessian.view_mut((0, state_dim), (state_dim, action_dim)).fill(0.0);
            gradient.rows_mut(state_dim, action_dim).fill(0.0);
        }
    }
    // One state direction without any spread.
    let thin = random.matrix(state_dim, state_dim.saturating_sub(1));
    let states = StateDistribution { mean: random.vector(state_dim), covariance: &thin * thin.transpose() };
    let q = Quadratic { hessian: hessian * scale, gradient: gradient * scale, constant: 0.3 };
    Problem { law: random.law(action_dim, state_dim), q, states }
}

impl Problem {
    fn update(&self, beta0: f64) -> StepUpdate {
        StepUpdate::new(&self.law, &self.q, &self.states, beta0, 0).unwrap()
    }

    fn kl(&self, new: &LinearGaussian) -> f64 {
        new.expected_kl(&self.law, &self.states.mean, &self.states.covariance).expect("positive definite")
    }

    /// The paper's dual g(eta, omega) and the law it stands for; infinite outside its domain.
    fn dual(&self, eta: f64, omega: f64, epsilon: f64, beta0: f64) -> (f64, Option<LinearGaussian>) {
        let (da, ds) = self.law.gain.shape();
        let (sigma, gain, bias) = (&self.law.covariance, &self.law.gain, &self.law.bias);
        let precision = sigma.clone().try_inverse().unwrap();
        let qaa = self.q.hessian.view((ds, ds), (da, da));
        let qas = self.q.hessian.view((ds, 0), (da, ds));
        let qa = self.q.gradient.rows(ds, da);
        let Some(factor) = (&precision * eta - qaa).cholesky() else {
            return (f64::INFINITY, None);
        };
        let f_matrix = factor.inverse();
        let log_f = -2.0 * factor.l().diagonal().map(f64::ln).sum();
        let l = &precision * gain * eta + qas;
        let f = &precision * bias * eta + qa;
        let log_sigma = 2.0 * sigma.clone().cholesky().unwrap().l().diagonal().map(f64::ln).sum();
        let tau = eta + omega;
        let quadratic = (l.transpose() * &f_matrix * &l - gain.transpose() * &precision * gain * eta) * 0.5;
        let linear = l.transpose() * &f_matrix * &f - gain.transpose() * &precision * bias * eta;
        let log_scale = |x: f64| da as f64 * (2.0 * PI * x).ln();
        let normalisers = tau * (log_f + log_scale(tau)) - eta * (log_sigma + log_scale(1.0));
        let constant = 0.5 * (f.dot(&(&f_matrix * &f)) - eta * bias.dot(&(&precision * bias)) + normalisers);
        let beta = self.law.entropy().unwrap() - beta0;
        let mu = &self.states.mean;
        let value = eta * epsilon - omega * beta
            + mu.dot(&(&quadratic * mu))
            + mu.dot(&linear)
            + constant
            + (&quadratic * &self.states.covariance).trace();
        let law = LinearGaussian { gain: &f_matrix * l, bias: &f_matrix * f, covariance: f_matrix * tau };
        (value, Some(law))
    }
}

/// Minimum of a unimodal function by golden-section search.
fn minimise(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> f64 {
    let ratio = 0.5 * (5f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (function(a), function(b));
    for _ in 0..90 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = function(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = function(b);
        }
    }
    0.5 * (low + high)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_constraints_hold(
        seed: u64, action_dim in 1usize..6, state_dim in 1usize..7, curvature in prop::sample::select(&CURVATURES),
        scale in -6i32..7, epsilon in 1e-3f64..2.0, beta0 in prop::option::of(1e-3f64..1.0),
    ) {
        let problem = problem(seed, action_dim, state_dim, curvature, 10f64.powi(scale));
        let update = problem.update(beta0.unwrap_or(f64::INFINITY));
        let eta = update.smallest_eta(epsilon);
        let (new, omega) = update.apply(eta);
        prop_assert!(eta > 0.0 && omega >= 0.0, "eta {eta}, omega {omega}");
        prop_assert!(new.clone().covariance.cholesky().is_some());
        let kl = problem.kl(&new);
        prop_assert!(kl <= epsilon * (1.0 + 1e-9) + 1e-13, "KL {kl} above {epsilon}");
        prop_assert!((kl - update.kl(eta)).abs() <= 1e-9 * kl + 1e-12, "{kl} is not {}", update.kl(eta));
        if let Some(beta0) = beta0 {
            let reduction = problem.law.entropy().unwrap() - new.entropy().unwrap();
            prop_assert!(reduction <= beta0 + 1e-9, "entropy falls by {reduction}, allowed {beta0}");
        }
        let gained = expected_advantage(&problem.q, &problem.law, &new, &problem.states);
        prop_assert!(gained >= -1e-9 * problem.q.hessian.norm(), "the update loses {gained}");
        match curvature {
            Curvature::Zero => prop_assert_eq!(new, problem.law),
            // Where Q has no maximum the budget is used to the last digit.
            Curvature::Convex => prop_assert!(kl >= epsilon * (1.0 - 1e-9)),
            _ => {}
        }
    }

    #[test]
    fn the_kl_falls_with_eta(
        seed: u64, action_dim in 1usize..5, curvature in prop::sample::select(&CURVATURES), beta0 in 0.01f64..1.0,
    ) {
        let update = problem(seed, action_dim, 3, curvature, 1.0).update(beta0);
        let mut eta = update.smallest_eta(10.0);
        for _ in 0..20 {
            prop_assert!(update.kl(eta * 1.5) <= update.kl(eta) + 1e-14);
            eta *= 1.5;
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn agrees_with_the_paper_s_dual(
        seed: u64, action_dim in 1usize..4, state_dim in 1usize..4,
        curvature in prop::sample::select(&CURVATURES[..3]), epsilon in 0.01f64..1.0, beta0 in 0.01f64..0.5,
    ) {
        let problem = problem(seed, action_dim, state_dim, curvature, 1.0);
        let update = problem.update(beta0);
        let eta = update.smallest_eta(epsilon);
        let (ours, omega) = update.apply(eta);
        let dual = |eta: f64, omega: f64| problem.dual(eta, omega, epsilon, beta0).0;
        let best_omega = |eta: f64| {
            let ratio = minimise(0.0, 30.0, |log| dual(eta, eta * log.exp_m1()));
            let inside = eta * ratio.exp_m1();
            if dual(eta, 0.0) <= dual(eta, inside) { 0.0 } else { inside }
        };
        // The domain starts where eta Sigma^-1 - Qaa becomes positive definite.
        let (mut outside, mut inside) = (0.0, 1e6);
        for _ in 0..200 {
            let middle = 0.5 * (outside + inside);
            if dual(middle, 1.0).is_finite() { inside = middle } else { outside = middle }
        }
        let at = |log: f64| inside + log.exp();
        let log = minimise(-18.0, 12.0, |log| dual(at(log), best_omega(at(log))));
        let (direct_eta, direct_omega) = (at(log), best_omega(at(log)));
        let (smallest, direct) = problem.dual(direct_eta, direct_omega, epsilon, beta0);
        let (reached, paper) = problem.dual(eta, omega, epsilon, beta0);
        prop_assert!((reached - smallest).abs() <= 1e-6 * (1.0 + smallest.abs()), "dual {reached}, minimum {smallest}");
        // The paper's law at our multipliers is ours, and the minimiser's law is close.
        let (paper, direct) = (paper.unwrap(), direct.unwrap());
        for (law, tolerance) in [(paper, 1e-6), (direct, 2e-2)] {
            prop_assert!((&law.gain - &ours.gain).norm() <= tolerance * (1.0 + ours.gain.norm()));
            prop_assert!((&law.bias - &ours.bias).norm() <= tolerance * (1.0 + ours.bias.norm()));
            prop_assert!((&law.covariance - &ours.covariance).norm() <= tolerance * (1.0 + ours.covariance.norm()));
        }
        if problem.kl(&ours) > epsilon * (1.0 - 1e-6) {
            prop_assert!((direct_eta / eta - 1.0).abs() < 1e-2, "eta {eta}, minimiser {direct_eta}");
        }
    }

    #[test]
    fn the_trajectory_trust_region_keeps_mean_and_cap(
        seed: u64, horizon in 1usize..12, curvature in prop::sample::select(&CURVATURES),
        epsilon in 1e-3f64..1.0, cap in 1.0f64..6.0, beta0 in 0.01f64..1.0,
    ) {
        // Steps whose Q differs by orders of magnitude.
        let problems: Vec<Problem> = (0..horizon)
            .map(|t| problem(seed.wrapping_add(t as u64), 2, 3, curvature, 10f64.powi(t as i32 % 5 - 2)))
            .collect();
        let updates: Vec<StepUpdate> = problems.iter().map(|p| p.update(beta0)).collect();
        let etas = multipliers(TrustRegion::Trajectory, &updates, epsilon, cap);
        let kls: Vec<f64> =
            problems.iter().zip(&updates).zip(&etas).map(|((p, u), &eta)| p.kl(&u.apply(eta).0)).collect();
        let mean = kls.iter().sum::<f64>() / horizon as f64;
        prop_assert!(mean <= epsilon * (1.0 + 1e-9) + 1e-13, "mean {mean}");
        prop_assert!(kls.iter().all(|kl| *kl <= cap * epsilon * (1.0 + 1e-9) + 1e-13), "{kls:?}");
        if matches!(curvature, Curvature::Convex) {
            prop_assert!(mean >= epsilon * (1.0 - 1e-9), "mean {mean} leaves budget");
        }
        let per_step = multipliers(TrustRegion::PerStep, &updates, epsilon, cap);
        for ((p, u), eta) in problems.iter().zip(&updates).zip(per_step) {
            prop_assert!(p.kl(&u.apply(eta).0) <= epsilon * (1.0 + 1e-9) + 1e-13);
        }
    }
}

#[test]
fn the_expected_kl_is_the_integral() {
    // One state, one action: both integrals by the trapezoidal rule.
    let law = |gain: f64, bias: f64, variance: f64| LinearGaussian {
        gain: DMatrix::from_element(1, 1, gain),
        bias: DVector::from_element(1, bias),
        covariance: DMatrix::from_element(1, 1, variance),
    };
    let (new, old) = (law(0.7, -0.2, 0.5), law(-0.4, 0.3, 1.3));
    let density = |x: f64, mean: f64, variance: f64| {
        (-(x - mean).powi(2) / (2.0 * variance)).exp() / (2.0 * PI * variance).sqrt()
    };
    let grid = |centre: f64, deviation: f64| {
        (-400..=400).map(move |i| (centre + deviation * f64::from(i) / 50.0, deviation / 50.0))
    };
    let (mean, variance) = (0.4f64, 0.9f64);
    let mut integral = 0.0;
    for (s, ds) in grid(mean, variance.sqrt()) {
        let (m, n) = (0.7 * s - 0.2, -0.4 * s + 0.3);
        for (a, da) in grid(m, 0.5f64.sqrt()) {
            let p = density(a, m, 0.5);
            let log_ratio = -(a - m).powi(2) + (a - n).powi(2) / 2.6 + 0.5 * (1.3f64 / 0.5).ln();
            integral += density(s, mean, variance) * p * log_ratio * ds * da;
        }
    }
    let exact = new.expected_kl(&old, &DVector::from_element(1, mean), &DMatrix::from_element(1, 1, variance)).unwrap();
    assert!((exact - integral).abs() < 1e-9, "{exact} against {integral}");
    assert!((new.entropy().unwrap() - 0.5 * (2.0 * PI * std::f64::consts::E * 0.5).ln()).abs() < 1e-14);
}
