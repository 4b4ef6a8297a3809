//! The iterations of a run: rollouts, update, and everything on the disk before the next begins.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use tracing::warn;

use super::checkpoint::Saved;
use super::error::DaemonError;
use super::interrupt::Interrupt;
use super::learner_thread::{LearnerThread, Updated};
use super::progress::{IterationSummary, Progress};
use super::records::{Recorder, metrics};
use super::rollout::{Rollout, batch};
use super::runner::{MARKED_FAILED, Runner, complaint};
use super::{Setup, save};
use crate::control::FinishedTrial;
use crate::policy::{CompiledPolicy, Law};
use crate::report::{DiscardedTrial, IterationMetrics, Timing, learning_curve_svg};
use crate::robot::{TrialKey, TrialKind};
use crate::storage::{RunFolder, TrialEnd, TrialMeta};
use crate::tasks::{Judgement, Task};

const LEARNING_CURVE: &str = "learning_curve.svg";
/// Attempts an iteration may make for each rollout it needs.
const ATTEMPTS: usize = 2;

/// The rollouts of an iteration that are done, by their number in it.
#[derive(Default)]
struct Collected {
    usable: BTreeMap<u64, Rollout>,
    discarded: Vec<DiscardedTrial>,
    made: BTreeSet<u64>,
}

/// How the iterations ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All are done.
    Complete,
    /// Somebody stopped the program; the run can go on.
    Interrupted,
}

/// A run that learns.
pub struct Learning<'a> {
    setup: &'a Setup,
    task: &'a dyn Task,
    folder: &'a mut RunFolder,
    recorder: Recorder<'a>,
    thread: LearnerThread,
    saved: Saved,
    lines: Vec<IterationMetrics>,
    next_trial: u64,
    collected: Collected,
}

impl<'a> Learning<'a> {
    /// Goes on from `saved`, with what the folder holds beyond it.
    ///
    /// # Errors
    /// What is wrong with the folder, or that the learner's thread does not start.
    pub fn new(
        setup: &'a Setup,
        task: &'a dyn Task,
        folder: &'a mut RunFolder,
        saved: Saved,
    ) -> Result<Self, DaemonError> {
        let iteration = saved.learner.iteration() as u64;
        folder.retain_metrics(iteration)?;
        let lines = folder.view().metrics()?;
        let mut collected = Collected::default();
        let found = folder.view().trials_after(iteration)?;
        for damaged in &found.damaged {
            warn!("passed over, and made again: {damaged}");
        }
        for (episode, meta) in found.trials {
            collected.made.insert(meta.rollout);
            match meta.end {
                TrialEnd::Completed => {
                    let judgement = task.judge(&episode);
                    collected.usable.insert(meta.rollout, Rollout { trial: meta.trial, episode, judgement });
                }
                TrialEnd::Invalid { reason } | TrialEnd::Fault { reason } => {
                    collected.discarded.push(DiscardedTrial { trial: meta.trial, reason });
                }
            }
        }
        Ok(Self {
            thread: LearnerThread::spawn(saved.learner.clone(), setup.task()?)?,
            next_trial: folder.next_trial()?,
            recorder: Recorder::new(setup, task),
            setup,
            task,
            folder,
            saved,
            lines,
            collected,
        })
    }

    /// What is learned so far.
    pub fn saved(&self) -> &Saved {
        &self.saved
    }

    /// Iterates until the configured number is reached or somebody stops the program.
    ///
    /// # Errors
    /// Whatever keeps it from going on; what was done is saved.
    pub async fn run(&mut self, runner: &mut Runner, interrupt: &Interrupt) -> Result<Ended, DaemonError> {
        let run = &self.setup.config.run;
        let done = self.saved.learner.iteration();
        let progress = Progress::new(done * run.rollouts + self.collected.usable.len(), run.iterations * run.rollouts);
        let result = self.iterate(runner, interrupt, &progress).await;
        progress.finish();
        match result {
            Err(_) if interrupt.asked() => Ok(Ended::Interrupted),
            other => other,
        }
    }

