//! Prints the trials of a run, and replays one on the simulated robot:
//! `replay_a_trial RUN_FOLDER [TRIAL]`.
//!
//! The sent efforts drive the task's simulation from the same start. In lockstep the readings
//! repeat to the bit. For a real arm the distance shows how the arm differs from the simulation.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use moto_controller::control::Episode;
use moto_controller::robot::{Command, PlantDriver, PlantRequest, RobotPort, TrialKey, TrialKind, link};
use moto_controller::setup::Setup;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{CONFIG_FILE, RunView, TrialMeta};

/// The key of the trial's random numbers.
fn key(meta: &TrialMeta) -> TrialKey {
    let (kind, iteration) =
        if meta.evaluation { (TrialKind::Evaluate, meta.iteration) } else { (TrialKind::Learn, meta.iteration - 1) };
    TrialKey { kind, iteration, rollout: meta.rollout }
}

/// Largest distance between the recorded joint positions and those of the replay, rad or m.
fn replay(setup: &Setup, episode: &Episode, meta: &TrialMeta) -> Result<f64, Box<dyn Error>> {
    let task = setup.task()?;
    let (mut ours, robot): (_, RobotPort) = link(episode.joints, episode.task_values);
    let mut plant = PlantDriver::new(task.plant(meta.seed)?, robot, true);
    ours.requests.push(PlantRequest::BeginTrial(key(meta)))?;
    let mut farthest: f64 = 0.;
    for (cycle, position) in episode.position.chunks_exact(episode.joints).enumerate() {
        plant.advance(episode.start + episode.time[cycle]);
        let distances = ours.reading.read().position.iter().zip(position).map(|(a, b)| (a - b).abs());
        farthest = distances.fold(farthest, f64::max);
        let sent = episode.sent.chunks_exact(episode.joints).nth(cycle);
        *ours.command.input_buffer_mut() =
            Command { stamp: Duration::ZERO, sequence: 0, effort: sent.unwrap_or_default().into() };
        ours.command.publish();
    }
    Ok(farthest)
}

/// Prints the trials of the run in `folder`. Returns the result of [`replay`] for trial `wanted`,
/// by default the first.
pub fn run(folder: &Path, wanted: Option<u64>) -> Result<f64, Box<dyn Error>> {
    let run = RunView::open(Arc::new(Disk), folder)?;
    let setup = Setup::load(&folder.join(CONFIG_FILE), |_| {})?;
    println!("{} on {}, seed {}", run.info().task, run.info().robot, run.info().seed);
    let mut distance = None;
    for (number, path) in run.trials()? {
        let (episode, meta) = run.read_trial(&path)?;
        let reward = meta.total_reward.map_or_else(|| "unknown".into(), |reward| format!("{reward:.3}"));
        println!(
            "{number:5}  {:24}  {:4} cycles  return {reward}",
            key(&meta).to_string(),
            episode.sent.len() / episode.joints
        );
        if distance.is_none() && wanted.is_none_or(|wanted| wanted == number) {
            distance = Some((number, replay(&setup, &episode, &meta)?));
        }
    }
    let (number, distance) = distance.ok_or("there is no such trial")?;
    println!("trial {number}, replayed: at most {distance:.3e} from the positions recorded");
    Ok(distance)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, folder, wanted @ ..] = &arguments[..] else {
        return Err("usage: replay_a_trial RUN_FOLDER [TRIAL]".into());
    };
    run(Path::new(folder), wanted.first().map(|number| number.parse()).transpose()?).map(drop)
}
