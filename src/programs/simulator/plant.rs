//! The plant of a simulated robot that is a program. It exchanges one line each way per control
//! period.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{Finding, Robot, Role, SharedCell};
use crate::programs::question::Kind;
use crate::programs::{Answer, FAILURES, Program, ProgramError};
use crate::robot::{Command, Plant, Reading, TrialKey, TrialKind};

/// A question to the program. Times are since the last reset, s.
#[derive(Serialize)]
#[serde(untagged)]
enum Question<'a> {
    Reset {
        reset: Reset<'a>,
    },
    Step {
        effort: &'a [f64],
        until: f64,
        /// Whether the arm has reached its start posture, at which the task launches its objects.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        launch: bool,
    },
}

#[derive(Serialize)]
struct Reset<'a> {
    seed: u64,
    trial: u64,
    iteration: u64,
    kind: Kind,
    context: &'a [f64],
    /// Posture in which the arm is put at rest. `None`: the arm stays as it is.
    posture: Option<&'a [f64]>,
}

/// An answer of the program.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    time: f64,
    position: Vec<f64>,
    velocity: Vec<f64>,
    #[serde(default)]
    observed: Vec<f64>,
    judgement: Option<Answer>,
}

/// The plant.
pub(super) struct ProgramPlant {
    program: Program,
    robot: Robot,
    shared: SharedCell,
    key: TrialKey,
    /// The loop's time at the last reset, from which the program counts.
    start: Duration,
    /// The loop's time now.
    now: Duration,
    /// Whether the next trial begins in the start posture.
    put_back: bool,
    launch: bool,
    state: State,
    /// Time of the failure, while the program does not run.
    failed: Option<Duration>,
    /// Failures since the last trial without one.
    failures: u32,
    failed_in_trial: bool,
}

impl ProgramPlant {
    /// A plant with the arm in its start posture.
    pub fn new(program: Program, robot: Robot, shared: SharedCell) -> Result<Self, ProgramError> {
        let zeros = || vec![0.; robot.joints];
        let state = State {
            time: 0.,
            position: zeros(),
            velocity: zeros(),
            observed: vec![0.; robot.task.task_values()],
            judgement: None,
        };
        let mut plant = Self {
            program,
            shared,
            // A key before that of any trial.
            key: TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout: 0 },
            start: Duration::ZERO,
            now: Duration::ZERO,
            put_back: true,
            launch: false,
            state,
            failed: None,
            failures: 0,
            failed_in_trial: false,
            robot,
        };
        plant.start_trial()?;
        Ok(plant)
    }

    fn start_trial(&mut self) -> Result<(), ProgramError> {
        let Self { robot, key, put_back, .. } = self;
        let context = match robot.role {
            Role::Trials { .. } => robot.task.context(robot.seed, key),
            Role::Robot => vec![],
        };
        let reset = Reset {
            seed: robot.seed,
            trial: key.rollout,
            iteration: key.iteration,
            kind: key.kind.into(),
            context: &context,
            posture: put_back.then_some(&robot.posture),
        };
        let check = |state: &State| match state.time {
            0. => Ok(()),
            time => Err(format!("`time` is {time} after a reset, expected 0")),
        };
        ask(&mut self.program, robot, &Question::Reset { reset }, check).map(|state| {
            (self.start, self.put_back, self.launch) = (self.now, false, false);
            self.take(state);
        })
    }

    fn take(&mut self, mut state: State) {
        if let Some(judgement) = state.judgement.take().filter(|_| self.robot.role != Role::Robot) {
            let at = self.now;
            self.finding(|finding| finding.judgements.push((at, judgement)));
        }
        self.state = state;
    }

    fn finding(&self, change: impl FnOnce(&mut Finding)) {
        change(self.shared.lock().findings.entry(self.key).or_default());
    }

    /// Records a failure. The third consecutive failure is the last.
    fn fail(&mut self, error: ProgramError) {
        warn!("{error}");
        self.finding(|finding| finding.failure = Some(error.to_string()));
        self.failed = Some(self.now);
        self.failed_in_trial = true;
        self.failures += 1;
        if self.failures == FAILURES {
            self.shared.lock().given_up = Some(error);
        }
    }

    fn is_given_up(&self) -> bool {
        self.failures >= FAILURES
    }

    /// Starts the program again, with the arm in its start posture.
    fn restart(&mut self) {
        self.put_back = true;
        self.begin();
    }

    fn begin(&mut self) {
        match self.start_trial() {
            Ok(()) => self.failed = None,
            Err(error) => self.fail(error),
        }
    }
}

/// Asks a question and makes the checks common to all answers.
fn ask(
    program: &mut Program,
    robot: &Robot,
    question: &Question<'_>,
    check: impl FnOnce(&State) -> Result<(), String>,
) -> Result<State, ProgramError> {
    let checked = |state: &State| {
        let task_values = robot.task.task_values();
        let lengths = [
            ("position", state.position.len(), robot.joints, "joint"),
            ("velocity", state.velocity.len(), robot.joints, "joint"),
            ("observed", state.observed.len(), task_values, "value that the task observes"),
        ];
        if let Some((name, found, expected, of)) = lengths.into_iter().find(|(_, found, expected, _)| found != expected)
        {
            return Err(format!("`{name}` has length {found}, expected {expected}, a number per {of}"));
        }
        match &state.judgement {
            Some(_) if robot.role == (Role::Trials { judges: false }) => {
                return Err("it holds a `judgement`, and `judge` is not `simulator` in the configuration".into());
            }
            Some(judgement) => judgement.check(robot.task.horizon()).map_err(|why| format!("`judgement`: {why}"))?,
            None => {}
        }
        check(state)
    };
    program.ask(question, checked)
}

impl Plant for ProgramPlant {
    fn period(&self) -> Duration {
        self.robot.period
    }

    /// The program is informed at the beginning of the trial, since its reset includes the trial's
    /// key.
    fn reset(&mut self, now: Duration) {
        (self.now, self.put_back) = (now, true);
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        if !self.failed_in_trial && !self.is_given_up() {
            self.failures = 0;
        }
        (self.key, self.failed_in_trial) = (*trial, false);
        if !self.is_given_up() {
            self.begin();
        }
    }

    fn launch(&mut self) {
        self.launch = true;
    }

    fn step(&mut self, until: Duration, command: &Command) {
        self.now = until;
        if self.is_given_up() || until <= self.start {
            return;
        }
        if let Some(failed) = self.failed {
            // The loop must first notice the missing readings and stop.
            if until > failed + self.robot.silence {
                self.restart();
            }
            return;
        }
        let (before, until) = (self.state.time, (until - self.start).as_secs_f64());
        let question = Question::Step { effort: &command.effort, until, launch: std::mem::take(&mut self.launch) };
        let check = |state: &State| {
            let in_turn = (before..=until).contains(&state.time);
            let wrong = || format!("`time` is {}, expected from {before} to {until}", state.time);
            if in_turn { Ok(()) } else { Err(wrong()) }
        };
        match ask(&mut self.program, &self.robot, &question, check) {
            Ok(state) => self.take(state),
            Err(error) => self.fail(error),
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        let stamp = self.start + Duration::from_secs_f64(self.state.time);
        (reading.stamp, reading.task_stamp) = (stamp, stamp);
        reading.position.copy_from_slice(&self.state.position);
        reading.velocity.copy_from_slice(&self.state.velocity);
        reading.task.copy_from_slice(&self.state.observed);
    }
}

impl Drop for ProgramPlant {
    fn drop(&mut self) {
        self.shared.lock().program = Some(self.program.take());
    }
}
