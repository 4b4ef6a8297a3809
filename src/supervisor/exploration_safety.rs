//! No limit of position, velocity or torque is exceeded in the plant at any cycle of a learning
//! run, under full exploration noise. Without the loop's limits, a run exceeds the shipped limits
//! slightly, and narrow limits (a third as wide) by far. The tests try both widths. This command
//! prints the figures of a whole run (80 iterations):
//!
//! ```sh
//! MOTO_EXPLORATION=80 cargo test --release --lib exploration_safety -- --nocapture
//! ```

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::archive::Archive;
use super::beginning::create;
use super::checkpoint::Saved;
use super::interrupt::Interrupt;
use super::learning::{Ended, Learning};
use super::machine::{Machine, Pace};
use super::runner::Runner;
use crate::control::LimitsConfig;
use crate::report::IterationMetrics;
use crate::robot::{Command, Plant, Reading, TrialKey};
use crate::setup::Setup;

/// Largest values measured in the plant, per joint. Torque and velocity are shares of their limits.
/// The distance beyond a position bound is a share of the margin at which the loop stops; negative
/// if the bound was never reached.
#[derive(Clone, Debug, Default)]
struct Worst {
    effort: Vec<f64>,
    velocity: Vec<f64>,
    beyond: Vec<f64>,
    cycles: u64,
}

/// A plant that records its largest values.
struct Watched {
    plant: Box<dyn Plant>,
    limits: LimitsConfig,
    worst: Arc<Mutex<Worst>>,
}

impl Plant for Watched {
    fn period(&self) -> Duration {
        self.plant.period()
    }
    fn reset(&mut self, now: Duration) {
        self.plant.reset(now);
    }
    fn begin_trial(&mut self, trial: &TrialKey) {
        self.plant.begin_trial(trial);
    }
    fn launch(&mut self) {
        self.plant.launch();
    }
    fn step(&mut self, until: Duration, command: &Command) {
        let mut worst = self.worst.lock().unwrap();
        for (joint, effort) in command.effort.iter().enumerate() {
            worst.effort[joint] = worst.effort[joint].max(effort.abs() / self.limits.effort[joint]);
        }
        drop(worst);
        self.plant.step(until, command);
    }
    fn read(&mut self, reading: &mut Reading) {
        self.plant.read(reading);
        let mut worst = self.worst.lock().unwrap();
        worst.cycles += 1;
        for joint in 0..reading.position.len() {
            let (q, limits) = (reading.position[joint], &self.limits);
            let beyond = (q - limits.upper[joint]).max(limits.lower[joint] - q) / limits.margin[joint];
            worst.beyond[joint] = worst.beyond[joint].max(beyond);
            worst.velocity[joint] = worst.velocity[joint].max(reading.velocity[joint].abs() / limits.velocity[joint]);
        }
    }
}

/// Whether the loop's limits apply.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limits {
    On,
    Off,
}

/// Learns under limits scaled by `width` (1: as shipped), applied by the loop or not. Returns the
/// largest values relative to the limits, and the mean share of cycles in which a limit changed the
/// effort.
fn learn(limits: Limits, width: f64, iterations: usize) -> (Worst, f64) {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
    let shipped = Setup::load(&config, |_| {}).unwrap().config.control;
    let mut narrow = shipped.limits.clone();
    for (joint, start) in shipped.start_posture.iter().enumerate() {
        narrow.effort[joint] *= width;
        narrow.velocity[joint] *= width;
        narrow.lower[joint] = start + width * (narrow.lower[joint] - start);
        narrow.upper[joint] = start + width * (narrow.upper[joint] - start);
    }
    let setup = Setup::load(&config, |config| {
        config.run.iterations = iterations;
        config.robot.allow_above_description = true;
        let joints = narrow.effort.len();
        let LimitsConfig { effort, effort_rate, lower, upper, velocity, .. } = &mut config.control.limits;
        (*effort, *lower, *upper, *velocity) =
            (narrow.effort.clone(), narrow.lower.clone(), narrow.upper.clone(), narrow.velocity.clone());
        if limits == Limits::Off {
            (*effort, *effort_rate, *velocity) = (vec![1e9; joints], vec![1e15; joints], vec![1e9; joints]);
            (*lower, *upper) = (vec![-1e9; joints], vec![1e9; joints]);
        }
    });
    let setup = setup.unwrap();
    let limits = narrow;
    let task = setup.task().unwrap();
    let none = || vec![f64::NEG_INFINITY; limits.effort.len()];
    let worst = Worst { effort: none(), velocity: none(), beyond: none(), cycles: 0 };
    let worst = Arc::new(Mutex::new(worst));
    let plant = Watched { plant: task.plant(setup.config.run.seed).unwrap(), limits, worst: worst.clone() };

    let place = tempfile::tempdir().unwrap();
    let learner = setup.learner(&task.start().unwrap()).unwrap();
    let saved = Saved { learner, episodes: 0 };
    let folder = create(&setup, &*task, Some(place.path().join("run")), &saved).unwrap();
    let mut archive = Archive::start(folder).unwrap();
    let mut learning = Learning::new(&setup, &*task, &mut archive, Arc::new(saved)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let machine = Machine::start(&setup, &*task, Box::new(plant), Pace::Lockstep).unwrap();
        let mut runner = Runner::new(machine, setup.config.run.seed);
        // Narrow limits may leave too few usable strokes.
        let ended = learning.run(&mut runner, &Interrupt::default()).await;
        assert!(width < 1. || matches!(ended, Ok(Ended::Complete)));
        runner.stop().1.unwrap();
    });
    drop(learning);
    let lines: Vec<IterationMetrics> = archive.view().metrics().unwrap();
    let clipped = lines.iter().map(|line| line.clipped_share).sum::<f64>() / lines.len().max(1) as f64;
    let worst = worst.lock().unwrap().clone();
    (worst, clipped)
}

/// Largest values over the joints: torque, velocity, distance beyond a bound.
fn report(limits: Limits, width: f64) -> [f64; 3] {
    let asked = std::env::var("MOTO_EXPLORATION").ok();
    let iterations = asked.map_or(2, |iterations| iterations.parse().expect("MOTO_EXPLORATION is a number"));
    let (Worst { effort, velocity, beyond, cycles }, clipped) = learn(limits, width, iterations);
    println!("limits {limits:?}, {width} as wide as shipped: {cycles} cycles");
    println!("  largest torque, share of its limit:   {effort:.2?}");
    println!("  largest velocity, share of its limit: {velocity:.2?}");
    println!("  farthest beyond a bound, in margins:  {beyond:.2?}");
    println!("  cycles changed by a limit: {:.2} %", 100. * clipped);
    [effort, velocity, beyond].map(|values| values.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

#[test]
fn no_limit_is_exceeded_while_exploring() {
    let [effort, velocity, beyond] = report(Limits::On, 1.);
    assert!(effort <= 1. && velocity <= 1. && beyond <= 0., "{effort} {velocity} {beyond}");
    report(Limits::Off, 1.);
}

#[test]
fn narrow_limits_hold_where_without_them_they_are_exceeded() {
    let (on, off) = (report(Limits::On, 0.35), report(Limits::Off, 0.35));
    // The torque limit is hard. Opposing efforts limit velocity and position, so that the arm stays
    // clear of the point where the loop stops.
    assert!(on[0] <= 1. && on[1] < 1.5 && on[2] < 1., "{on:?}");
    assert!(off[0] > 1. && off[1] > on[1], "{off:?} against {on:?}");
}