    async fn iterate(
        &mut self,
        runner: &mut Runner,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<Ended, DaemonError> {
        while self.saved.learner.iteration() < self.setup.config.run.iterations {
            let start = Instant::now();
            self.collect(runner, progress).await?;
            let rollout_time = start.elapsed();
            let collected = std::mem::take(&mut self.collected);
            let rollouts: Vec<Rollout> = collected.usable.into_values().take(self.setup.config.run.rollouts).collect();
            self.thread.submit(batch(&rollouts))?;
            // The arm goes home meanwhile. Also when somebody stops the program, the update is waited for and saved.
            let updated = loop {
                if let Some(updated) = self.thread.poll()? {
                    break updated?;
                }
                match runner.idle().await {
                    Err(_) if interrupt.asked() => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                    alive => alive?,
                }
            };
            let mut timing = Timing::default();
            timing.stages.insert("rollouts".into(), rollout_time.as_secs_f64());
            self.store(&rollouts, collected.discarded, updated, timing, progress)?;
            if let Some(line) = self.lines.last() {
                runner.tell(|watcher| watcher.iteration(line));
            }
            if interrupt.asked() {
                return Ok(Ended::Interrupted);
            }
        }
        Ok(Ended::Complete)
    }

    /// Makes trials until the iteration has its rollouts.
    async fn collect(&mut self, runner: &mut Runner, progress: &Progress) -> Result<(), DaemonError> {
        let wanted = self.setup.config.run.rollouts;
        let iteration = self.saved.learner.iteration() as u64;
        let law = Law::from(CompiledPolicy::new(self.saved.learner.policy())?);
        let mut under_way = 0;
        let mut rollout = 0;
        while self.collected.usable.len() < wanted {
            while self.collected.usable.len() + under_way < wanted {
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
                save(self.setup, self.task, self.folder, &self.saved)?;
            }
            let trial = runner.next().await?;
            self.keep_black_boxes(runner)?;
            let meta = if trial.order.key.kind == TrialKind::Evaluate {
                self.keep_evaluation(&trial)?.1
            } else {
                under_way -= 1;
                let (usable, meta) = self.keep(&trial)?;
                if usable {
                    progress.trial();
                }
                meta
            };
            runner.tell(|watcher| watcher.trial(&meta));
            runner.recycle(trial);
            self.leave_out(&runner.take_marked())?;
        }
        Ok(())
    }

    /// Stores a trial and takes it as a rollout if it can be learned from.
    fn keep(&mut self, trial: &FinishedTrial) -> Result<(bool, TrialMeta), DaemonError> {
        let judgement = self.task.judge(trial.episode());
        let meta = self.store_trial(trial, &judgement)?;
        let usable = match &meta.end {
            TrialEnd::Completed => {
                let rollout = Rollout { trial: meta.trial, episode: trial.episode().clone(), judgement };
                self.collected.usable.insert(trial.order.key.rollout, rollout);
                true
            }
            TrialEnd::Invalid { reason } | TrialEnd::Fault { reason } => {
                warn!("trial {} is kept but not learned from: {reason}", meta.trial);
                self.collected.discarded.push(DiscardedTrial { trial: meta.trial, reason: reason.clone() });
                false
            }
        };
        Ok((usable, meta))
    }

    /// Leaves out what the operator marked failed after it was over. What was learned from stays learned.
    fn leave_out(&mut self, marked: &[TrialKey]) -> Result<(), DaemonError> {
        let iteration = self.saved.learner.iteration() as u64;
        for key in marked.iter().filter(|key| key.kind == TrialKind::Learn) {
            if key.iteration < iteration {
                warn!(
                    "rollout {} of iteration {} was marked failed after it was learned from",
                    key.rollout,
                    key.iteration + 1
                );
            } else if let Some(rollout) = self.collected.usable.remove(&key.rollout) {
                warn!("trial {} is kept but not learned from: {MARKED_FAILED}", rollout.trial);
                self.folder.invalidate_trial(rollout.trial, MARKED_FAILED)?;
                self.collected.discarded.push(DiscardedTrial { trial: rollout.trial, reason: MARKED_FAILED.into() });
            }
        }
        Ok(())
    }

    fn store_trial(&mut self, trial: &FinishedTrial, judgement: &Judgement) -> Result<TrialMeta, DaemonError> {
        let meta = self.recorder.trial(self.next_trial, trial, judgement);
        self.folder.write_trial(trial.episode(), &meta)?;
        self.next_trial += 1;
        Ok(meta)
    }

    /// Stores a trial that is not for learning and says what the task made of it.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub fn keep_evaluation(&mut self, trial: &FinishedTrial) -> Result<(Judgement, TrialMeta), DaemonError> {
        let judgement = self.task.judge(trial.episode());
        let meta = self.store_trial(trial, &judgement)?;
        Ok((judgement, meta))
    }

