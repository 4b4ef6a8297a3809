//! The iterations of a run: rollouts, update, storage. An iteration is stored before the next
//! begins.

mod keeping;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::warn;

use self::keeping::DrawnCurve;
use super::archive::{Archive, ArchiveError, Stored};
use super::checkpoint::{Saved, compiled};
use super::ended::{EndedRule, pays, steps_made};
use super::error::DaemonError;
use super::interrupt::Interrupt;
use super::learner_thread::{LearnerThread, Updated};
use super::programs::Programs;
use super::progress::Progress;
use super::records::Recorder;
use super::rollout::{Rollout, batch};
use super::runner::{Runner, SUPERVISOR_POLL};
use crate::control::{Episode, FinishedTrial};
use crate::live::Feed;
use crate::report::{DiscardedTrial, IterationMetrics, Timing};
use crate::robot::{TrialKey, TrialKind, exploration_noise};
use crate::setup::Setup;
use crate::storage::{TrialEnd, TrialMeta};
use crate::tasks::Task;

/// Most attempts per rollout that an iteration needs.
const ATTEMPTS: usize = 2;

/// Finished rollouts of an iteration, by their number in it.
#[derive(Default)]
struct Collected {
    usable: BTreeMap<u64, Rollout>,
    discarded: Vec<DiscardedTrial>,
    made: BTreeSet<u64>,
}

/// The end of the iterations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All iterations are done.
    Complete,
    /// The program was asked to end. The run can be resumed.
    Interrupted,
}

/// A run in progress.
pub struct Learning<'a> {
    setup: &'a Setup,
    task: &'a dyn Task,
    archive: &'a mut Archive,
    recorder: Recorder<'a>,
    /// Judges beside the task.
    programs: Option<&'a Programs>,
    thread: LearnerThread,
    saved: Arc<Saved>,
    /// Metrics of past iterations, reduced to the data of the learning curve.
    lines: Vec<IterationMetrics>,
    curve: DrawnCurve,
    next_trial: u64,
    collected: Collected,
    /// What becomes of strokes that a limit ended.
    ended: EndedRule,
    /// The live page.
    live: Option<Feed>,
}

impl<'a> Learning<'a> {
    /// Resumes from `saved`, and from the trials in the folder that came after it.
    ///
    /// # Errors
    /// The folder cannot be used, or the learner's thread does not start.
    pub fn new(
        setup: &'a Setup,
        task: &'a dyn Task,
        archive: &'a mut Archive,
        saved: Arc<Saved>,
    ) -> Result<Self, DaemonError> {
        let iteration = saved.learner.iteration() as u64;
        archive.recover();
        archive.now(move |folder| folder.retain_metrics(iteration))?;
        let lines = archive.view().metrics()?.into_iter().map(IterationMetrics::reduced).collect();
        let mut collected = Collected::default();
        let law = saved.learner.law().compile()?;
        let ended = EndedRule::new(setup, &*saved.learner);
        let found = archive.view().trials_after(iteration)?;
        for damaged in &found.damaged {
            warn!("passed over, and made again: {damaged}");
        }
        for (episode, meta) in found.trials {
            if !fits(&episode, &meta, setup, task) {
                warn!(
                    "passed over, and made again: trial {} does not have the robot's and the task's shapes",
                    meta.trial
                );
                continue;
            }
            let episode = Arc::new(episode);
            let judgement = Programs::stored(setup, &meta, task.judge(&episode));
            match meta.end {
                TrialEnd::Completed | TrialEnd::BrokenOff { .. } => {
                    let Some(judgement) = judgement else {
                        warn!("passed over, and made again: trial {} has no judge's reward of each step", meta.trial);
                        continue;
                    };
                    let judgement = match meta.end {
                        TrialEnd::BrokenOff { .. } => ended.priced(&episode, task, judgement),
                        _ => judgement,
                    };
                    // Parameters drawn once per trial depend on the key alone, so they are drawn
                    // again.
                    let key = TrialKey { kind: TrialKind::Learn, iteration, rollout: meta.rollout };
                    let noise = exploration_noise(setup.config.run.seed, &key, law.noise_len());
                    let rollout = Rollout::new(meta.trial, episode, judgement, &law, &noise);
                    collected.usable.insert(meta.rollout, rollout);
                }
                TrialEnd::Invalid { reason } | TrialEnd::Fault { reason } => {
                    collected.discarded.push(DiscardedTrial { trial: meta.trial, reason });
                }
            }
            collected.made.insert(meta.rollout);
        }
        Ok(Self {
            thread: LearnerThread::spawn(saved.learner.clone(), setup.reward()?)?,
            next_trial: archive.view().trials()?.last().map_or(1, |(number, _)| number + 1),
            recorder: Recorder::new(setup, task)?,
            programs: None,
            setup,
            task,
            archive,
            saved,
            lines,
            curve: DrawnCurve::default(),
            collected,
            ended,
            live: None,
        })
    }

