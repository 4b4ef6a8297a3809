//! What the table-tennis tests share.
#![allow(dead_code)]

use moto_controller::control::{ControlConfig, Episode};
use moto_controller::dynamics::Model;
use moto_controller::policy::{CompiledPolicy, Policy};
use moto_controller::robot::{Plant, TrialKey, TrialKind};
use moto_controller::simulation::ArmConfig;
use moto_controller::tasks::table_tennis::world::TableTennisPlant;
use moto_controller::tasks::table_tennis::{TableTennis, TableTennisConfig};
use std::time::Duration;

/// The table-tennis arm as shipped.
pub fn model() -> Model {
    Model::from_urdf_file(concat!(env!("CARGO_MANIFEST_DIR"), "/urdf/table_tennis_arm.urdf")).unwrap()
}

/// The task, its configuration edited.
pub fn task(edit: impl FnOnce(&mut TableTennisConfig)) -> TableTennis {
    let mut config = TableTennisConfig::default();
    edit(&mut config);
    TableTennis::new(config, arm(), model(), &control()).unwrap()
}

/// Armature and springs of the table-tennis arm as shipped.
pub fn arm() -> ArmConfig {
    moto_controller::setup::Setup::shipped(|_| {}).unwrap().config.robot.arm
}

/// Where the arm awaits the ball.
pub const REST: [f64; 9] = [0., 0., 0., -0.8, -0.6, 0.3, 1.3, 1.2, 0.8];
/// Joint effort of an action of 1.
pub const ACTION_SCALE: [f64; 9] = [20., 20., 20., 3., 3., 1.5, 1.5, 0.3, 0.3];
/// Control periods in a policy step.
pub const DECIMATION: usize = 10;

/// The control loop's side of it; its limits do not matter here.
pub fn control() -> ControlConfig {
    let (ones, lower) = ([1.; 9], [-3.; 9]);
    serde_json::from_value(serde_json::json!({
        "period": 0.002,
        "decimation": DECIMATION,
        "start_posture": REST,
        "action_scale": ACTION_SCALE,
        "limits": {
            "effort": ones, "effort_rate": ones, "lower": lower, "upper": ones, "velocity": ones,
            "margin": ones, "stiffness": ones, "damping": ones,
        },
        "safety": { "damping": ones },
    }))
    .unwrap()
}

/// Key of a learning rollout.
pub fn key(iteration: u64, rollout: u64) -> TrialKey {
    TrialKey { kind: TrialKind::Learn, iteration, rollout }
}

/// Starts a trial from rest.
pub fn begin(plant: &mut TableTennisPlant, rollout: u64) {
    plant.reset(Duration::ZERO);
    plant.begin_trial(&key(0, rollout));
}

/// Replays a policy with the noise given for each step (n per step; none for the mean action).
pub fn replay(task: &TableTennis, plant: &mut TableTennisPlant, policy: &Policy, noise: Option<&[f64]>) -> Episode {
    let policy = CompiledPolicy::new(policy).unwrap();
    let n = policy.action_dim();
    let (quiet, mut action) = (vec![0.; n], vec![0.; n]);
    let mut state = vec![0.; policy.state_dim()];
    task.run_directly(plant, |cycle, reading, effort| {
        if cycle % DECIMATION == 0 {
            let step = cycle / DECIMATION;
            let noise = noise.map_or(&quiet[..], |noise| &noise[step * n..(step + 1) * n]);
            moto_controller::control::Stroke::policy_state(&mut task.stroke(), reading, &mut state);
            policy.action(step, &state, noise, &mut action);
        }
        for ((effort, action), scale) in effort.iter_mut().zip(&action).zip(&ACTION_SCALE) {
            *effort = action * scale;
        }
    })
    .unwrap()
}

/// Share of `rollouts` for which `success` holds.
pub fn rate(
    plant: &mut TableTennisPlant,
    rollouts: u64,
    mut success: impl FnMut(&mut TableTennisPlant) -> bool,
) -> f64 {
    let successes = (0..rollouts).filter(|&rollout| {
        begin(plant, rollout);
        success(plant)
    });
    successes.count() as f64 / rollouts as f64
}
