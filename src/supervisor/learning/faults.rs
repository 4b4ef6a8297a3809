//! A learner that panics, hangs or returns nonsense. The run ends with the cause, all earlier
//! results are stored, and the next start resumes the run.

use super::super::checkpoint::{header, load};
use super::super::learner_thread::LearnerLost;
use super::super::machine::{Machine, Pace};
use super::*;
use crate::storage::{RunFolder, RunInfo, files::Disk};
use std::path::Path;
use std::sync::mpsc;

use moto_learners::policy::{Policy, StoredLaw};
use moto_learners::{Batch, Learner, LearnerError, Report, Reward};

pub(super) const ROLLOUTS: usize = 4;

pub(super) struct Place {
    pub setup: Setup,
    pub task: Box<dyn Task>,
    folder: tempfile::TempDir,
    /// The first learner gets almost no time for its update.
    impatient: bool,
}

type Answer = Box<dyn FnMut(Batch) -> Result<Updated, LearnerError> + Send>;

/// A learner whose law differs from its learned law.
#[derive(Clone)]
struct Spoiled {
    learner: Box<dyn Learner>,
    law: StoredLaw,
}

impl Learner for Spoiled {
    fn law(&self) -> StoredLaw {
        self.law.clone()
    }

    fn iteration(&self) -> usize {
        self.learner.iteration()
    }

    fn learn(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Report, LearnerError> {
        self.learner.learn(batch, reward)
    }

    fn save(&self) -> Result<Vec<u8>, LearnerError> {
        self.learner.save()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), LearnerError> {
        self.learner.restore(state)
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}

fn policy(law: &mut StoredLaw) -> &mut Policy {
    match law {
        StoredLaw::Policy(policy) => policy,
        _ => panic!("the shipped learner has a policy"),
    }
}

impl Place {
    pub fn new() -> Self {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
        let setup = Setup::load(&config, |config| {
            (config.run.rollouts, config.run.iterations) = (ROLLOUTS, 2);
        });
        let setup = setup.unwrap();
        Self { task: setup.task().unwrap(), setup, folder: tempfile::tempdir().unwrap(), impatient: false }
    }

    fn learner(&self) -> Box<dyn Learner> {
        self.setup.learner(&self.task.start().unwrap()).unwrap()
    }

    /// Answers of a sound learner, with laws changed by `spoil`.
    fn spoiled(&self, spoil: impl Fn(&mut StoredLaw) + Send + 'static) -> Answer {
        let (mut learner, task) = (self.learner(), self.setup.task().unwrap());
        Box::new(move |batch| {
            let report = learner.learn(batch, &*task)?;
            let mut law = learner.law();
            spoil(&mut law);
            let learner = Box::new(Spoiled { learner: learner.clone(), law });
            Ok(Updated { learner, report, duration: Duration::ZERO })
        })
    }

    /// A run folder that starts without trials.
    pub fn archive(&self) -> (Archive, Arc<Saved>) {
        let directory = self.folder.path().join("run");
        let info = RunInfo {
            robot: self.setup.model.name().into(),
            task: self.task.name().into(),
            seed: self.setup.config.run.seed,
            version: String::new(),
            command_line: Vec::new(),
            started: 0,
            settings: serde_json::Value::Null,
        };
        let saved = Saved { learner: self.learner(), episodes: 0 };
        let first = saved.checkpoint(header(&self.setup, &*self.task, 0).unwrap()).unwrap();
        let folder = RunFolder::create_from(Arc::new(Disk), &directory, info, "", "", Some(&first)).unwrap();
        (Archive::start(folder).unwrap(), Arc::new(saved))
    }

    /// Starts a run with a learner that gives `answer`, then resumes it with a sound learner.
    /// Returns the error of the first run.
    fn run(&self, answer: Answer) -> DaemonError {
        let (mut archive, saved) = self.archive();
        let mut hasty = self.setup.clone();
        if self.impatient {
            hasty.config.run.update_timeout = 0.05;
        }
        let mut learning = Learning::new(&hasty, &*self.task, &mut archive, saved).unwrap();
        learning.thread = LearnerThread::answering(answer).unwrap();
        let error = self.learn(&mut learning).unwrap_err();
        assert_eq!(archive.view().trials().unwrap().len(), ROLLOUTS);
        let saved = load(archive.view(), &self.setup, &*self.task, true).unwrap();
        assert_eq!(saved.learner.iteration(), 0);
        let mut learning = Learning::new(&self.setup, &*self.task, &mut archive, Arc::new(saved)).unwrap();
        assert_eq!(learning.collected.usable.len(), ROLLOUTS, "the trials made before are learned from");
        assert_eq!(self.learn(&mut learning).unwrap(), Ended::Complete);
        drop(learning);
        assert_eq!(archive.view().trials().unwrap().len(), 2 * ROLLOUTS);
        error
    }

    fn learn(&self, learning: &mut Learning<'_>) -> Result<Ended, DaemonError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let plant = self.task.plant(1).unwrap();
            let machine = Machine::start(&self.setup, &*self.task, plant, Pace::Lockstep).unwrap();
            let mut runner = Runner::new(machine, self.setup.config.run.seed);
            let ended = learning.run(&mut runner, &Interrupt::default()).await;
            // The loop ends only after the robot has the safe command.
            runner.stop().1.unwrap();
            ended
        })
    }
}

#[test]
fn a_learner_that_panics() {
    let error = Place::new().run(Box::new(|_| panic!("a bug in the learner")));
    assert!(matches!(error, DaemonError::LearnerLost(LearnerLost::Panicked)), "{error}");
}

#[test]
fn a_learner_that_hangs() {
    let mut place = Place::new();
    place.impatient = true;
    let (keep, never) = mpsc::channel::<()>();
    let error = place.run(Box::new(move |_| {
        let _ = never.recv();
        panic!("nobody listens any more")
    }));
    assert!(matches!(error, DaemonError::LearnerLost(LearnerLost::Hangs(_))), "{error}");
    assert!(error.to_string().contains("run.update_timeout"), "{error}");
    drop(keep);
}

#[test]
fn a_policy_that_is_not_finite() {
    let place = Place::new();
    let answer = place.spoiled(|law| policy(law).steps[7].bias[2] = f64::NAN);
    let error = place.run(answer);
    assert_eq!(error.to_string(), "policy step 7: bias has a non-finite entry");
}

#[test]
fn a_policy_of_the_wrong_shape() {
    let place = Place::new();
    let answer = place.spoiled(|law| drop(policy(law).steps.pop()));
    let error = place.run(answer);
    assert!(matches!(error, DaemonError::LawShape { .. }), "{error}");
}
