//! Writes a small trial as an MCAP file, to look at in Foxglove or PlotJuggler: `write_trial FILE`.
//!
//! Two joints swing for one second at 500 Hz while a ball flies by.

use std::path::PathBuf;
use std::time::Duration;

use moto_controller::control::Episode;
use moto_controller::robot::Observed;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{TrialEnd, TrialMeta, write_trial};

const CYCLES: usize = 500;
const CYCLES_PER_STEP: usize = 10;
const PERIOD: Duration = Duration::from_millis(2);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: write_trial FILE")?;
    let steps = CYCLES / CYCLES_PER_STEP;
    let mut episode = Episode::with_capacity(2, 6, 4, 2, CYCLES, steps);
    for cycle in 0..=CYCLES {
        let time = PERIOD * cycle as u32;
        let t = time.as_secs_f64();
        episode.time.push(time);
        episode.position.extend([t.sin(), (2. * t).cos()]);
        episode.velocity.extend([t.cos(), -2. * (2. * t).sin()]);
        episode.task.extend([-2. + 4. * t, 0.1, 0.3 + 2. * t - 4.905 * t * t, 4., 0., 2. - 9.81 * t]);
        if cycle < CYCLES {
            episode.asked.extend([30. * t, -3.]);
            episode.sent.extend([(30. * t).min(20.), -3.]);
        }
        if cycle % CYCLES_PER_STEP == 0 {
            episode.states.extend([t.sin(), (2. * t).cos(), t.cos(), -2. * (2. * t).sin()]);
            if cycle < CYCLES {
                episode.noise.extend([0.5, -0.25]);
                episode.actions.extend([30. * t, -3.]);
                episode.sent_actions.extend([(30. * t).min(20.), -3.]);
            }
        }
    }
    let meta = TrialMeta {
        trial: 1,
        robot: "example_arm".into(),
        task: "example".into(),
        joint_names: vec!["shoulder".into(), "elbow".into()],
        seed: 1,
        iteration: 1,
        rollout: 0,
        evaluation: false,
        end: TrialEnd::Completed,
        total_reward: Some(-1.5),
        success: Some(true),
        distance: None,
        outcome_dim: 1,
        outcomes: (0..steps).map(|step| 1. / (1 + step) as f64).collect(),
        wall_start: Duration::new(1_700_000_000, 250_000_000),
        step_period: PERIOD * CYCLES_PER_STEP as u32,
        latency: None,
        observed: vec![Observed::body("ball")],
    };
    write_trial(&Disk, &path, (&episode, &meta), None)?;
    println!("{}", path.display());
    Ok(())
}
