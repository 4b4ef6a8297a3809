//! Over a learning run, with all its exploration noise, no limit of position, velocity or torque is exceeded at any cycle, as
//! measured in the plant; without the limits they are. A whole run (40 iterations) and its figures:
//!
//! ```sh
//! MOTO_EXPLORATION=40 cargo test --release --lib exploration_safety -- --nocapture
//! ```

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Setup;
use super::archive::Archive;
use super::checkpoint::Saved;
use super::dry_run::create;
use super::interrupt::Interrupt;
use super::learning::{Ended, Learning};
use super::machine::{Machine, Pace};
use super::runner::Runner;
use crate::control::LimitsConfig;
use crate::moto::{Learner, StateScales};
use crate::report::IterationMetrics;
use crate::robot::{Command, Plant, Reading, TrialKey};

/// The worst seen in the plant, per joint: torque and velocity as shares of their limits, and how far beyond a position bound as a
/// share of the margin at which the loop stops (negative: never reached).
#[derive(Clone, Debug, Default)]
struct Worst {
    effort: Vec<f64>,
    velocity: Vec<f64>,
    beyond: Vec<f64>,
    cycles: u64,
}

/// A plant that is watched.
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

/// Learns; gives the worst, and the mean share of cycles in which a limit changed the effort.
fn learn(limited: bool, iterations: usize) -> (Worst, f64) {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
    let load = |off: bool| {
        let setup = Setup::load(&config, |config| {
            config.run.iterations = iterations;
            if off {
                let limits = &mut config.control.limits;
                let joints = limits.effort_rate.len();
                limits.effort = vec![1e9; joints];
                limits.effort_rate = vec![1e15; joints];
                (limits.lower, limits.upper) = (vec![-1e9; joints], vec![1e9; joints]);
                limits.velocity = vec![1e9; joints];
            }
        });
        setup.unwrap()
    };
    let limits = load(false).config.control.limits;
    let setup = load(!limited);
    let task = setup.task().unwrap();
    let none = || vec![f64::NEG_INFINITY; limits.effort.len()];
    let worst = Worst { effort: none(), velocity: none(), beyond: none(), cycles: 0 };
    let worst = Arc::new(Mutex::new(worst));
    let plant = Watched { plant: task.plant(setup.config.run.seed).unwrap(), limits, worst: worst.clone() };

    let place = tempfile::tempdir().unwrap();
    let scales = StateScales(task.state_scales());
    let learner = Learner::new(setup.config.learner.clone(), task.initial_policy().unwrap(), scales).unwrap();
    let saved = Saved { learner, episodes: 0 };
    let folder = create(&setup, &*task, Some(place.path().join("run")), &saved).unwrap();
    let mut archive = Archive::start(folder).unwrap();
    let mut learning = Learning::new(&setup, &*task, &mut archive, Arc::new(saved)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let machine = Machine::start(&setup, &*task, Box::new(plant), Pace::Lockstep).unwrap();
        let mut runner = Runner::new(machine, setup.config.run.seed);
        assert_eq!(learning.run(&mut runner, &Interrupt::default()).await.unwrap(), Ended::Complete);
        runner.stop().unwrap();
    });
    drop(learning);
    let lines: Vec<IterationMetrics> = archive.view().metrics().unwrap();
    let clipped = lines.iter().map(|line| line.clipped_share).sum::<f64>() / lines.len() as f64;
    let worst = worst.lock().unwrap().clone();
    (worst, clipped)
}

#[test]
fn no_limit_is_exceeded_while_exploring_and_without_limits_they_are() {
    let asked = std::env::var("MOTO_EXPLORATION").ok();
    let iterations = asked.map_or(3, |iterations| iterations.parse().expect("MOTO_EXPLORATION is a number"));
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut seen = Vec::new();
    for limited in [true, false] {
        let (worst, clipped) = learn(limited, iterations);
        let Worst { effort, velocity, beyond, cycles } = &worst;
        println!("limits {}: {cycles} cycles", if limited { "on" } else { "off" });
        println!("  largest torque, share of its limit:   {effort:.2?}");
        println!("  largest velocity, share of its limit: {velocity:.2?}");
        println!("  farthest beyond a bound, in margins:  {beyond:.2?}");
        println!("  cycles changed by a limit: {:.2} %", 100. * clipped);
        seen.push([most(effort), most(velocity), most(beyond)]);
    }
    assert!(seen[0][0] <= 1. && seen[0][1] <= 1. && seen[0][2] <= 0., "{:?}", seen[0]);
    assert!(seen[1].iter().zip(&seen[0]).any(|(off, on)| off > on) && seen[1][0] > 1., "{:?}", seen[1]);
}