    /// Adds judges beside the task.
    #[must_use]
    pub fn judged_by(self, programs: &'a Programs) -> Self {
        Self { programs: Some(programs), ..self }
    }

    /// Shows trials and iterations on a live page, the past iterations of a resumed run too.
    #[must_use]
    pub fn shown_on(self, live: Option<Feed>) -> Self {
        if let Some(live) = &live {
            self.lines.iter().for_each(|line| live.iteration(line.clone()));
        }
        Self { live, ..self }
    }

    /// The live page.
    pub fn live(&self) -> Option<Feed> {
        self.live.clone()
    }

    /// The state after the last complete iteration.
    pub fn saved(&self) -> &Arc<Saved> {
        &self.saved
    }

    /// Iterates until the configured number of iterations is done or the program is asked to end.
    ///
    /// # Errors
    /// The reason why the run cannot continue. All results so far are stored.
    pub async fn run(&mut self, runner: &mut Runner, interrupt: &Interrupt) -> Result<Ended, DaemonError> {
        let run = &self.setup.config.run;
        let done = self.saved.learner.iteration();
        let made = done * run.rollouts + self.collected.usable.len();
        let mut progress = Progress::new(made, run.iterations * run.rollouts, self.archive.view().directory());
        let result = match self.iterate(runner, interrupt, &mut progress).await {
            Err(DaemonError::Runner(_)) if interrupt.asked() => Ok(Ended::Interrupted),
            Err(error @ DaemonError::Runner(_)) => self.check_programs().and(Err(error)),
            other => other,
        };
        progress.finish();
        if !matches!(result, Ok(Ended::Complete)) {
            // The robot gets the safe command before the disk is waited for.
            runner.end_loop();
        }
        let drawn = self.keep_curve();
        let settled = self.settle(Some(runner)).await;
        result.and_then(|ended| settled.and(drawn).map(|()| ended))
    }

    /// Waits until all jobs are stored.
    ///
    /// # Errors
    /// The error of the disk.
    pub async fn settle(&mut self, mut runner: Option<&mut Runner>) -> Result<(), DaemonError> {
        let mut outcome = Ok(());
        while self.archive.is_busy() {
            let looked_after = async {
                let alive = match &mut runner {
                    Some(runner) => runner.idle().await.is_ok(),
                    None => false,
                };
                if !alive {
                    tokio::time::sleep(SUPERVISOR_POLL).await;
                }
            };
            let stored = tokio::select! {
                stored = self.archive.stored() => stored,
                () = looked_after => continue,
            };
            match stored {
                Ok(stored) => tell(stored, runner.as_deref_mut()),
                Err(lost @ ArchiveError::Lost) => return Err(lost.into()),
                Err(error) => outcome = outcome.and(Err(error.into())),
            }
        }
        outcome
    }