    /// Stores what a loop that was stopped still had: trials that were over by then.
    ///
    /// # Errors
    /// If they cannot be stored.
    pub fn keep_last(&mut self, trials: &[FinishedTrial]) -> Result<(), DaemonError> {
        for trial in trials.iter().filter(|trial| complaint(trial).is_none()) {
            let judgement = self.task.judge(trial.episode());
            self.store_trial(trial, &judgement)?;
        }
        Ok(())
    }

    fn keep_black_boxes(&mut self, runner: &mut Runner) -> Result<(), DaemonError> {
        while let Some(black_box) = runner.black_box() {
            let (episode, meta) = self.recorder.black_box(self.next_trial, &black_box);
            let path = self.folder.write_black_box(&episode, &meta)?;
            warn!("the last control cycles before the fault are in {}", path.display());
            runner.recycle_black_box(black_box);
        }
        Ok(())
    }

    /// Puts an iteration on the disk: metrics first, so that a checkpoint never lacks its line.
    fn store(
        &mut self,
        rollouts: &[Rollout],
        discarded: Vec<DiscardedTrial>,
        updated: Updated,
        mut timing: Timing,
        progress: &Progress,
    ) -> Result<(), DaemonError> {
        let Updated { learner, report, duration } = updated;
        let seconds = &report.seconds;
        for (stage, time) in [
            ("intake", seconds.intake),
            ("weights", seconds.weights),
            ("designs", seconds.designs),
            ("backward", seconds.backward),
            ("update", seconds.update),
            ("learner", duration.as_secs_f64()),
        ] {
            timing.stages.insert(stage.into(), time);
        }
        let episodes = self.saved.episodes + (rollouts.len() + discarded.len()) as u64;
        let line = metrics(&report, rollouts, episodes, discarded, timing);
        progress.iteration(&IterationSummary {
            iteration: report.iteration,
            trials: (report.iteration + 1) * rollouts.len(),
            mean_return: report.mean_return,
            success: line.success,
            kl: report.mean_kl,
            effective_samples: report.mean_effective_samples,
            update_time: duration,
        });
        self.saved = Saved { learner, episodes };
        self.folder.append_metrics(&line)?;
        save(self.setup, self.task, self.folder, &self.saved)?;
        self.lines.push(line);
        let title = format!("{}, seed {}", self.setup.title(), self.setup.config.run.seed);
        self.folder.write_file(LEARNING_CURVE, learning_curve_svg(&title, &self.lines)?.as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::tests::stroke;
    use super::*;
    use crate::moto::{Learner, StateScales};
    use crate::storage::{RunInfo, files::Disk};
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
        };
        let mut folder = RunFolder::create(Arc::new(Disk), &place.path().join("run"), info, &text, &text).unwrap();
        let initial = task.initial_policy().unwrap();
        let scales = StateScales(task.state_scales());
        let learner = Learner::new(setup.config.learner.clone(), initial, scales).unwrap();
        let saved = Saved { learner, episodes: 0 };
        let mut learning = Learning::new(&setup, &*task, &mut folder, saved.clone()).unwrap();
        let trials = [0, 1].map(|rollout| stroke(&*task, TrialKey { kind: TrialKind::Learn, iteration: 0, rollout }));
        for trial in &trials {
            assert!(learning.keep(trial).unwrap().0);
        }
        learning.leave_out(&[trials[0].order.key]).unwrap();
        let left = |learning: &Learning| {
            let discarded: Vec<u64> = learning.collected.discarded.iter().map(|trial| trial.trial).collect();
            (learning.collected.usable.keys().copied().collect::<Vec<_>>(), discarded)
        };
        assert_eq!(left(&learning), (vec![1], vec![1]));
        // A resumed run leaves it out too.
        drop(learning);
        assert_eq!(left(&Learning::new(&setup, &*task, &mut folder, saved).unwrap()), (vec![1], vec![1]));
    }
}
