//! Learning on a robot outside this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::info;

use super::archive::{ARCHIVE, Archive};
use super::beginning::{Beginning, open};
use super::checkpoint::Saved;
use super::error::DaemonError;
use super::interrupt::Interrupt;
use super::learning::{Ended, Learning};
use super::machine::{Machine, MachineError};
use super::operator::Operator;
use super::programs::Programs;
use super::runner::Runner;
use super::runtime;
use crate::control::CallersLoop;
use crate::live::{Door, LiveError, LivePage};
use crate::robot::{RemoteRobot, TrialKey, TrialKind};
use crate::setup::Setup;
use crate::tasks::Task;

/// A run on a robot. Everything is loaded and nothing moves.
pub struct RobotRun {
    setup: Setup,
    task: Box<dyn Task>,
    archive: Archive,
    saved: Arc<Saved>,
    programs: Programs,
    /// Shows the run while it goes on.
    live: Option<LivePage>,
}

impl RobotRun {
    /// Makes the run folder `out`, or a folder under `runs/` if `out` is `None`; or opens the
    /// folder of the run to resume.
    ///
    /// # Errors
    /// The task or the folder cannot be used, or the beginning does not fit the setup.
    pub fn open(setup: Setup, out: Option<PathBuf>, beginning: &Beginning) -> Result<Self, DaemonError> {
        setup.check_judge_on_a_robot()?;
        setup.log_differences();
        let task = setup.task()?;
        let programs = Programs::on_a_robot(&setup)?;
        let (folder, saved) = open(&setup, &*task, beginning, out)?;
        info!("run folder: {}", folder.view().directory().display());
        let archive = Archive::start(folder).map_err(DaemonError::system(ARCHIVE))?;
        Ok(Self { setup, task, archive, saved: Arc::new(saved), programs, live: None })
    }

    /// The run folder.
    pub fn directory(&self) -> &Path {
        self.archive.view().directory()
    }

    /// Serves a live page of the run until the run is dropped.
    ///
    /// # Errors
    /// The page cannot be made.
    pub fn show_live(&mut self, door: Door) -> Result<(), LiveError> {
        self.live = Some(door.serve(&self.setup, self.archive.view())?);
        Ok(())
    }

    /// Sets the loop's configuration for the next call of [`Self::learn`].
    pub fn set_control(&mut self, setup: &Setup) {
        self.setup.config.control = setup.config.control.clone();
    }

    /// Learns until the configured number of iterations is done or the operator ends the run. The
    /// learned policy then makes strokes without noise (`run.realtime_strokes`). Returns whether
    /// the run is complete. A later call resumes the run.
    ///
    /// # Errors
    /// The reason why the run ended. The robot has the safe command, and all results are saved.
    pub fn learn(&mut self, robot: Box<dyn RemoteRobot>, operator: Operator) -> Result<bool, DaemonError> {
        self.learn_on(operator, |setup, task| Machine::connect(setup, task, robot))
    }

    /// Learns as [`Self::learn`] does, with the loop in the thread that calls [`CallersLoop::cycle`].
    /// A `simulated` robot starts anew at each trial ([`CallersLoop::request`] says when), and the run
    /// is the one in lockstep, to the bit.
    ///
    /// # Errors
    /// As [`Self::learn`].
    pub fn learn_in(&mut self, place: &CallersLoop, simulated: bool, operator: Operator) -> Result<bool, DaemonError> {
        self.learn_on(operator, |setup, task| Machine::lend(setup, task, place, simulated))
    }

    fn learn_on(
        &mut self,
        operator: Operator,
        start: impl FnOnce(&Setup, &dyn Task) -> Result<Machine, MachineError>,
    ) -> Result<bool, DaemonError> {
        let Self { setup, task, archive, saved, programs, live } = self;
        let task = &**task;
        let mut learning = Learning::new(setup, task, archive, saved.clone())?
            .judged_by(programs)
            .shown_on(live.as_ref().map(LivePage::feed));
        let runtime = runtime()?;
        let outcome = runtime.block_on(async {
            let interrupt = Interrupt::default();
            let machine = start(setup, task)?;
            interrupt.guard(machine.control.client.stopper());
            let mut runner = Runner::new(machine, setup.config.run.seed)
                .shown_on(learning.live())
                .operated(operator, interrupt.clone());
            let mut result = learning.run(&mut runner, &interrupt).await;
            if matches!(result, Ok(Ended::Complete)) {
                result = match show(&mut learning, &mut runner, &interrupt, setup.config.run.realtime_strokes as u64)
                    .await
                {
                    Err(_) if interrupt.asked() => Ok(Ended::Interrupted),
                    other => other.map(|()| Ended::Complete),
                };
            }
            learning.keep_black_boxes(&mut runner);
            // The robot gets the safe command, even after an error.
            let lost = runner.failure();
            let (trials, loop_end) = runner.stop();
            match loop_end {
                Ok(latency) => result = learning.keep_deadlines(&latency).and(result),
                Err(error) => result = Err(error.into()),
            }
            if result.is_err() || matches!(result, Ok(Ended::Interrupted)) {
                learning.keep_last(&trials, &interrupt).await;
            }
            let stored = learning.settle(None).await;
            result = result.and_then(|ended| stored.map(|()| ended));
            match (result, lost) {
                (Err(_), Some(lost)) => Err(DaemonError::Robot(lost)),
                (result, _) => result.map(|ended| ended == Ended::Complete),
            }
        });
        let now = learning.saved().clone();
        drop(learning);
        *saved = now;
        outcome
    }
}

/// Makes strokes of the learned policy without noise.
async fn show(
    learning: &mut Learning<'_>,
    runner: &mut Runner,
    interrupt: &Interrupt,
    strokes: u64,
) -> Result<(), DaemonError> {
    if strokes == 0 {
        return Ok(());
    }
    let law = learning.saved().learner.law().compile()?;
    let iteration = learning.saved().learner.iteration() as u64;
    for rollout in 0..strokes {
        runner.order(TrialKey { kind: TrialKind::Evaluate, iteration, rollout }, &law, false);
    }
    let mut successes = 0;
    for _ in 0..strokes {
        let trial = learning.next(runner).await?;
        successes += u64::from(learning.keep_evaluation(&trial, runner, interrupt).await.success);
        runner.recycle(trial);
    }
    learning.settle(Some(runner)).await?;
    info!("without exploration noise {successes} of {strokes} strokes succeeded");
    Ok(())
}