    /// Waits for the next finished trial, and reports the jobs stored meanwhile. While the disk is
    /// far behind, no trial is taken.
    ///
    /// # Errors
    /// The error of the disk, or the end of the loop.
    pub async fn next(&mut self, runner: &mut Runner) -> Result<FinishedTrial, DaemonError> {
        loop {
            let stored = if self.archive.has_room() {
                tokio::select! {
                    biased;
                    stored = self.archive.stored() => stored?,
                    trial = runner.next() => return Ok(trial?),
                }
            } else {
                tokio::select! {
                    biased;
                    stored = self.archive.stored() => stored?,
                    alive = runner.idle() => { alive?; continue }
                }
            };
            tell(stored, Some(runner));
        }
    }

    async fn iterate(
        &mut self,
        runner: &mut Runner,
        interrupt: &Interrupt,
        progress: &mut Progress,
    ) -> Result<Ended, DaemonError> {
        while self.saved.learner.iteration() < self.setup.config.run.iterations {
            let start = Instant::now();
            self.collect(runner, interrupt, progress).await?;
            let rollout_time = start.elapsed();
            let usable = self.collected.usable.values();
            let rollouts: Vec<Rollout> = usable.take(self.setup.config.run.rollouts).cloned().collect();
            if let Some((broken_off, whole)) = pays(&rollouts, self.task.horizon()) {
                warn!(
                    "strokes that were ended return {broken_off:.3} on average, those made to their end {whole:.3}: raise \
                     run.ended_penalty"
                );
            }
            self.thread.submit(batch(&rollouts, self.task.horizon(), self.ended.price()))?;
            let Some(updated) = self.await_update(runner, interrupt).await? else { return Ok(Ended::Interrupted) };
            if self.leave_out(&runner.take_marked()) {
                // The learner before the update takes the remaining rollouts and a replacement.
                self.thread = LearnerThread::spawn(self.saved.learner.clone(), self.setup.reward()?)?;
                continue;
            }
            let mut timing = Timing::default();
            timing.stages.insert("rollouts".into(), rollout_time.as_secs_f64());
            let discarded = std::mem::take(&mut self.collected).discarded;
            self.store(&rollouts, discarded, updated, timing, progress)?;
            if interrupt.asked() {
                return Ok(Ended::Interrupted);
            }
        }
        Ok(Ended::Complete)
    }

    /// Waits for the update while the arm goes home. If the program is asked to end, the update is
    /// still awaited and saved. If it is asked to hurry, returns `None`; a resumed run repeats the
    /// update from the same rollouts.
    async fn await_update(
        &mut self,
        runner: &mut Runner,
        interrupt: &Interrupt,
    ) -> Result<Option<Updated>, DaemonError> {
        let patience = Duration::from_secs_f64(self.setup.config.run.update_timeout);
        loop {
            if let Some(updated) = self.thread.poll(patience)? {
                let updated = updated?;
                // The check comes before any storage, so that a bad law cannot replace the last
                // good state.
                compiled(&updated.learner.law(), self.setup, self.task)?;
                return Ok(Some(updated));
            }
            if interrupt.hurried() {
                return Ok(None);
            }
            let stored = tokio::select! {
                stored = self.archive.stored() => stored?,
                () = self.thread.ready() => continue,
                alive = runner.idle() => match alive {
                    Err(_) if interrupt.asked() => { tokio::time::sleep(SUPERVISOR_POLL).await; continue }
                    alive => { alive?; continue }
                },
            };
            tell(stored, Some(runner));
        }
    }

    fn check_programs(&self) -> Result<(), DaemonError> {
        self.programs.map_or(Ok(()), Programs::check)
    }

