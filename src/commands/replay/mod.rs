//! Replays a recorded trial through the control cycle, and compares to the bit.
//!
//! The cycle gets the recorded readings at their recorded times. Each part is judged by itself, on
//! recorded input: the task's policy state, the law, the effort asked, and the effort sent after the
//! limits. The first part that differs is the one to look at.

mod cycles;
mod told;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::warn;

use self::cycles::{cycles, order};
pub use self::told::{Deviation, Part, Replay};
use crate::control::{Episode, Outcome};
use crate::policy::{CompiledPolicy, Law};
use crate::robot::{TrialKey, TrialKind};
use crate::setup::Setup;
use crate::storage::{CONFIG_FILE, RunView, TrialMeta, differences};
use crate::supervisor::DaemonError;
use crate::supervisor::checkpoint::load;
use crate::supervisor::places::{open_run, trial_file};

/// What to replay.
pub struct ReplayOptions {
    /// Folder of the run.
    pub run: PathBuf,
    /// Number of the trial.
    pub trial: u64,
    /// Another configuration than the run's, e.g. with other limits.
    pub config: Option<PathBuf>,
}

/// Replays a trial.
///
/// # Errors
/// The run, the trial or the configuration cannot be used, or the trial's movement is not there.
pub fn replay(options: &ReplayOptions) -> Result<Replay, DaemonError> {
    let ReplayOptions { run, trial, config } = options;
    let view = open_run(run)?;
    let (episode, meta) = view.read_trial(&trial_file(&view, *trial)?)?;
    let own = Setup::load(&run.join(CONFIG_FILE), |_| {})?;
    let setup = match config {
        Some(path) => Setup::load(path, |_| {})?,
        None => own.clone(),
    };
    fits(config.as_deref().unwrap_or(run), &setup, &meta)?;
    let law = law_of(&view, &own, &meta)?;
    let task = setup.task()?;
    let replayed = cycles(&setup, &*task, &episode, meta.trial, order(&own, &episode, key(&meta), law.as_ref())?)?;
    let deviations = compare(&episode, replayed.episode(), law.as_ref(), &meta);
    let (cycles, recorded_cycles) = (replayed.episode().cycles(), episode.cycles());
    let stopped = (cycles < recorded_cycles).then(|| match &replayed.outcome {
        Outcome::Aborted(abort) => abort.to_string(),
        Outcome::Refused(error) => error.to_string(),
        Outcome::Completed => "it was complete".into(),
    });
    let (info, now) = (view.info(), setup.decisive()?);
    Ok(Replay {
        trial: *trial,
        name: key(&meta).to_string(),
        cycles,
        recorded_cycles,
        actions_made_again: law.is_some(),
        deviations,
        stopped,
        settings: differences(&info.settings, &now, &setup.config.robot.joints)
            .iter()
            .map(ToString::to_string)
            .collect(),
        version: (info.version != env!("CARGO_PKG_VERSION")).then(|| info.version.clone()),
    })
}

/// The key of the trial's random numbers.
fn key(meta: &TrialMeta) -> TrialKey {
    let (kind, iteration) = match meta.evaluation {
        true => (TrialKind::Evaluate, meta.iteration),
        false => (TrialKind::Learn, meta.iteration.saturating_sub(1)),
    };
    TrialKey { kind, iteration, rollout: meta.rollout }
}

/// Checks that the trial is one of this robot and task, with policy steps of this length.
fn fits(path: &Path, setup: &Setup, meta: &TrialMeta) -> Result<(), DaemonError> {
    let control = &setup.config.control;
    let step = control.period() * control.decimation as u32;
    let asked = [
        ("the robot's joints are", meta.joint_names.join(", "), setup.config.robot.joints.join(", ")),
        ("the task is", meta.task.clone(), setup.config.task.name().into()),
        ("a policy step takes", format!("{:?}", meta.step_period), format!("{step:?}")),
    ];
    match asked.into_iter().find(|(_, there, here)| there != here) {
        Some((what, there, here)) => {
            Err(DaemonError::OtherTrial { path: path.into(), what: format!("{what} {there} there and {here} here") })
        }
        None => Ok(()),
    }
}

/// The law that made the trial, if the newest checkpoint has it.
fn law_of(view: &RunView, setup: &Setup, meta: &TrialMeta) -> Result<Option<Law>, DaemonError> {
    let task = setup.task()?;
    let learner = match load(view, setup, &*task, true) {
        Ok(saved) => saved.learner,
        Err(error) => {
            warn!("the actions cannot be made again: {error}");
            return Ok(None);
        }
    };
    let law = (learner.iteration() as u64 == key(meta).iteration).then(|| learner.law().compile()).transpose()?;
    let movement = matches!(learner.law().compile()?, Law::Movement(_));
    if movement && law.is_none() {
        let iteration = learner.iteration() as u64;
        return Err(DaemonError::NoMovement { trial: meta.trial, iteration });
    }
    Ok(law)
}

/// The first difference of each part.
fn compare(recorded: &Episode, replayed: &Episode, law: Option<&Law>, meta: &TrialMeta) -> Vec<Deviation> {
    let first_cycle = |step: usize| recorded.time.iter().position(|time| step_of(*time, meta) >= step).unwrap_or(0);
    let made_again = |policy: &CompiledPolicy| {
        let mut actions = vec![0.; recorded.actions.len()];
        for step in 0..recorded.steps() {
            let record = recorded.step(step);
            let (from, width) = (step * recorded.action_dim, recorded.action_dim);
            policy.action(step, record.state, record.noise, &mut actions[from..from + width]);
        }
        actions
    };
    let actions = match law {
        Some(Law::Policy(policy)) => made_again(policy),
        Some(Law::Movement(_)) | None => Vec::new(),
    };
    let parts = [
        (Part::State, recorded.state_dim, &recorded.states, &replayed.states),
        (Part::Action, recorded.action_dim, &recorded.actions, &actions),
        (Part::Asked, recorded.joints, &recorded.asked, &replayed.asked),
        (Part::Sent, recorded.joints, &recorded.sent, &replayed.sent),
    ];
    let deviation = |(part, width, before, now): (Part, usize, &Vec<f64>, &Vec<f64>)| {
        // A zero has two forms that mean the same.
        let at = before.iter().zip(now).position(|(a, b)| a != b && a.to_bits() != b.to_bits())?;
        let (row, entry) = (at / width, at % width);
        let cycle = if matches!(part, Part::State | Part::Action) { first_cycle(row) } else { row };
        let entry = match part {
            Part::State => format!("entry {entry}"),
            _ => format!("joint {}", meta.joint_names[entry]),
        };
        let time = recorded.time.get(cycle).map_or(0., Duration::as_secs_f64);
        Some(Deviation { part, cycle, time, entry, recorded: before[at], replayed: now[at] })
    };
    parts.into_iter().filter_map(deviation).collect()
}

/// The policy step of a time after the stroke's start.
fn step_of(time: Duration, meta: &TrialMeta) -> usize {
    (time.as_nanos() / meta.step_period.as_nanos().max(1)) as usize
}
