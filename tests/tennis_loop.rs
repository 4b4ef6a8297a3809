//! Strokes through the control loop, in lockstep and with the configuration as shipped.

mod tennis_common;

use moto_controller::control::{
    Episode, FinishedTrial, InverseDynamics, LockstepClock, LoopHandle, LoopParts, Outcome, SchedulingConfig, Stroke,
    TrialBuffers, TrialOrder, TrialShape, spawn,
};
use moto_controller::dynamics::{Model, Workspace};
use moto_controller::policy::{CompiledPolicy, Policy};
use moto_controller::robot::link;
use moto_controller::setup::Setup;
use moto_controller::tasks::table_tennis::{DemonstrationKind, TableTennis, TableTennisConfig};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::path::Path;
use tennis_common::{begin, key, replay};

struct ModelDynamics(Model, Workspace);

impl InverseDynamics for ModelDynamics {
    fn torque(&mut self, position: &[f64], velocity: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        self.0.inverse_dynamics(&mut self.1, position, velocity, acceleration, effort);
    }
}

/// The task as shipped, with the plain demonstration, and a loop that drives its plant.
fn start() -> (TableTennis, LoopHandle, TrialShape) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
    let setup = Setup::load(&path, |config| {
        let plain = |task: &mut TableTennisConfig| task.demonstration = DemonstrationKind::Plain;
        config.task.change(plain).unwrap();
        config.control.scheduling = SchedulingConfig { priority: None, lock_memory: false, ..Default::default() };
    })
    .unwrap();
    let (config, model) = (&setup.config, setup.model.clone());
    let task = config.task.typed("table_tennis").expect("table tennis is shipped");
    let task = TableTennis::new(task, config.robot.arm.clone(), model.clone(), &config.control).unwrap();
    let (port, robot) = link(9, 6);
    let shape = TrialShape {
        joints: 9,
        task_values: 6,
        state_dim: task.stroke().state_dim(),
        action_dim: 9,
        horizon: 30,
        decimation: config.control.decimation,
    };
    let parts = LoopParts {
        config: config.control.clone(),
        port,
        clock: Box::new(LockstepClock::new(task.plant(0).unwrap(), robot)),
        stroke: Box::new(task.stroke()),
        dynamics: Box::new(ModelDynamics(model.clone(), model.workspace())),
    };
    let control = spawn(parts).unwrap();
    (task, control, shape)
}

/// Orders a stroke and waits for it.
fn stroke(
    control: &mut LoopHandle,
    shape: &TrialShape,
    policy: &Policy,
    rollout: u64,
    noise: Box<[f64]>,
) -> FinishedTrial {
    let law = CompiledPolicy::new(policy).unwrap().into();
    let order = TrialOrder { key: key(0, rollout), law, noise, buffers: TrialBuffers::new(shape) };
    control.client.order(order).unwrap();
    loop {
        if let Some(finished) = control.client.finished() {
            assert_eq!(finished.outcome, Outcome::Completed, "rollout {rollout}");
            return finished;
        }
        std::thread::yield_now();
    }
}

fn noise(rollout: u64) -> Box<[f64]> {
    let mut random = ChaCha8Rng::seed_from_u64(rollout);
    (0..30 * 9).map(|_| random.sample::<f64, _>(StandardNormal)).collect()
}

/// Largest difference of two strokes' policy states.
fn distance(a: &Episode, b: &Episode) -> f64 {
    assert_eq!(a.states.len(), b.states.len());
    a.states.iter().zip(&b.states).map(|(a, b)| (a - b).abs()).fold(0., f64::max)
}

#[test]
fn the_loop_makes_the_strokes_that_the_plant_alone_makes() {
    let (task, mut control, shape) = start();
    let policy = task.initial_policy().unwrap();
    let mut plant = task.plant(0).unwrap();

    let finished = stroke(&mut control, &shape, &policy, 0, vec![0.; 270].into());
    assert!(finished.usable() && finished.clipped_share == 0.);
    assert!(task.evaluate(finished.episode()).success, "the replayed demonstration");
    begin(&mut plant, 0);
    let direct = replay(&task, &mut plant, &policy, None);
    assert!(distance(finished.episode(), &direct) < 1e-9);

    let mut clipped = 0;
    for rollout in 1..=20 {
        let finished = stroke(&mut control, &shape, &policy, rollout, noise(rollout));
        clipped += u32::from(finished.episode().clipped_cycles > 0);
        begin(&mut plant, rollout);
        let direct = replay(&task, &mut plant, &policy, Some(&noise(rollout)));
        if finished.episode().clipped_cycles == 0 {
            assert!(distance(finished.episode(), &direct) < 1e-9, "rollout {rollout}");
            assert_eq!(task.evaluate(finished.episode()).miss.len(), 30);
        }
    }
    assert!(clipped <= 2, "the limits touch {clipped} of 20 strokes of the first policy");
    control.client.stopper().shutdown();
    control.join(None).1.unwrap();
}
