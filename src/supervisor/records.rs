//! Records of trials, faults and updates.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use moto_learners::moto::{StepOutcome, StepReport};
use moto_learners::{Report, Verdict};

use super::programs::Judged;
use super::rollout::{Rollout, is_finite};
use super::runner::complaint;
use crate::control::{Abort, BlackBox, Episode, FinishedTrial, Outcome};
use crate::report::{DiscardedTrial, GuardDecision, IterationMetrics, PerStep, Summary, Timing};
use crate::robot::TrialKind;
use crate::setup::{ConfigError, Setup};
use crate::storage::{TrialEnd, TrialMeta};
use crate::tasks::Task;
use crate::view::{Arm, Stage};

/// Makes the records of a run's trials.
pub struct Recorder<'a> {
    setup: &'a Setup,
    task: &'a dyn Task,
    arm: Arc<Arm>,
}

impl<'a> Recorder<'a> {
    /// A recorder for the trials of a run.
    ///
    /// # Errors
    /// A robot description that is none.
    pub fn new(setup: &'a Setup, task: &'a dyn Task) -> Result<Self, ConfigError> {
        Ok(Self { setup, task, arm: Arc::new(setup.arm()?) })
    }

    /// What viewers draw of a stroke.
    pub fn stage(&self, episode: &Episode) -> Stage {
        Stage { arm: self.arm.clone(), surroundings: self.task.surroundings(episode) }
    }

    /// The record stored beside the episode of trial `number`.
    pub fn trial(&self, number: u64, trial: &FinishedTrial, judged: &Judged) -> TrialMeta {
        let key = trial.order.key;
        let Judged { judgement, complaint: unjudged, broken_off } = judged;
        let complaint = complaint(trial, &self.task.observed())
            .or_else(|| (!is_finite(trial.episode(), judgement)).then(|| "it holds a non-finite number".into()));
        let complaint = match (unjudged, complaint) {
            // The loop's complaint comes after the program's.
            (Some(first), Some(then)) => Some(format!("{first}; then {then}")),
            (first, then) => first.clone().or(then),
        };
        let end = match (&trial.outcome, complaint) {
            (_, None) => TrialEnd::Completed,
            (_, Some(reason)) if *broken_off => TrialEnd::BrokenOff { reason },
            (Outcome::Aborted(Abort::Fault(_)), Some(reason)) => TrialEnd::Fault { reason },
            (_, Some(reason)) => TrialEnd::Invalid { reason },
        };
        let stroke = &trial.order.buffers.latency.stroke;
        TrialMeta {
            iteration: key.iteration + u64::from(key.kind == TrialKind::Learn),
            rollout: key.rollout,
            evaluation: key.kind == TrialKind::Evaluate,
            end,
            total_reward: judgement.total_reward.is_finite().then_some(judgement.total_reward),
            success: Some(judgement.success),
            distance: judgement.distance,
            outcome_dim: judgement.outcomes.nrows(),
            outcomes: judgement.outcomes.as_slice().into(),
            // Latency is not measured in lockstep.
            latency: (stroke.cycles > 0).then(|| stroke.summary()),
            ..self.blank(number)
        }
    }

    /// The last cycles before a fault, as a trial without policy steps.
    pub fn black_box(&self, number: u64, black_box: &BlackBox) -> (Episode, TrialMeta) {
        let mut episode =
            Episode { joints: self.setup.model.dof(), task_values: self.task.task_values(), ..Episode::default() };
        for cycle in black_box.cycles() {
            if episode.time.is_empty() {
                episode.start = cycle.mark.release;
            }
            // The clock may have jumped back: that is a fault, too.
            episode.time.push(cycle.mark.release.saturating_sub(episode.start));
            episode.position.extend(cycle.position);
            episode.velocity.extend(cycle.velocity);
            episode.task.extend(cycle.task);
            episode.asked.extend(cycle.asked);
            episode.sent.extend(cycle.sent);
        }
        let end = TrialEnd::Fault { reason: "the last control cycles before a fault".into() };
        (episode, TrialMeta { end, ..self.blank(number) })
    }

    fn blank(&self, number: u64) -> TrialMeta {
        let control = &self.setup.config.control;
        TrialMeta {
            trial: number,
            robot: self.setup.model.name().into(),
            task: self.task.name().into(),
            joint_names: self.setup.config.robot.joints.clone(),
            seed: self.setup.config.run.seed,
            iteration: 0,
            rollout: 0,
            evaluation: false,
            end: TrialEnd::Completed,
            total_reward: None,
            success: None,
            distance: None,
            outcome_dim: 0,
            outcomes: Vec::new(),
            // A clock set before 1970 must not cost a trial.
            wall_start: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            step_period: control.period() * control.decimation as u32,
            latency: None,
            observed: self.task.observed(),
        }
    }
}

