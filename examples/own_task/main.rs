//! A task of your own: its folder, which is this one, and one line that registers it. A
//! configuration then chooses the task by its name. Learning on the loop, resuming, judging,
//! pictures and ROS work for it.
//!
//! A pendulum swings up from hanging and must stop at an angle.
//!
//! ```sh
//! cargo run --release --example own_task
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use moto_controller::commands::{DryRunOptions, EvaluateOptions, dry_run, evaluate};
use moto_controller::control::{Episode, Stroke};
use moto_controller::policy::{LinearGaussian, Policy};
use moto_controller::robot::{Command, Plant, Reading, TrialKey};
use moto_controller::simulation::Arm;
use moto_controller::supervisor::{Beginning, ConfigSource};
use moto_controller::tasks::{Judgement, Robot, TASKS, Task, TaskError, TaskSettings, task};
use moto_learners::{Reward, Start};
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Settings of the task. Ranges and units are checked and documented from the attributes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct StopAtConfig {
    /// Angle at which the pendulum must stop, from hanging.
    #[schemars(extend("minimum" = -3.2, "maximum" = 3.2, "x-unit" = "rad"))]
    angle: f64,
    /// Number of policy steps T.
    #[schemars(extend("minimum" = 5, "maximum" = 1000))]
    horizon: usize,
}

impl Default for StopAtConfig {
    fn default() -> Self {
        Self { angle: 0.5, horizon: 30 }
    }
}

impl TaskSettings for StopAtConfig {
    const NAME: &'static str = "stop_at";

    fn task(self, robot: &Robot<'_>) -> Result<Box<dyn Task>, TaskError> {
        let arm = Arm::new(Arc::new(robot.model.clone()), robot.arm);
        Ok(Box::new(StopAt { config: self, arm, period: robot.control.period() }))
    }
}

#[derive(Clone)]
struct StopAt {
    config: StopAtConfig,
    arm: Arm,
    period: Duration,
}

/// Number of policy steps at the end in which the pendulum must stand still.
const REWARDED: usize = 5;

impl Reward for StopAt {
    fn step(&self, t: usize, state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        let rewarded = t + REWARDED >= self.config.horizon;
        -1e-4 * action[0].powi(2) + if rewarded { self.last(state) } else { 0. }
    }

    fn last(&self, state: &[f64]) -> f64 {
        -(state[0] - self.config.angle).powi(2) - 0.1 * state[1].powi(2)
    }
}

impl Task for StopAt {
    fn name(&self) -> &'static str {
        StopAtConfig::NAME
    }

    fn horizon(&self) -> usize {
        self.config.horizon
    }

    fn state_dim(&self) -> usize {
        2
    }

    fn stroke(&self, _seed: u64) -> Box<dyn Stroke> {
        Box::new(AngleAndVelocity)
    }

    fn start(&self) -> Result<Start, TaskError> {
        let law = LinearGaussian {
            gain: DMatrix::zeros(1, 2),
            bias: DVector::zeros(1),
            covariance: DMatrix::from_element(1, 1, 1.),
        };
        let policy = Policy { steps: vec![law; self.config.horizon] };
        Ok(Start { policy, state_scales: vec![0.1, 0.5], demonstration: None, context: 0..0, seed: 0 })
    }

    fn varies(&self) -> bool {
        false
    }

    fn plant(&self, _seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        Ok(Box::new(Pendulum { arm: self.arm.clone(), period: self.period / 10, now: Duration::ZERO }))
    }

    fn judge(&self, episode: &Episode) -> Judgement {
        let states: Vec<&[f64]> = episode.states.chunks_exact(2).collect();
        let rewards = states.windows(2).enumerate().map(|(t, s)| self.step(t, s[0], episode.step(t).sent, s[1], &[]));
        let end = states.last().copied().unwrap_or(&[f64::NAN; 2]);
        Judgement {
            outcomes: DMatrix::zeros(0, states.len().saturating_sub(1)),
            total_reward: rewards.sum::<f64>() + self.last(end),
            success: (end[0] - self.config.angle).abs() < 0.1 && end[1].abs() < 0.5,
            distance: None,
        }
    }

    fn reward_settings(&self) -> Value {
        json!({ "angle": self.config.angle })
    }
}

/// The policy's state.
struct AngleAndVelocity;

impl Stroke for AngleAndVelocity {
    fn state_dim(&self) -> usize {
        2
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        (state[0], state[1]) = (reading.position[0], reading.velocity[0]);
    }

    fn triggered(&mut self, _reading: &Reading) -> bool {
        true
    }
}

/// The simulated pendulum.
struct Pendulum {
    arm: Arm,
    period: Duration,
    now: Duration,
}

impl Plant for Pendulum {
    fn period(&self) -> Duration {
        self.period
    }

    fn reset(&mut self, now: Duration) {
        self.now = now;
        self.arm.place(&[0.]);
    }

    fn begin_trial(&mut self, _trial: &TrialKey) {}

    fn launch(&mut self) {}

    fn step(&mut self, until: Duration, command: &Command) {
        while self.now + self.period <= until {
            self.arm.step(&command.effort, self.period.as_secs_f64());
            self.now += self.period;
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        (reading.stamp, reading.task_stamp) = (self.now, self.now);
        reading.position.copy_from_slice(self.arm.position());
        reading.velocity.copy_from_slice(self.arm.velocity());
    }
}

/// Learns to stop.
///
/// # Errors
/// An error of the daemon.
pub fn main() -> Result<(), Box<dyn Error>> {
    TASKS.add(task::<StopAtConfig>());

    let place = tempfile::tempdir()?;
    let folder = place.path().join("run");
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/own_task/pendulum.yaml");
    print!(
        "{}",
        dry_run(DryRunOptions {
            config: ConfigSource::File(configuration),
            adjust: Box::new(|_| {}),
            realtime: false,
            out: Some(folder.clone()),
            beginning: Beginning::Demonstration,
            live: None,
        })?
    );
    let options =
        |initial| EvaluateOptions { run: folder.clone(), strokes: Some(5), noise: false, initial, realtime: false };
    let (first, learned) = (evaluate(&options(true))?, evaluate(&options(false))?);
    println!("success of the first policy {:.2}, of what was learned {:.2}", first.success, learned.success);
    assert!(first.success == 0. && learned.success == 1., "nothing was learned");
    Ok(())
}
