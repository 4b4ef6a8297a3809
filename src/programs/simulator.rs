//! A simulated robot that is a program: the supervisor's end of it, which outlasts the plants.

mod plant;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::plant::ProgramPlant;
use super::{Answer, Failure, Program, ProgramError, SimulatorConfig};
use crate::control::ControlConfig;
use crate::robot::{Plant, TrialKey};
use crate::tasks::Task;

/// What became known of a trial besides its readings.
#[derive(Debug, Default)]
pub struct Finding {
    /// The judgements that came with answers, each with the loop's time of the state it came with.
    judgements: Vec<(Duration, Answer)>,
    /// Why the program failed in it, if it did.
    pub failure: Option<String>,
}

impl Finding {
    /// The newest judgement at `end`, in the loop's time. The world goes on after a stroke: what is said then is not of it.
    pub fn judgement(self, end: Duration) -> Option<Answer> {
        self.judgements.into_iter().rev().find(|(at, _)| *at <= end).map(|(_, judgement)| judgement)
    }
}

/// What the plant and the supervisor share. Neither holds it while the program is asked.
#[derive(Default)]
struct Shared {
    /// The program while no plant has it.
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

/// What the program is told, and what its answers are checked against.
#[derive(Clone)]
struct Robot {
    task: Arc<dyn Task>,
    seed: u64,
    posture: Vec<f64>,
    joints: usize,
    period: Duration,
    /// How long the loop gets no reading after a failure: longer than it tolerates.
    silence: Duration,
    /// Whether a judgement is expected.
    judges: bool,
}

/// A program that simulates the robot. Dropping it ends the program, unless a plant has it.
pub struct Simulator {
    config: SimulatorConfig,
    robot: Robot,
    shared: SharedCell,
}

impl Simulator {
    /// Starts the program for a task. It judges strokes too where `judges`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(
        config: &SimulatorConfig,
        control: &ControlConfig,
        seed: u64,
        task: Arc<dyn Task>,
        judges: bool,
    ) -> Result<Self, ProgramError> {
        let robot = Robot {
            task,
            seed,
            posture: control.start_posture.clone(),
            joints: control.start_posture.len(),
            period: control.period(),
            silence: Duration::from_secs_f64(2. * control.watchdog.max_state_age),
            judges,
        };
        let simulator = Self { config: config.clone(), robot, shared: SharedCell::default() };
        simulator.shared.lock().program = Some(simulator.program()?);
        Ok(simulator)
    }

    fn program(&self) -> Result<Program, ProgramError> {
        Program::start(FIELD, &self.config.program, self.config.timeout)
    }

    /// The robot, in its start posture. The program is the one that the plant before had, where that is over.
    ///
    /// # Errors
    /// What the program did wrong.
    pub fn plant(&self) -> Result<Box<dyn Plant>, ProgramError> {
        let former = self.shared.lock().program.take();
        let program = former.map_or_else(|| self.program(), Ok)?;
        Ok(Box::new(ProgramPlant::new(program, self.robot.clone(), self.shared.clone())?))
    }

    /// What became known of a trial that is over.
    pub fn take(&self, key: &TrialKey) -> Finding {
        let mut shared = self.shared.lock();
        let finding = shared.findings.remove(key).unwrap_or_default();
        // What came of earlier ones after they were over.
        shared.findings.retain(|other, _| other.kind != key.kind || other > key);
        finding
    }

    /// Why the program is started no more, if so. It is told once.
    pub fn given_up(&self) -> Option<ProgramError> {
        self.shared.lock().given_up.take()
    }

    /// What tells others whether it was given up.
    pub fn watch(&self) -> SimulatorWatch {
        SimulatorWatch(self.shared.clone())
    }

    /// That it said nothing of a stroke.
    pub fn unjudged(&self) -> ProgramError {
        let program = self.config.program.join(" ");
        ProgramError { field: FIELD, program, failure: Failure::Unjudged, last_lines: Vec::new() }
    }
}

/// Tells whether a simulator was given up.
pub struct SimulatorWatch(SharedCell);

impl SimulatorWatch {
    /// Whether its program is started no more.
    pub fn is_given_up(&self) -> bool {
        self.0.lock().given_up.is_some()
    }
}

/// The group of settings that names the program.
const FIELD: &str = "robot.simulator";
