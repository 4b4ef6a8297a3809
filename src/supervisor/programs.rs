//! The user's programs in a run. They start with the run, are asked once per trial, and are given
//! up after several failures in a row.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::error::DaemonError;
use super::interrupt::Interrupt;
use super::runner::{Runner, SUPERVISOR_POLL};
use crate::control::FinishedTrial;
use crate::programs::{
    Answer, FAILURES, Judge, JudgeConfig, JudgeWord, ProgramError, Role, Simulator, SimulatorConfig, SimulatorWatch,
    Strokes, without_reward,
};
use crate::robot::{Plant, TrialKind};
use crate::setup::Setup;
use crate::storage::TrialMeta;
use crate::tasks::{Judgement, Task};

/// The judgement of a trial.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The task's judgement, with the judge's answer if there is a judge.
    pub judgement: Judgement,
    /// The reason not to learn from the trial, if a user's program or the operator gave one.
    pub complaint: Option<String>,
    /// Whether the stroke was ended and is learned from.
    pub broken_off: bool,
}

impl From<Judgement> for Judged {
    fn from(judgement: Judgement) -> Self {
        Self { judgement, complaint: None, broken_off: false }
    }
}

/// The program that simulates the robot, if one is configured.
///
/// # Errors
/// If it cannot be started.
pub fn simulator(setup: &Setup, role: Role) -> Result<Option<Simulator>, DaemonError> {
    let config = &setup.config;
    let start = |simulator: &SimulatorConfig| {
        let task = Arc::from(setup.task()?);
        Ok(Simulator::start(simulator, &config.control, config.run.seed, task, role)?)
    };
    config.robot.simulator.as_ref().map(start).transpose()
}

/// Complaint of a trial that nobody judges.
const ENDED: &str = "the run ended before it was judged";

/// The user's programs, and the operator as judge.
pub struct Programs {
    judged_by: JudgeConfig,
    judge: Option<Judge>,
    simulator: Option<Simulator>,
    /// Consecutive trials without a judgement because of a failure.
    failures: Cell<u32>,
    given_up: RefCell<Option<ProgramError>>,
}

impl Programs {
    /// Starts the judge and the simulator.
    ///
    /// # Errors
    /// The program that cannot be started.
    pub fn start(setup: &Setup) -> Result<Self, DaemonError> {
        let simulator = simulator(setup, Role::Trials { judges: setup.config.judge.is_simulator() })?;
        Ok(Self { simulator, ..Self::on_a_robot(setup)? })
    }

    /// Starts the judge alone.
    ///
    /// # Errors
    /// If the judge cannot be started.
    pub fn on_a_robot(setup: &Setup) -> Result<Self, DaemonError> {
        let config = &setup.config;
        let judge = match config.judge.program() {
            Some(judge) => {
                let strokes = Strokes {
                    model: setup.model.clone(),
                    joints: config.robot.joints.clone(),
                    task: Arc::from(setup.task()?),
                    seed: config.run.seed,
                };
                Some(Judge::start(judge, strokes)?)
            }
            None => None,
        };
        Ok(Self {
            judged_by: config.judge.clone(),
            judge,
            simulator: None,
            failures: Cell::new(0),
            given_up: RefCell::default(),
        })
    }

    /// The simulated robot: the user's program if configured, otherwise the task's plant.
    ///
    /// # Errors
    /// The reason why the robot does not start.
    pub fn plant(&self, setup: &Setup, task: &dyn Task) -> Result<Box<dyn Plant>, DaemonError> {
        match &self.simulator {
            Some(simulator) => Ok(simulator.plant()?),
            None => Ok(setup.plant(task, setup.config.run.seed)?),
        }
    }

    /// A handle that reports whether the simulator was given up.
    pub fn watch(&self) -> Option<SimulatorWatch> {
        self.simulator.as_ref().map(Simulator::watch)
    }

    /// Whether someone else than the task judges, or simulates the robot.
    pub fn are_used(&self) -> bool {
        self.judged_by.is_used() || self.simulator.is_some()
    }

    /// Whether each trial is judged before the next begins.
    pub fn one_by_one(&self) -> bool {
        self.judged_by.is_used()
    }

    /// Checks that no program was given up.
    ///
    /// # Errors
    /// The failure for which a program was given up.
    pub fn check(&self) -> Result<(), DaemonError> {
        let simulator = || self.simulator.as_ref().and_then(Simulator::given_up);
        match self.given_up.take().or_else(simulator) {
            Some(error) => Err(DaemonError::GivenUp(Box::new(error))),
            None => Ok(()),
        }
    }