    /// Makes trials until the iteration has all its rollouts.
    async fn collect(
        &mut self,
        runner: &mut Runner,
        interrupt: &Interrupt,
        progress: &mut Progress,
    ) -> Result<(), DaemonError> {
        let at_a_time = if self.programs.is_some_and(Programs::one_by_one) { 1 } else { usize::MAX };
        let wanted = self.setup.config.run.rollouts;
        let iteration = self.saved.learner.iteration() as u64;
        let law = self.saved.learner.law().compile()?;
        let mut under_way = 0;
        let mut rollout = 0;
        while self.collected.usable.len() < wanted {
            while self.collected.usable.len() + under_way < wanted && under_way < at_a_time {
                if self.collected.made.len() >= ATTEMPTS * wanted {
                    let reason = self.collected.discarded.last().map_or_else(String::new, |trial| trial.reason.clone());
                    return Err(DaemonError::TooFewTrials {
                        iteration: iteration + 1,
                        usable: self.collected.usable.len(),
                        attempts: self.collected.made.len(),
                        wanted,
                        reason,
                    });
                }
                while !self.collected.made.insert(rollout) {
                    rollout += 1;
                }
                runner.order(TrialKey { kind: TrialKind::Learn, iteration, rollout }, &law, true);
                under_way += 1;
            }
            if runner.take_evaluation() {
                let key = TrialKey { kind: TrialKind::Evaluate, iteration, rollout: self.next_trial };
                runner.order(key, &law, false);
            }
            if runner.take_save() {
                let save = self.checkpoint()?;
                self.archive.give(move |folder| save(folder).map(|()| Stored::Other));
            }
            let trial = self.next(runner).await?;
            self.keep_black_boxes(runner);
            if trial.order.key.kind == TrialKind::Evaluate {
                self.keep_evaluation(&trial, runner, interrupt).await;
            } else {
                under_way -= 1;
                let judged = self.judge(&trial, Some(runner), interrupt).await;
                if self.keep(&trial, judged) {
                    progress.trial();
                }
            }
            self.check_programs()?;
            runner.recycle(trial);
            self.leave_out(&runner.take_marked());
        }
        Ok(())
    }
}

/// Whether a stored trial has the shapes required for judging and learning. A checksum proves that
/// a file is intact, not that its content makes sense.
fn fits(episode: &Episode, meta: &TrialMeta, setup: &Setup, task: &dyn Task) -> bool {
    let joints = setup.model.dof();
    let dims = [episode.joints, episode.task_values, episode.state_dim, episode.action_dim];
    let found = [episode.states.len(), episode.actions.len(), episode.sent_actions.len()];
    let (state_dim, horizon) = (task.state_dim(), task.horizon());
    let rows = |states: usize, actions: usize| [states * state_dim, actions * joints, actions * joints];
    let sound = match meta.end {
        TrialEnd::Completed => found == rows(horizon + 1, horizon),
        TrialEnd::BrokenOff { .. } => {
            let begun = steps_made(episode) + 1;
            begun <= horizon && found == rows(begun, begun)
        }
        TrialEnd::Invalid { .. } | TrialEnd::Fault { .. } => true,
    };
    dims == [joints, task.task_values(), state_dim, joints] && sound
}

/// Informs the operator of a finished job.
fn tell(stored: Stored, runner: Option<&mut Runner>) {
    match (stored, runner) {
        (Stored::Trial(meta), Some(runner)) => runner.tell(|watcher| watcher.trial(&meta)),
        (Stored::Iteration(line), Some(runner)) => runner.tell(|watcher| watcher.iteration(&line)),
        (Stored::BlackBox(path), _) => warn!("the last control cycles before the fault are in {}", path.display()),
        (Stored::Trial(_) | Stored::Iteration(_) | Stored::Other | Stored::Skipped, _) => {}
    }
}

