//! Stores trials as they end, and iterations when they are complete.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moto_learners::LearnerError;
use tracing::{info, warn};

use super::Learning;
use crate::control::{Episode, FinishedTrial, Latency};
use crate::report::page::Deadlines;
use crate::report::{DiscardedTrial, Timing, learning_curve_svg};
use crate::robot::{TrialKey, TrialKind};
use crate::storage::{DEADLINES_FILE, RunFolder, StorageError, TrialEnd, TrialMeta};
use crate::supervisor::archive::Stored;
use crate::supervisor::checkpoint::{Saved, header};
use crate::supervisor::error::DaemonError;
use crate::supervisor::interrupt::Interrupt;
use crate::supervisor::learner_thread::Updated;
use crate::supervisor::programs::Judged;
use crate::supervisor::progress::{IterationSummary, Progress};
use crate::supervisor::records::metrics;
use crate::supervisor::rollout::Rollout;
use crate::supervisor::runner::{MARKED_FAILED, Runner, cut_short};
use crate::tasks::Judgement;

const LEARNING_CURVE: &str = "learning_curve.svg";
/// Time between two pictures of the curve. One of each of many iterations would take longer and longer.
const CURVE_EVERY: Duration = Duration::from_secs(3);

/// The curve that is stored.
#[derive(Default)]
pub(super) struct DrawnCurve {
    iterations: usize,
    at: Option<Instant>,
}

