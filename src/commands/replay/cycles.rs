//! The cycles of a recorded stroke, made again by a control loop.

use std::time::Duration;

use nalgebra::{DMatrix, DVector};

use crate::control::{Clock, Episode, FinishedTrial, LoopError, TrialBuffers, TrialOrder, Trigger};
use crate::policy::{CompiledPolicy, Law, LinearGaussian, Policy};
use crate::robot::{RobotPort, TrialKey, TrialKind, exploration_noise};
use crate::setup::Setup;
use crate::supervisor::DaemonError;
use crate::supervisor::machine::on_this_thread;
use crate::tasks::Task;

/// A law with its noise, for the trial `key`.
pub(super) struct Stroke {
    key: TrialKey,
    law: Law,
    noise: Box<[f64]>,
}

/// The stroke of a trial: by the law that made it, if that is a movement; else by a policy that gives
/// the recorded actions whatever the state is.
pub(super) fn order(setup: &Setup, episode: &Episode, key: TrialKey, law: Option<&Law>) -> Result<Stroke, DaemonError> {
    if let Some(law @ Law::Movement(_)) = law {
        let noise = match key.kind {
            TrialKind::Learn => exploration_noise(setup.config.run.seed, &key, law.noise_len()),
            TrialKind::Evaluate => vec![0.; law.noise_len()].into(),
        };
        return Ok(Stroke { key, law: law.clone(), noise });
    }
    let horizon = setup.task()?.horizon();
    let (state, action) = (episode.state_dim, episode.action_dim);
    let steps = (0..horizon).map(|step| {
        let given = episode.actions.get(step * action..(step + 1) * action);
        LinearGaussian {
            gain: DMatrix::zeros(action, state),
            bias: given.map_or_else(|| DVector::zeros(action), DVector::from_column_slice),
            covariance: DMatrix::identity(action, action),
        }
    });
    let policy = CompiledPolicy::new(&Policy { steps: steps.collect() })?;
    Ok(Stroke { key, law: policy.into(), noise: vec![0.; horizon * action].into() })
}

/// Passes the recorded readings on, each at its time.
struct Readings {
    episode: Episode,
    robot: RobotPort,
    row: usize,
    now: Duration,
}

impl Clock for Readings {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, _release: Duration, _idle: bool) {
        let Self { episode, robot, row, now } = self;
        let Some(time) = episode.time.get(*row) else { return };
        *now = episode.start + *time;
        let reading = robot.reading.input_buffer_mut();
        let of = |data: &[f64], width: usize| data[*row * width..(*row + 1) * width].into();
        (reading.stamp, reading.task_stamp) = (*now, *now);
        reading.position = of(&episode.position, episode.joints);
        reading.velocity = of(&episode.velocity, episode.joints);
        reading.task = of(&episode.task, episode.task_values);
        *row += 1;
        reading.sequence = *row as u64;
        robot.reading.publish();
    }

    fn real_time(&self) -> bool {
        false
    }
}

/// Makes the cycles of the recorded stroke again. The first one begins it.
pub(super) fn cycles(
    setup: &Setup,
    task: &dyn Task,
    episode: &Episode,
    trial: u64,
    Stroke { key, law, noise }: Stroke,
) -> Result<FinishedTrial, DaemonError> {
    let mut setup = setup.clone();
    let control = &mut setup.config.control;
    control.trigger = Trigger::AtOnce;
    // The arm is where it was: as far from the start posture as a configuration may allow.
    (control.homing.position_tolerance, control.homing.velocity_tolerance) = (1., 10.);
    let now = episode.start.saturating_sub(control.period());
    let readings = episode.clone();
    let clock = |robot| Box::new(Readings { episode: readings, robot, row: 0, now }) as Box<dyn Clock>;
    let (mut control, mut client, shape) = on_this_thread(&setup, task, clock).map_err(LoopError::from)?;
    control.go_on_from(&episode.before);
    let buffers = TrialBuffers::new(&shape);
    // The ring of a new loop is empty.
    let _ = client.order(TrialOrder { key, law, noise, buffers });
    let made = (0..episode.time.len()).find_map(|_| {
        control.turn();
        client.finished()
    });
    if let Some(made) = made {
        return Ok(made);
    }
    // The recorded stroke was given up in the cycle after its last.
    client.stopper().shutdown();
    loop {
        let goes_on = control.turn();
        if let Some(made) = client.finished() {
            return Ok(made);
        }
        // A stroke without cycles was never begun.
        if !goes_on {
            return Err(DaemonError::NotBegun { trial });
        }
    }
}
