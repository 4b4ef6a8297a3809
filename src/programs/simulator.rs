//! The supervisor's side of a simulated robot that is a program. It outlives the plants.

mod plant;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::plant::ProgramPlant;
use super::{Answer, Failure, Program, ProgramError, SimulatorConfig};
use crate::control::ControlConfig;
use crate::robot::{Plant, TrialKey};
use crate::tasks::Task;

/// The judgements and the failure of the program in a trial.
#[derive(Debug, Default)]
pub struct Finding {
    /// Judgements, each with the loop's time of its state.
    judgements: Vec<(Duration, Answer)>,
    /// The failure of the program in the trial, if there was one.
    pub failure: Option<String>,
}

impl Finding {
    /// The newest judgement by the loop's time `end`. Later judgements do not concern the stroke.
    pub fn judgement(self, end: Duration) -> Option<Answer> {
        self.judgements.into_iter().rev().find(|(at, _)| *at <= end).map(|(_, judgement)| judgement)
    }
}

/// State shared by the plant and the supervisor. Neither holds the lock while it asks the program.
#[derive(Default)]
struct Shared {
    /// The program, while no plant has it.
    program: Option<Program>,
    findings: BTreeMap<TrialKey, Finding>,
    given_up: Option<ProgramError>,
}

#[derive(Clone, Default)]
struct SharedCell(Arc<Mutex<Shared>>);

impl SharedCell {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic cannot leave the state half-updated: every change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a simulator is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It makes the trials of this process. It also judges them if `judges` is set.
    Trials {
        /// Whether it judges.
        judges: bool,
    },
    /// It is a robot to another process, which has the trials: it is not told of their context, and
    /// its judgements are not used.
    Robot,
}

/// Data for the program's questions and for checks of its answers.
#[derive(Clone)]
struct Robot {
    task: Arc<dyn Task>,
    seed: u64,
    posture: Vec<f64>,
    joints: usize,
    period: Duration,
    /// Time without readings after a failure. It is longer than the loop tolerates, so that the
    /// loop stops.
    silence: Duration,
    role: Role,
}

/// A program that simulates the robot. Dropping it ends the program, unless a plant has the
/// program.
pub struct Simulator {
    config: SimulatorConfig,
    robot: Robot,
    shared: SharedCell,
}

impl Simulator {
    /// Starts the program for a task.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(
        config: &SimulatorConfig,
        control: &ControlConfig,
        seed: u64,
        task: Arc<dyn Task>,
        role: Role,
    ) -> Result<Self, ProgramError> {
        let robot = Robot {
            task,
            seed,
            posture: control.start_posture.clone(),
            joints: control.start_posture.len(),
            period: control.period(),
            silence: Duration::from_secs_f64(2. * control.watchdog.max_state_age),
            role,
        };
        let simulator = Self { config: config.clone(), robot, shared: SharedCell::default() };
        simulator.shared.lock().program = Some(simulator.program()?);
        Ok(simulator)
    }

    fn program(&self) -> Result<Program, ProgramError> {
        Program::start(FIELD, &self.config.program, self.config.timeout)
    }

    /// The robot in its start posture. The program of the previous plant is used again if that
    /// plant was dropped.
    ///
    /// # Errors
    /// The failure of the program.
    pub fn plant(&self) -> Result<Box<dyn Plant>, ProgramError> {
        let former = self.shared.lock().program.take();
        let program = former.map_or_else(|| self.program(), Ok)?;
        Ok(Box::new(ProgramPlant::new(program, self.robot.clone(), self.shared.clone())?))
    }

    /// Takes the finding of a finished trial.
    pub fn take(&self, key: &TrialKey) -> Finding {
        let mut shared = self.shared.lock();
        let finding = shared.findings.remove(key).unwrap_or_default();
        // Drops later findings of earlier trials.
        shared.findings.retain(|other, _| other.kind != key.kind || other > key);
        finding
    }

    /// Takes the failure for which the program was given up, if it was.
    pub fn given_up(&self) -> Option<ProgramError> {
        self.shared.lock().given_up.take()
    }

    /// A handle that reports whether the program was given up.
    pub fn watch(&self) -> SimulatorWatch {
        SimulatorWatch(self.shared.clone())
    }

    /// The error of a program that did not judge a stroke.
    pub fn unjudged(&self) -> ProgramError {
        let program = self.config.program.join(" ");
        ProgramError { field: FIELD, program, failure: Failure::Unjudged, last_lines: Vec::new() }
    }
}

/// Reports whether a simulator was given up.
pub struct SimulatorWatch(SharedCell);

impl SimulatorWatch {
    /// Whether the program was given up.
    pub fn is_given_up(&self) -> bool {
        self.0.lock().given_up.is_some()
    }
}

/// Group of settings that names the program.
const FIELD: &str = "robot.simulator";