impl Learning<'_> {
    /// Stores a trial, and keeps it as a rollout if it is usable. Returns whether it is.
    pub(super) fn keep(&mut self, trial: &FinishedTrial, judged: Judged) -> bool {
        let (meta, episode) = self.store_trial(trial, &judged);
        let judgement = judged.judgement;
        if let TrialEnd::BrokenOff { reason } = &meta.end {
            info!("trial {} is learned from up to where it was ended: {reason}", meta.trial);
        }
        match meta.end {
            TrialEnd::Completed | TrialEnd::BrokenOff { .. } => {
                let rollout = Rollout::new(meta.trial, episode, judgement, &trial.order.law, &trial.order.noise);
                self.collected.usable.insert(trial.order.key.rollout, rollout);
                true
            }
            TrialEnd::Invalid { reason } | TrialEnd::Fault { reason } => {
                warn!("trial {} is kept but not learned from: {reason}", meta.trial);
                self.collected.discarded.push(DiscardedTrial { trial: meta.trial, reason });
                false
            }
        }
    }

    /// Discards finished rollouts that the operator marked failed, and returns whether there were
    /// any. Earlier iterations are not learned again.
    pub(super) fn leave_out(&mut self, marked: &[TrialKey]) -> bool {
        let iteration = self.saved.learner.iteration() as u64;
        let mut any = false;
        for key in marked.iter().filter(|key| key.kind == TrialKind::Learn) {
            if key.iteration < iteration {
                warn!(
                    "rollout {} of iteration {} was marked failed after it was learned from",
                    key.rollout,
                    key.iteration + 1
                );
            } else if let Some(Rollout { trial, episode, .. }) = self.collected.usable.remove(&key.rollout) {
                warn!("trial {trial} is kept but not learned from: {MARKED_FAILED}");
                let stage = self.recorder.stage(&episode);
                self.archive.give(move |folder| {
                    folder.invalidate_trial(trial, MARKED_FAILED, Some(&stage)).map(|()| Stored::Other)
                });
                self.collected.discarded.push(DiscardedTrial { trial, reason: MARKED_FAILED.into() });
                any = true;
            }
        }
        any
    }

    pub(super) fn store_trial(&mut self, trial: &FinishedTrial, judged: &Judged) -> (TrialMeta, Arc<Episode>) {
        let meta = self.recorder.trial(self.next_trial, trial, judged);
        let episode = Arc::new(trial.episode().clone());
        self.next_trial += 1;
        if let Some(live) = &self.live {
            live.trial(meta.clone(), episode.clone());
        }
        let (stored, content, stage) = (meta.clone(), episode.clone(), self.recorder.stage(&episode));
        self.archive.give(move |folder| {
            folder.write_trial(&content, &stored, Some(&stage))?;
            Ok(Stored::Trial(Box::new(stored)))
        });
        (meta, episode)
    }

    /// Stores a trial that is not for learning, and returns its judgement.
    pub async fn keep_evaluation(
        &mut self,
        trial: &FinishedTrial,
        runner: &mut Runner,
        interrupt: &Interrupt,
    ) -> Judgement {
        let judged = self.judge(trial, Some(runner), interrupt).await;
        self.store_trial(trial, &judged);
        judged.judgement
    }

    /// Judges a finished trial.
    pub(super) async fn judge(
        &self,
        trial: &FinishedTrial,
        runner: Option<&mut Runner>,
        interrupt: &Interrupt,
    ) -> Judged {
        let judged: Judged = match self.programs {
            Some(programs) => programs.judge(self.task, trial, runner, interrupt).await,
            None => self.task.judge(trial.episode()).into(),
        };
        let learned = self.ended.judge(trial, self.task, &judged.judgement).filter(|_| judged.complaint.is_none());
        match learned {
            Some(judgement) => Judged { judgement, broken_off: true, ..judged },
            None => judged,
        }
    }

    /// Stores the last trials of a stopped loop, including trials ended by faults. A trial cut
    /// short by the stop itself is not stored: a resumed run makes it again.
    pub async fn keep_last(&mut self, trials: &[FinishedTrial], interrupt: &Interrupt) {
        for trial in trials.iter().filter(|trial| !cut_short(&trial.outcome)) {
            let judged = self.judge(trial, None, interrupt).await;
            self.store_trial(trial, &judged);
        }
    }

    /// Stores the black boxes of new faults.
    pub fn keep_black_boxes(&mut self, runner: &mut Runner) {
        while let Some(black_box) = runner.black_box() {
            let (episode, meta) = self.recorder.black_box(self.next_trial, &black_box);
            let stage = self.recorder.stage(&episode);
            self.archive
                .give(move |folder| folder.write_black_box(&episode, &meta, Some(&stage)).map(Stored::BlackBox));
            runner.recycle_black_box(black_box);
        }
    }

    /// Adds the loop's times to the stored histograms, if cycles ran on the wall clock.
    ///
    /// # Errors
    /// Never in practice: numbers always have a JSON form.
    pub fn keep_deadlines(&mut self, latency: &Latency) -> Result<(), DaemonError> {
        if latency.cycles == 0 {
            return Ok(());
        }
        let mut all = Deadlines::of(latency);
        let view = self.archive.view();
        match view.deadlines::<Deadlines>() {
            Ok(before) => all.iter_mut().zip(&before).for_each(|(all, before)| all.add(before)),
            Err(error) => warn!("the deadlines start anew: {error}"),
        }
        let path = view.directory().join(DEADLINES_FILE);
        let unstorable = |error: serde_json::Error| StorageError::Unstorable { path, what: error.to_string() };
        let json = serde_json::to_vec(&all).map_err(unstorable)?;
        self.archive.give(move |folder| folder.write_file(DEADLINES_FILE, &json).map(|_| Stored::Other));
        Ok(())
    }

    /// A job that writes the learner's present state as a checkpoint.
    pub(super) fn checkpoint(
        &self,
    ) -> Result<impl FnOnce(&mut RunFolder) -> Result<(), StorageError> + Send + 'static, DaemonError> {
        let header = header(self.setup, self.task, self.saved.learner.iteration() as u64)?;
        let (saved, keep) = (self.saved.clone(), self.setup.config.run.checkpoints);
        Ok(move |folder: &mut RunFolder| {
            let path = folder.view().directory().into();
            let unstorable = |error: LearnerError| StorageError::Unstorable { path, what: error.to_string() };
            folder.save_checkpoint(&saved.checkpoint(header).map_err(unstorable)?, keep).map(drop)
        })
    }

    /// Stores an iteration. Metrics come first, so that every checkpoint has its line.
    pub(super) fn store(
        &mut self,
        rollouts: &[Rollout],
        discarded: Vec<DiscardedTrial>,
        updated: Updated,
        mut timing: Timing,
        progress: &mut Progress,
    ) -> Result<(), DaemonError> {
        let Updated { learner, report, duration } = updated;
        timing.stages.extend(report.seconds.clone());
        timing.stages.insert("learner".into(), duration.as_secs_f64());
        let episodes = self.saved.episodes + (rollouts.len() + discarded.len()) as u64;
        let line = metrics(&report, rollouts, self.task.horizon(), episodes, discarded, timing);
        progress.iteration(&IterationSummary {
            iteration: report.iteration,
            trials: (report.iteration + 1) * rollouts.len(),
            rollouts: rollouts.len(),
            broken_off: line.broken_off,
            mean_return: report.mean_return,
            success: line.success,
            kl: report.kl,
            effective_samples: report.effective_samples,
            update_time: duration,
        });
        self.saved = Arc::new(Saved { learner, episodes });
        self.lines.push(line.clone().reduced());
        if let Some(live) = &self.live {
            live.iteration(line.clone());
        }
        let (save, keep) = (self.checkpoint()?, self.setup.config.run.keep_trials);
        self.archive.give(move |folder| {
            folder.append_metrics(&line)?;
            save(folder)?;
            folder.thin_trials(keep)?;
            Ok(Stored::Iteration(Box::new(line)))
        });
        if self.curve.at.is_none_or(|at| at.elapsed() >= CURVE_EVERY) {
            self.keep_curve()?;
        }
        Ok(())
    }

    /// Draws the learning curve, unless the one that is stored has all iterations.
    pub(super) fn keep_curve(&mut self) -> Result<(), DaemonError> {
        if self.curve.iterations < self.lines.len() {
            let title = format!("{}, seed {}", self.setup.title(), self.setup.config.run.seed);
            let curve = learning_curve_svg(&title, &self.lines)?;
            self.archive.give(move |folder| folder.write_file(LEARNING_CURVE, curve.as_bytes()).map(|_| Stored::Other));
            self.curve = DrawnCurve { iterations: self.lines.len(), at: Some(Instant::now()) };
        }
        Ok(())
    }
}