    /// Judges a finished trial, and attends to the loop of `runner` meanwhile. At the end of the
    /// run, the judge's program is still awaited, unless the user called for haste
    /// (`Interrupt::hurry`). The operator is not awaited.
    pub async fn judge(
        &self,
        task: &dyn Task,
        trial: &FinishedTrial,
        runner: Option<&mut Runner>,
        interrupt: &Interrupt,
    ) -> Judged {
        let mut judgement = task.judge(trial.episode());
        let answer = self.ask(trial, runner, interrupt).await;
        let mut complaint = None;
        match answer {
            Ok(Some(answer)) => answer.add_to(&mut judgement),
            other => {
                if self.judged_by.is_used() {
                    without_reward(&mut judgement);
                }
                complaint = other.err();
            }
        }
        Judged { judgement, complaint, broken_off: false }
    }

    async fn ask(
        &self,
        trial: &FinishedTrial,
        runner: Option<&mut Runner>,
        interrupt: &Interrupt,
    ) -> Result<Option<Answer>, String> {
        let key = trial.order.key;
        let finding = self.simulator.as_ref().map(|simulator| simulator.take(&key)).unwrap_or_default();
        if let Some(failure) = finding.failure {
            return Err(failure);
        }
        if !trial.usable() {
            return Ok(None);
        }
        match (&self.judged_by, &self.judge, &self.simulator) {
            (JudgeConfig::Program(_), Some(judge), _) if self.failures.get() < FAILURES => {
                let answer = judge.ask(key, Arc::new(trial.episode().clone()));
                match until_judged(answer, runner, interrupt).await {
                    Some(answer) => self.count(answer).map(Some),
                    None => Err(ENDED.into()),
                }
            }
            (JudgeConfig::Word(JudgeWord::Simulator), _, Some(simulator)) => {
                let episode = trial.episode();
                let end = episode.start + episode.time.last().copied().unwrap_or_default();
                self.count(finding.judgement(end).ok_or_else(|| simulator.unjudged())).map(Some)
            }
            (JudgeConfig::Word(JudgeWord::Operator), ..) if key.kind == TrialKind::Learn => {
                tracing::info!("{key} is over: what is its score? A number, or `skip`");
                score(runner, interrupt).await.map(Some)
            }
            (JudgeConfig::Word(JudgeWord::Task | JudgeWord::Operator), ..) => Ok(None),
            _ => Err(ENDED.into()),
        }
    }

    /// Counts consecutive failures. The third failure is the last.
    fn count(&self, answer: Result<Answer, ProgramError>) -> Result<Answer, String> {
        match answer {
            Ok(answer) => {
                self.failures.set(0);
                Ok(answer)
            }
            Err(error) => {
                let text = error.to_string();
                self.failures.set(self.failures.get() + 1);
                if self.failures.get() == FAILURES {
                    self.given_up.replace(Some(error));
                }
                Err(text)
            }
        }
    }

    /// The judgement that was stored with a trial, so that a judge is not asked twice. `None` if
    /// the trial was judged by other means.
    pub fn stored(setup: &Setup, meta: &TrialMeta, mut judgement: Judgement) -> Option<Judgement> {
        if !setup.config.judge.is_used() {
            return Some(judgement);
        }
        without_reward(&mut judgement);
        if meta.outcome_dim != judgement.outcomes.nrows() || meta.outcomes.len() != judgement.outcomes.len() {
            return None;
        }
        judgement.outcomes.as_mut_slice().copy_from_slice(&meta.outcomes);
        Some(Judgement {
            total_reward: meta.total_reward?,
            success: meta.success?,
            distance: meta.distance,
            ..judgement
        })
    }
}

/// Waits for the judge's answer. `None` if the answer is no longer needed or the judge's thread is
/// lost.
async fn until_judged<T>(
    mut answer: tokio::sync::oneshot::Receiver<T>,
    mut runner: Option<&mut Runner>,
    interrupt: &Interrupt,
) -> Option<T> {
    loop {
        let alive = async {
            match &mut runner {
                Some(runner) => runner.idle().await.is_ok(),
                None => {
                    tokio::time::sleep(SUPERVISOR_POLL).await;
                    true
                }
            }
        };
        let alive = tokio::select! {
            biased;
            answer = &mut answer => return answer.ok(),
            alive = alive => alive,
        };
        if interrupt.hurried() || (!alive && !interrupt.asked()) {
            return None;
        }
        if !alive {
            tokio::time::sleep(SUPERVISOR_POLL).await;
        }
    }
}

/// Waits for the operator's score.
async fn score(runner: Option<&mut Runner>, interrupt: &Interrupt) -> Result<Answer, String> {
    let Some(runner) = runner else { return Err(ENDED.into()) };
    runner.forget_scores();
    while !interrupt.asked() {
        match runner.take_score() {
            Some(Some(score)) => return Ok(Answer::score(score)),
            Some(None) => return Err("skipped by the operator".into()),
            None => {}
        }
        if runner.idle().await.is_err() {
            break;
        }
    }
    Err(ENDED.into())
}
