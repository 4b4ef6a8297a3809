//! Strokes made by the control loop in lockstep, on the caller's thread. They are not stored.

use crate::control::{
    ControlLoop, Event, Fault, FinishedTrial, LoopClient, OrderError, Outcome, Request, SafetyState, TrialBuffers,
    TrialOrder, TrialShape,
};
use crate::policy::Law;
use crate::robot::{Plant, TrialKey, exploration_noise};
use crate::setup::Setup;
use crate::supervisor::lockstep;
use crate::tasks::{Task, TaskError};
use moto_settings::FieldError;

/// The reason why no more strokes come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StrokeError {
    /// The control loop refuses its configuration.
    #[error(transparent)]
    Control(#[from] FieldError),
    /// The plant cannot be made.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The loop refused a trial.
    #[error("the control loop refused a trial: {0}")]
    Refused(OrderError),
    /// A fault stopped the loop, and no reset helps.
    #[error("the control loop stays stopped: {0}")]
    Stopped(Fault),
    /// The loop ended, or its rings are full.
    #[error("the control loop ended")]
    Ended,
}

/// Largest number of resets of a stopped loop before the stroke is given up.
const RESETS: usize = 10;

/// A loop with a plant, which makes one stroke after the other.
pub struct Strokes {
    control: ControlLoop,
    client: LoopClient,
    shape: TrialShape,
    seed: u64,
    spare: Option<Box<TrialBuffers>>,
    /// The newest fault.
    fault: Option<Fault>,
}

impl Strokes {
    /// Starts a loop with a plant. `seed` keys all random numbers.
    ///
    /// # Errors
    /// The setting that is refused.
    pub fn new(setup: &Setup, task: &dyn Task, plant: Box<dyn Plant>, seed: u64) -> Result<Self, StrokeError> {
        let mut setup = setup.clone();
        // The plant is reset at each trial, so the arm need not return exactly.
        let back = &mut setup.config.control.return_home;
        (back.position_tolerance, back.velocity_tolerance) = (1., 10.);
        let (control, client, shape) = lockstep(&setup, task, plant)?;
        Ok(Self { control, client, shape, seed, spare: None, fault: None })
    }

    /// Makes the stroke of a key, with the exploration noise of the key if `explore`.
    ///
    /// # Errors
    /// If the loop refuses the trial.
    pub fn make(&mut self, law: &Law, key: TrialKey, explore: bool) -> Result<FinishedTrial, StrokeError> {
        let count = law.noise_len();
        let noise =
            if explore { exploration_noise(self.seed, &key, count) } else { vec![0.; count].into_boxed_slice() };
        let buffers = self.spare.take().unwrap_or_else(|| TrialBuffers::new(&self.shape));
        let mut order = TrialOrder { key, law: law.clone(), noise, buffers };
        for _ in 0..RESETS {
            self.client.order(order).map_err(|_| StrokeError::Ended)?;
            let trial = self.next()?;
            match trial.outcome {
                // A limit or a watchdog stopped the arm in the previous stroke.
                Outcome::Refused(OrderError::Stopped(_)) => {
                    order = trial.order;
                    self.damp()?;
                    self.client.request(Request::ResetFault).map_err(|_| StrokeError::Ended)?;
                }
                Outcome::Refused(error) => return Err(StrokeError::Refused(error)),
                _ => return Ok(trial),
            }
        }
        Err(self.fault.take().map_or(StrokeError::Ended, StrokeError::Stopped))
    }

    fn next(&mut self) -> Result<FinishedTrial, StrokeError> {
        loop {
            self.turn()?;
            if let Some(trial) = self.client.finished() {
                return Ok(trial);
            }
        }
    }

    /// Lets a stopped loop damp the arm to the end. It is not reset before.
    fn damp(&mut self) -> Result<(), StrokeError> {
        while self.client.status().safety == SafetyState::Damp {
            self.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), StrokeError> {
        if !self.control.turn() {
            return Err(StrokeError::Ended);
        }
        self.client.stopper().beat();
        while let Some(event) = self.client.event() {
            if let Event::Tripped { fault, .. } = event {
                self.fault = Some(fault);
            }
        }
        while let Some(black_box) = self.client.black_box() {
            self.client.recycle(black_box);
        }
        Ok(())
    }

    /// Keeps a trial's buffers for the next trial.
    pub fn recycle(&mut self, trial: FinishedTrial) {
        let mut buffers = trial.order.buffers;
        buffers.clear();
        self.spare = Some(buffers);
    }
}