#[cfg(test)]
mod ended_strokes;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod loop_faults;
#[cfg(test)]
mod tests {
    use super::super::beginning::create;
    use super::super::records::tests::stroke;
    use super::*;
    use crate::storage::{RunFolder, RunInfo, files::Disk};
    use moto_learners::Learners;
    use moto_learners::episodic::RepsConfig;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn a_trial_marked_failed_after_it_was_over_is_left_out_for_good() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
        let setup = Setup::load(&config, |_| {}).unwrap();
        let task = setup.task().unwrap();
        let (place, text) = (tempfile::tempdir().unwrap(), String::new());
        let info = RunInfo {
            robot: setup.model.name().into(),
            task: task.name().into(),
            seed: setup.config.run.seed,
            version: text.clone(),
            command_line: Vec::new(),
            started: 0,
            settings: serde_json::Value::Null,
        };
        let folder = RunFolder::create(Arc::new(Disk), &place.path().join("run"), info, &text, &text).unwrap();
        let mut archive = Archive::start(folder).unwrap();
        let learner = setup.learner(&task.start().unwrap()).unwrap();
        let saved = Arc::new(Saved { learner, episodes: 0 });
        let mut learning = Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap();
        let trials = [0, 1].map(|rollout| stroke(&*task, TrialKey { kind: TrialKind::Learn, iteration: 0, rollout }));
        for trial in &trials {
            assert!(learning.keep(trial, task.judge(trial.episode()).into()));
        }
        assert!(learning.leave_out(&[trials[0].order.key]));
        let left = |learning: &Learning| {
            let discarded: Vec<u64> = learning.collected.discarded.iter().map(|trial| trial.trial).collect();
            (learning.collected.usable.keys().copied().collect::<Vec<_>>(), discarded)
        };
        assert_eq!(left(&learning), (vec![1], vec![1]));
        // A resumed run discards the trial too.
        drop(learning);
        assert_eq!(left(&Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap()), (vec![1], vec![1]));
        // A trial with a right checksum and wrong shapes is discarded too: judging it would index
        // out of bounds.
        for spoil in [
            (|episode| episode.task_values = 7) as fn(&mut Episode),
            |episode| episode.states.truncate(30 * 24),
            |episode| episode.sent_actions.clear(),
        ] {
            let mut other = stroke(&*task, TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: 2 });
            spoil(&mut other.order.buffers.episode);
            let mut learning = Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap();
            let judged = task.judge(trials[0].episode()).into();
            learning.store_trial(&other, &judged);
            drop(learning);
            // The test requires that the spoiled trial was stored.
            archive.now(|_| Ok(())).unwrap();
            assert_eq!(left(&Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap()), (vec![1], vec![1]));
        }
    }

    #[test]
    fn what_a_law_drew_once_for_a_rollout_is_the_same_after_a_resume() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
        let setup = Setup::load(&config, |config| {
            config.learner = Learners::chosen(&RepsConfig::default()).unwrap();
        });
        let setup = setup.unwrap();
        let task = setup.task().unwrap();
        let place = tempfile::tempdir().unwrap();
        let learner = setup.learner(&task.start().unwrap()).unwrap();
        let law = learner.law().compile().unwrap();
        let saved = Saved { learner, episodes: 0 };
        let folder = create(&setup, &*task, Some(place.path().join("run")), &saved).unwrap();
        let mut archive = Archive::start(folder).unwrap();
        let saved = Arc::new(saved);
        let mut learning = Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap();
        for rollout in 0..2 {
            let key = TrialKey { kind: TrialKind::Learn, iteration: 0, rollout };
            let mut trial = stroke(&*task, key);
            trial.order.noise = exploration_noise(setup.config.run.seed, &key, law.noise_len());
            trial.order.law = law.clone();
            let judged = task.judge(trial.episode()).into();
            assert!(learning.keep(&trial, judged));
        }
        let drawn = |learning: &Learning| -> Vec<Vec<f64>> {
            learning.collected.usable.values().map(|rollout| rollout.parameters.clone()).collect()
        };
        let before = drawn(&learning);
        assert!(before[0].len() == 18 && before[0] != before[1], "{before:?}");
        drop(learning);
        assert_eq!(drawn(&Learning::new(&setup, &*task, &mut archive, saved).unwrap()), before);
    }
}
