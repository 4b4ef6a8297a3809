//! A learner without the controller: reach a point with a pendulum, by rollouts of one's own simulation.
//!
//! MOTO and guided policy search learn the same problem through the same trait.

use std::error::Error;

use moto_learners::gps::{Gps, GpsConfig};
use moto_learners::moto::{Moto, MotoConfig, StateScales};
use moto_learners::policy::{CompiledPolicy, LinearGaussian, Policy, StoredLaw};
use moto_learners::{Batch, Learner, Reward};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const HORIZON: usize = 30;
const STEP: f64 = 0.05; // s
const GOAL: f64 = 1.; // rad from hanging

/// Rest at the goal, with little torque. The state is angle and velocity.
struct Reach;

impl Reward for Reach {
    fn step(&self, _t: usize, _state: &[f64], torque: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        -1e-3 * torque[0].powi(2)
    }

    fn last(&self, state: &[f64]) -> f64 {
        -10. * (state[0] - GOAL).powi(2) - state[1].powi(2)
    }
}

/// A pendulum of 1 kg and 1 m, integrated by semi-implicit Euler.
fn pendulum([angle, velocity]: [f64; 2], torque: f64) -> [f64; 2] {
    let velocity = velocity + STEP * (torque - 9.81 * angle.sin());
    [angle + STEP * velocity, velocity]
}

/// Rollouts of the learner's law from hanging at rest, almost.
fn roll_out(policy: &Policy, rollouts: usize, random: &mut ChaCha8Rng) -> Result<Batch, Box<dyn Error>> {
    let law = CompiledPolicy::new(policy)?;
    let mut batch = Batch::zeros(policy, rollouts);
    let mut normal = || -> f64 { StandardNormal.sample(random) };
    for i in 0..rollouts {
        let mut state = [0.01 * normal(), 0.01 * normal()];
        batch.states[0].set_column(i, &DVector::from_row_slice(&state));
        for t in 0..HORIZON {
            let mut torque = [0.];
            law.action(t, &state, &[normal()], &mut torque);
            state = pendulum(state, torque[0]);
            // No limit cuts what the policy asks for, so the pendulum received it.
            (batch.actions[t][i], batch.received[t][i]) = (torque[0], torque[0]);
            batch.states[t + 1].set_column(i, &DVector::from_row_slice(&state));
        }
    }
    Ok(batch)
}

/// Mean returns of the first and the last of 25 iterations of 15 rollouts.
pub fn learn(learner: &mut dyn Learner) -> Result<[f64; 2], Box<dyn Error>> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut returns = vec![];
    for _ in 0..25 {
        let StoredLaw::Policy(policy) = learner.law() else { return Err("this example rolls out policies".into()) };
        let report = learner.learn(roll_out(&policy, 15, &mut random)?, &Reach)?;
        returns.push(report.mean_return);
    }
    // A learner goes on elsewhere from its bytes.
    let saved = learner.save()?;
    learner.restore(&saved)?;
    Ok([returns[0], returns[returns.len() - 1]])
}

type Named = (&'static str, Box<dyn Learner>);

/// The learners, by name.
pub fn learners() -> Result<[Named; 2], Box<dyn Error>> {
    let law = LinearGaussian {
        gain: DMatrix::zeros(1, 2),
        bias: DVector::zeros(1),
        covariance: DMatrix::from_element(1, 1, 4.),
    };
    let first = Policy { steps: vec![law; HORIZON] };
    let moto = Moto::new(MotoConfig::default(), first.clone(), StateScales::ones(2))?;
    let gps = Gps::new(GpsConfig::default(), first)?;
    Ok([("MOTO", Box::new(moto)), ("GPS", Box::new(gps))])
}

fn main() -> Result<(), Box<dyn Error>> {
    for (name, mut learner) in learners()? {
        let [first, last] = learn(&mut *learner)?;
        println!("{name}: mean return {first:.2} at first, {last:.2} after {} iterations", learner.iteration());
    }
    Ok(())
}
