//! A control loop that panics or hangs within an iteration, and an end without the update in
//! progress. All finished trials are stored.

use super::super::machine::{Machine, Pace};
use super::super::runner::RunnerError;
use super::faults::{Place, ROLLOUTS};
use super::*;
use crate::control::{Episode, LoopError, Stroke};
use crate::robot::Observed;
use crate::robot::{Plant, Reading};
use crate::tasks::{Judgement, TaskError};
use moto_learners::{ErrorPrice, Reward, Start};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Called with the 1-based number of the requested policy state, counted over all strokes.
type Change = Arc<dyn Fn(usize) + Send + Sync>;

/// A task whose stroke also calls `change`.
struct Changed {
    task: Box<dyn Task>,
    change: Change,
}

struct ChangedStroke {
    stroke: Box<dyn Stroke>,
    calls: AtomicUsize,
    change: Change,
}

impl Stroke for ChangedStroke {
    fn state_dim(&self) -> usize {
        self.stroke.state_dim()
    }

    fn begin_trial(&mut self, key: &TrialKey) {
        self.stroke.begin_trial(key);
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        (self.change)(self.calls.fetch_add(1, Ordering::Relaxed) + 1);
        self.stroke.policy_state(reading, state);
    }

    fn triggered(&mut self, reading: &Reading) -> bool {
        self.stroke.triggered(reading)
    }
}

impl Reward for Changed {
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
        self.task.step(t, state, action, next, outcome)
    }

    fn last(&self, state: &[f64]) -> f64 {
        self.task.last(state)
    }

    fn errors(&self) -> Vec<ErrorPrice> {
        self.task.errors()
    }
}

impl Task for Changed {
    fn name(&self) -> &'static str {
        self.task.name()
    }

    fn observed(&self) -> Vec<Observed> {
        self.task.observed()
    }

    fn horizon(&self) -> usize {
        self.task.horizon()
    }

    fn state_dim(&self) -> usize {
        self.task.state_dim()
    }

    fn stroke(&self, seed: u64) -> Box<dyn Stroke> {
        Box::new(ChangedStroke {
            stroke: self.task.stroke(seed),
            calls: AtomicUsize::new(0),
            change: self.change.clone(),
        })
    }

    fn start(&self) -> Result<Start, TaskError> {
        self.task.start()
    }

    fn varies(&self) -> bool {
        self.task.varies()
    }

    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        self.task.plant(seed)
    }

    fn judge(&self, episode: &Episode) -> Judgement {
        self.task.judge(episode)
    }

    fn reward_settings(&self) -> serde_json::Value {
        self.task.reward_settings()
    }
}

/// Learns as a run does, with a stroke that also calls `change`. Returns the end of the run, the
/// end of its loop, and the number of stored trials.
fn learn(place: &Place, pace: Pace, change: Change) -> (Result<Ended, DaemonError>, Result<(), LoopError>, usize) {
    let (mut archive, saved) = place.archive();
    let task = Changed { task: place.setup.task().unwrap(), change };
    let mut learning = Learning::new(&place.setup, &task, &mut archive, saved).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ended, stopped) = runtime.block_on(async {
        let machine = Machine::start(&place.setup, &task, task.plant(1).unwrap(), pace).unwrap();
        let mut runner = Runner::new(machine, place.setup.config.run.seed);
        let ended = learning.run(&mut runner, &Interrupt::default()).await;
        let (trials, stopped) = runner.stop();
        learning.keep_last(&trials, &Interrupt::default()).await;
        learning.settle(None).await.unwrap();
        (ended, stopped.map(drop))
    });
    drop(learning);
    (ended, stopped, archive.view().trials().unwrap().len())
}

#[test]
fn after_a_panic_of_the_loop_the_trials_before_it_are_stored() {
    let place = Place::new();
    let horizon = place.task.horizon();
    // The panic comes in the last stroke of the iteration. The supervisor may have taken none of
    // the strokes before.
    let last = (ROLLOUTS - 1) * (horizon + 1) + horizon / 2;
    let change: Change = Arc::new(move |call| assert!(call < last, "a bug in the task"));
    let (ended, stopped, stored) = learn(&place, Pace::Lockstep, change);
    assert!(matches!(ended, Err(DaemonError::Runner(RunnerError::Ended))), "{ended:?}");
    assert!(matches!(&stopped, Err(LoopError::Panicked(text)) if text.contains("a bug in the task")), "{stopped:?}");
    assert_eq!(stored, ROLLOUTS - 1);
}

#[test]
fn a_loop_that_hangs_is_left_to_itself_and_the_run_ends() {
    let mut place = Place::new();
    let watchdog = &mut place.setup.config.control.watchdog;
    (watchdog.heartbeat_timeout, watchdog.max_consecutive_misses) = (Some(1.), 1000);
    (watchdog.max_state_age, watchdog.max_task_age) = (5., None);
    let over = Arc::<AtomicBool>::default();
    let ended = over.clone();
    let change: Change = Arc::new(move |call| {
        while call == 20 && !ended.load(Ordering::Relaxed) {
            std::thread::sleep(SUPERVISOR_POLL);
        }
    });
    let (ended, stopped, _) = learn(&place, Pace::WallClock, change);
    over.store(true, Ordering::Relaxed);
    assert!(matches!(ended, Err(DaemonError::Runner(RunnerError::Hangs(_)))), "{ended:?}");
    assert!(matches!(stopped, Err(LoopError::Hangs(_))), "{stopped:?}");
}

#[test]
fn who_cannot_wait_for_an_update_ends_without_it_and_goes_on_from_the_same_rollouts() {
    let place = Place::new();
    let (mut archive, saved) = place.archive();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (keep, never) = crossbeam_channel::bounded::<()>(0);
    let interrupt = Interrupt::default();
    let hurry = interrupt.clone();
    let mut learning = Learning::new(&place.setup, &*place.task, &mut archive, saved.clone()).unwrap();
    learning.thread = LearnerThread::answering(move |_| {
        // Two requests while the learner updates.
        hurry.ask();
        hurry.hurry();
        let _ = never.recv();
        panic!("nobody listens any more")
    })
    .unwrap();
    let ended = runtime.block_on(async {
        let machine = Machine::start(&place.setup, &*place.task, place.task.plant(1).unwrap(), Pace::Lockstep).unwrap();
        let mut runner = Runner::new(machine, place.setup.config.run.seed);
        let ended = learning.run(&mut runner, &interrupt).await;
        runner.stop().1.unwrap();
        ended
    });
    assert_eq!(ended.unwrap(), Ended::Interrupted);
    drop(learning);
    drop(keep);
    let learning = Learning::new(&place.setup, &*place.task, &mut archive, saved).unwrap();
    assert_eq!(learning.collected.usable.len(), ROLLOUTS);
}
