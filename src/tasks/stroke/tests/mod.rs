mod context;
mod demonstration;
mod recording;
mod refusals;
mod reward;

use std::path::Path;
use std::sync::LazyLock;

use moto_settings::Schema;

use super::*;
use crate::control::Episode;
use crate::setup::{Setup, read_yaml};

static ARM: LazyLock<Setup> = LazyLock::new(|| Setup::shipped(|_| {}).unwrap());

/// Settings in the text form of a file, checked as a file's settings are.
fn settings(yaml: &str) -> Result<StrokeTaskConfig, String> {
    let mut tree = read_yaml(yaml).map_err(|error| error.to_string())?;
    Schema::of::<StrokeTaskConfig>().check(&mut tree, 9).map_err(|refusal| refusal.error.to_string())?;
    tree.into_typed().map_err(|error| error.to_string())
}

fn of(config: StrokeTaskConfig) -> Result<StrokeTask, String> {
    let Setup { config: whole, model, .. } = &*ARM;
    let made = StrokeTask::new(config, whole.robot.arm.clone(), model.clone(), &whole.control, Path::new("."));
    made.map_err(|error| error.to_string())
}

/// The shipped arm's stroke with these settings.
fn task(yaml: &str) -> StrokeTask {
    of(settings(yaml).unwrap()).unwrap()
}

/// The message for settings that are refused.
fn refused(yaml: &str) -> String {
    settings(yaml).and_then(of).err().unwrap_or_else(|| format!("accepted: {yaml}"))
}

/// A recorded stroke with these states (T + 1 x state) and actions sent (T x action).
fn episode(task: &StrokeTask, states: &[Vec<f64>], actions: &[Vec<f64>]) -> Episode {
    Episode {
        joints: 9,
        task_values: task.observed.len(),
        state_dim: task.context.end,
        action_dim: 9,
        states: states.concat(),
        actions: actions.concat(),
        sent_actions: actions.concat(),
        noise: vec![0.; actions.len() * 9],
        ..Episode::default()
    }
}
