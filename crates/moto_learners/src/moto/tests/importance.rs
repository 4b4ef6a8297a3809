use super::Random;
use crate::batch::Earnings;
use crate::moto::importance::{Sample, weigh};
use crate::moto::store::{Origin, Stored};
use crate::moto::{MotoConfig, Reuse, StateDistribution};
use crate::policy::{LinearGaussian, Policy};
use crate::{Batch, BrokenOff};
use nalgebra::{DMatrix, DVector};
use std::f64::consts::PI;

const HORIZON: usize = 3;

/// A random iteration with rollouts near its state distributions.
fn stored(random: &mut Random, id: u64, rollouts: usize) -> Stored {
    let (ds, da) = (2, 2);
    let states: Vec<StateDistribution> = (0..HORIZON)
        .map(|_| StateDistribution { mean: random.vector(ds), covariance: random.positive_definite(ds) })
        .collect();
    let law = |random: &mut Random| LinearGaussian {
        gain: random.matrix(da, ds),
        bias: random.vector(da),
        covariance: random.positive_definite(da),
    };
    let policy = Policy { steps: (0..HORIZON).map(|_| law(random)).collect() };
    let batch = Batch {
        states: (0..=HORIZON).map(|_| random.matrix(ds, rollouts)).collect(),
        actions: (0..HORIZON).map(|_| random.matrix(da, rollouts)).collect(),
        received: vec![DMatrix::zeros(da, rollouts); HORIZON],
        outcomes: vec![DMatrix::zeros(0, rollouts); HORIZON],
        parameters: DMatrix::zeros(0, rollouts),
        broken_off: BrokenOff::default(),
    };
    let earnings = Earnings { to_come: DMatrix::zeros(HORIZON + 1, rollouts), low: 0.0, high: 0.0 };
    Stored { id, batch, origin: Some(Origin { policy, states }), earnings, log_sums: Vec::new() }
}

fn normal(x: &DVector<f64>, mean: &DVector<f64>, covariance: &DMatrix<f64>) -> f64 {
    let shift = x - mean;
    let exponent = -0.5 * shift.dot(&(covariance.clone().try_inverse().unwrap() * &shift));
    exponent.exp() / (covariance * (2.0 * PI)).determinant().sqrt()
}

/// `z_t^j(s, a)` by its definition.
fn density(component: &Stored, t: usize, holder: &Stored, sample: Sample) -> f64 {
    let state = holder.batch.states[sample.step].column(sample.rollout).into_owned();
    let action = holder.batch.actions[sample.step].column(sample.rollout).into_owned();
    let Origin { policy, states } = component.origin().unwrap();
    let law = &policy.steps[t];
    let mean = &law.gain * &state + &law.bias;
    normal(&state, &states[t].mean, &states[t].covariance) * normal(&action, &mean, &law.covariance)
}