/// The metrics line of an iteration of strokes of `horizon` steps.
pub fn metrics(
    report: &Report,
    rollouts: &[Rollout],
    horizon: usize,
    episodes: u64,
    discarded: Vec<DiscardedTrial>,
    timing: Timing,
) -> IterationMetrics {
    let returns: Vec<f64> = rollouts.iter().map(|r| r.judgement.total_reward).collect();
    let share = |of: &dyn Fn(&Rollout) -> f64| rollouts.iter().map(of).sum::<f64>() / rollouts.len() as f64;
    let distances: Vec<f64> =
        rollouts.iter().filter_map(|r| r.judgement.distance.filter(|_| r.judgement.success)).collect();
    let step = |of: fn(&StepReport) -> f64| report.steps.iter().map(of).collect::<Vec<f64>>();
    let last = |of: fn(&StepOutcome) -> f64| report.last_update.iter().map(of).collect::<Vec<f64>>();
    let steps = PerStep {
        kl_asked: vec![report.epsilon.unwrap_or(f64::NAN); report.steps.len()],
        kl: step(|s| s.kl),
        kl_new_states: last(|s| s.kl_new_states),
        state_shift: last(|s| s.state_shift),
        predicted_improvement: step(|s| s.expected_advantage),
        eta: step(|s| s.eta),
        omega: step(|s| s.omega),
        entropy: step(|s| s.entropy),
        effective_samples: step(|s| s.effective_samples),
        ridge: step(|s| s.ridge),
        degrees_of_freedom: step(|s| s.degrees_of_freedom),
        residual: step(|s| s.residual),
    };
    let decision = match report.verdict {
        None | Some(Verdict::Unjudged) => None,
        Some(Verdict::Accepted) => Some("accepted"),
        Some(Verdict::RolledBack) => Some("rolled back to the policy before the last update"),
    };
    let mut summary = steps.summary();
    if report.steps.is_empty() {
        // Values of the whole update, for learners without a report per step.
        let whole = |value: Option<f64>| Summary::of(value.as_slice());
        (summary.kl_asked, summary.kl) = (whole(report.epsilon), whole(report.kl));
        (summary.entropy, summary.effective_samples) = (whole(report.entropy), whole(report.effective_samples));
    }
    let epsilon = report.epsilon.unwrap_or(f64::NAN);
    IterationMetrics {
        iteration: report.iteration as u64 + 1,
        episodes,
        return_: Summary::of(&returns),
        return_std: (report.return_error.powi(2) * returns.len() as f64).sqrt(),
        success: share(&|r| f64::from(u8::from(r.judgement.success))),
        distance: (!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64),
        clipped_share: share(&|r| f64::from(r.episode.clipped_cycles) / r.episode.cycles().max(1) as f64),
        predicted_improvement: report.expected_improvement,
        measured_improvement: report.measured_improvement,
        summary,
        steps,
        broken_off: rollouts.iter().filter(|rollout| rollout.is_broken_off(horizon)).count(),
        discarded,
        guard: decision.map(|decision| GuardDecision { decision: decision.into(), epsilon }),
        remark: report.remark.clone(),
        timing,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::control::{Outcome, TrialBuffers, TrialOrder, TrialShape};
    use crate::policy::CompiledPolicy;
    use crate::robot::TrialKey;
    use crate::tasks::Judgement;
    use nalgebra::DMatrix;
    use std::path::Path;

    /// A trial that counts as completed, without recorded cycles, with zeros for states and
    /// actions.
    pub fn stroke(task: &dyn Task, key: TrialKey) -> FinishedTrial {
        let (state_dim, horizon) = (task.state_dim(), task.horizon());
        let shape = TrialShape { joints: 9, task_values: 6, state_dim, action_dim: 9, horizon, decimation: 1 };
        let mut buffers = TrialBuffers::new(&shape);
        let episode = &mut buffers.episode;
        episode.states.resize((horizon + 1) * state_dim, 0.);
        for actions in [&mut episode.noise, &mut episode.actions, &mut episode.sent_actions] {
            actions.resize(horizon * 9, 0.);
        }
        let order = TrialOrder {
            key,
            law: CompiledPolicy::new(&task.start().unwrap().policy).unwrap().into(),
            noise: Box::default(),
            buffers,
        };
        FinishedTrial {
            order,
            outcome: Outcome::Completed,
            marked_failed: false,
            missed_share: 0.,
            clipped_share: 0.,
            on_time: true,
            over_clipped: false,
        }
    }

    #[test]
    fn a_stroke_with_a_nan_is_stored_as_one_not_to_learn_from() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
        let setup = Setup::load(&config, |_| {}).unwrap();
        let task = setup.task().unwrap();
        let trial = stroke(&*task, TrialKey { kind: TrialKind::Learn, iteration: 4, rollout: 2 });
        let judged = |miss: f64| {
            Judged::from(Judgement {
                outcomes: DMatrix::from_element(1, 1, miss),
                total_reward: 0.,
                success: false,
                distance: None,
            })
        };
        let recorder = Recorder::new(&setup, &*task).unwrap();
        assert_eq!(recorder.trial(1, &trial, &judged(0.1)).end, TrialEnd::Completed);
        assert!(matches!(recorder.trial(1, &trial, &judged(f64::NAN)).end, TrialEnd::Invalid { .. }));
    }
}
