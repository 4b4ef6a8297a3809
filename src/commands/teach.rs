//! Teaches a motion to the simulated arm: a scripted hand leads it, and its states are recorded.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use moto_learners::Demonstrated;
use moto_settings::{Refusal, Schema};

use crate::control::{Event, LoopError, Request};
use crate::setup::{ConfigError, Setup, YamlError, read_yaml};
use crate::simulation::{Hand, Motion};
use crate::storage::files::Disk;
use crate::storage::write_demonstration;
use crate::supervisor::{Advice, ConfigSource, DaemonError, Recording, lockstep};
use crate::tasks::Task;
use crate::tasks::stroke::ViaPoints;

/// Options of the command.
pub struct TeachOptions {
    /// The configuration.
    pub config: ConfigSource,
    /// File of the via points that the hand leads the arm through. `None`: the task's demonstration.
    pub hand: Option<PathBuf>,
    /// The file to write.
    pub out: PathBuf,
}

/// What was recorded.
pub struct TeachReport {
    out: PathBuf,
    states: usize,
    duration: Duration,
    advice: Advice,
}

impl fmt::Display for TeachReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { out, states, duration, advice } = self;
        writeln!(f, "{}: {states} joint states over {:.2} s", out.display(), duration.as_secs_f64())?;
        writeln!(f, "{advice}")
    }
}

/// Leads the simulated arm by hand through the control loop, and stores what was recorded. Time is
/// that of the simulation.
///
/// # Errors
/// A setting or a via point that is refused, a limit or watchdog that stops the arm, or a file that
/// cannot be written.
pub fn teach(options: &TeachOptions) -> Result<TeachReport, DaemonError> {
    let TeachOptions { config, hand, out } = options;
    if out.exists() {
        return Err(DaemonError::Exists { path: out.clone() });
    }
    let setup = config.load(|_| {})?;
    setup.log_differences();
    let task = setup.task()?;
    let motion = match hand {
        Some(path) => motion_in(path, &setup)?,
        None => task.start()?.demonstration.ok_or_else(|| DaemonError::NothingShown { task: task.name() })?,
    };
    let recording = lead(&setup, &*task, motion)?;
    recording.check()?;
    let (joints, control) = (&setup.config.robot.joints, &setup.config.control);
    write_demonstration(&Disk, out, joints, recording.wall_start(), recording.samples())?;
    Ok(TeachReport {
        out: out.clone(),
        states: recording.samples().len(),
        duration: recording.duration(),
        advice: Advice::new(&recording, control, out),
    })
}

/// The motion through the via points in a file.
fn motion_in(path: &Path, setup: &Setup) -> Result<Demonstrated, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    let mut tree = read_yaml(&text).map_err(|YamlError { line, reason }| ConfigError::Syntax {
        path: path.into(),
        line,
        reason,
    })?;
    let refused = |Refusal { line, error }| ConfigError::Field { path: path.into(), line, source: error };
    let unplaced = |error| refused(Refusal { line: None, error });
    Schema::of::<ViaPoints>().check(&mut tree, &setup.config.robot.joints[..]).map_err(refused)?;
    let points: ViaPoints = tree.into_typed().map_err(unplaced)?;
    points.motion(&setup.model, &setup.config.control).map_err(unplaced)
}

/// Leads the arm along the motion, with a rest before and after it.
fn lead(setup: &Setup, task: &dyn Task, motion: Demonstrated) -> Result<Recording, DaemonError> {
    let Demonstrated { position, velocity, period, joints, .. } = motion;
    let motion = Motion { position, velocity, period };
    let duration = motion.duration(joints);
    let plant = setup.plant(task, setup.config.run.seed)?;
    let hand = Hand::new(plant, Arc::new(setup.model.clone()), task.task_values(), motion);
    let (mut control, mut client, _) = lockstep(setup, task, Box::new(hand)).map_err(LoopError::from)?;
    let mut recording = Recording::begin(&mut client);
    // The ring of a new loop is empty.
    let _ = client.request(Request::Teach);
    while recording.duration() < duration && control.turn() {
        client.stopper().beat();
        recording.take(&mut client);
        while let Some(event) = client.event() {
            if let Event::Tripped { fault, at } = event {
                return Err(DaemonError::Stopped { fault, at });
            }
        }
    }
    client.stopper().shutdown();
    while control.turn() {}
    Ok(recording)
}