fn brute_force(entries: &[&Stored], config: &MotoConfig, t: usize) -> (Vec<Sample>, Vec<f64>) {
    let last = entries.len() - 1;
    let (mut samples, mut weights) = (Vec::new(), Vec::new());
    for (entry, holder) in entries.iter().enumerate() {
        for step in 0..HORIZON {
            for rollout in (0..holder.batch.rollouts()).filter(|rollout| step < holder.batch.acted(*rollout)) {
                let sample = Sample { entry, step, rollout };
                let z = |j: usize, step: usize| density(entries[j], step, holder, sample);
                let weight = match config.reuse {
                    Reuse::TimeAndIterations => {
                        let all = (0..=last).flat_map(|j| (0..HORIZON).map(move |s| (j, s)));
                        z(last, t) / all.map(|(j, s)| z(j, s)).sum::<f64>()
                    }
                    _ if step != t => continue,
                    Reuse::Iterations => z(last, t) / (0..=last).map(|j| z(j, t)).sum::<f64>(),
                    Reuse::SameStepDecay => config.sample_decay.powi((last - entry) as i32),
                    Reuse::None => 1.0,
                };
                samples.push(sample);
                weights.push(weight);
            }
        }
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let kept = samples.into_iter().zip(weights).filter(|(_, w)| *w > config.weight_cut * largest);
    let (samples, weights): (Vec<_>, Vec<f64>) = kept.unzip();
    let total: f64 = weights.iter().sum();
    (samples, weights.iter().map(|w| w / total).collect())
}

fn agree(entries: &[&Stored], config: &MotoConfig) {
    let (weighted, _) = weigh(entries, config).unwrap();
    assert_eq!(weighted.len(), HORIZON);
    for (t, ours) in weighted.iter().flatten().enumerate() {
        let (samples, weights) = brute_force(entries, config, t);
        assert_eq!(ours.samples, samples, "{:?}, step {t}", config.reuse);
        for (w, expected) in ours.weights.iter().zip(&weights) {
            assert!((w - expected).abs() < 1e-11 * (1e-3 + expected), "{w} against {expected}");
        }
        let squares: f64 = weights.iter().map(|w| w * w).sum();
        assert!((ours.effective - 1.0 / squares).abs() < 1e-8 * ours.effective);
    }
}

#[test]
fn weights_agree_with_brute_force() {
    let random = &mut Random::new(1);
    let all: Vec<Stored> = [7, 40, 13].iter().enumerate().map(|(i, m)| stored(random, i as u64, *m)).collect();
    let entries: Vec<&Stored> = all.iter().collect();
    for reuse in [Reuse::TimeAndIterations, Reuse::Iterations, Reuse::SameStepDecay, Reuse::None] {
        // A high cut leaves transitions out.
        for weight_cut in [0.0, 1e-4, 0.05] {
            agree(&entries, &MotoConfig { reuse, weight_cut, ..MotoConfig::default() });
        }
    }
}

#[test]
fn weights_are_those_of_the_steps_that_were_made() {
    let random = &mut Random::new(4);
    let mut all: Vec<Stored> = [7, 20].iter().enumerate().map(|(i, m)| stored(random, i as u64, *m)).collect();
    all[0].batch.broken_off.steps = [(0, 1), (3, 0), (6, 2)].into();
    all[1].batch.broken_off.steps = (0..17).map(|rollout| (rollout, rollout % HORIZON)).collect();
    let entries: Vec<&Stored> = all.iter().collect();
    for reuse in [Reuse::TimeAndIterations, Reuse::Iterations, Reuse::SameStepDecay, Reuse::None] {
        agree(&entries, &MotoConfig { reuse, weight_cut: 0.0, ..MotoConfig::default() });
    }
}

#[test]
fn kept_sums_change_nothing_as_iterations_come_and_go() {
    let random = &mut Random::new(2);
    let config = MotoConfig::default();
    let mut store: Vec<Stored> = Vec::new();
    for id in 0..6 {
        let mut newest = stored(random, id, 9);
        newest.batch.broken_off.steps = [(2, 1), (8, 2)].into();
        store.push(newest);
        if id == 4 {
            // The state after a rollback: the newcomer is not the newest entry.
            let last = store.len() - 1;
            store.swap(last - 1, last);
        }
        if store.len() > 3 {
            store.remove(0);
        }
        let entries: Vec<&Stored> = store.iter().collect();
        agree(&entries, &config);
        let sums = weigh(&entries, &config).unwrap().1;
        let ids: Vec<u64> = store.iter().map(|e| e.id).collect();
        for (entry, new) in store.iter_mut().zip(sums) {
            entry.log_sums.retain(|(id, _)| ids.contains(id));
            entry.log_sums.extend(new);
            assert_eq!(entry.log_sums.len(), ids.len());
        }
    }
}

#[test]
fn far_tails_stay_finite() {
    let random = &mut Random::new(3);
    let mut far = stored(random, 0, 5);
    far.batch.states.iter_mut().for_each(|s| *s *= 1e4);
    let near = stored(random, 1, 5);
    for reuse in [Reuse::TimeAndIterations, Reuse::Iterations] {
        let (weighted, _) = weigh(&[&far, &near], &MotoConfig { reuse, ..MotoConfig::default() }).unwrap();
        for step in weighted.into_iter().flatten() {
            assert!(step.weights.iter().all(|w| w.is_finite()) && step.effective >= 1.0);
        }
    }
}
