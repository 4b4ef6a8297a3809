//! Converts recorded strokes to rollouts for the learner.

use std::sync::Arc;

use std::collections::BTreeMap;

use moto_learners::{Batch, BrokenOff};
use nalgebra::DMatrix;

use crate::control::Episode;
use crate::policy::Law;
use crate::supervisor::ended::steps_made;
use crate::tasks::Judgement;

/// A stroke with the task's judgement.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Number of the stroke among the run's trials.
    pub trial: u64,
    /// The stroke.
    pub episode: Arc<Episode>,
    /// The task's judgement.
    pub judgement: Judgement,
    /// Parameters that the law drew once for the stroke. Empty for a law that draws at every step.
    pub parameters: Vec<f64>,
}

impl Rollout {
    /// A stroke made by `law` with the standard normal draws `noise`.
    pub fn new(trial: u64, episode: Arc<Episode>, judgement: Judgement, law: &Law, noise: &[f64]) -> Self {
        let parameters = law.parameters(&episode.states[..episode.state_dim], noise);
        Self { trial, episode, judgement, parameters }
    }

    /// Whether the stroke, one of `horizon` steps, was broken off.
    pub fn is_broken_off(&self, horizon: usize) -> bool {
        steps_made(&self.episode) < horizon
    }
}

/// Whether every number that the learner would use is finite.
pub fn is_finite(episode: &Episode, judgement: &Judgement) -> bool {
    let Episode { states, actions, sent_actions, .. } = episode;
    [states, actions, sent_actions].into_iter().flatten().chain(judgement.outcomes.iter()).all(|x| x.is_finite())
        && judgement.total_reward.is_finite()
}

/// The batch of an iteration: rollouts of one policy of `steps` steps. A step that a broken-off rollout
/// lost costs `price`.
pub fn batch(rollouts: &[Rollout], steps: usize, price: f64) -> Batch {
    let gather = |width: usize, t: usize, rows: &dyn Fn(&Rollout) -> &[f64]| {
        let row = |rollout| {
            let rows: &[f64] = rows(rollout);
            // After a break, the last row fills the columns.
            let first = (t * width).min(rows.len().saturating_sub(width));
            &rows[first..first + width]
        };
        let columns: Vec<f64> = rollouts.iter().flat_map(row).copied().collect();
        DMatrix::from_vec(width, rollouts.len(), columns)
    };
    let (state_dim, action_dim, outcome_dim) = rollouts
        .first()
        .map_or((0, 0, 0), |r| (r.episode.state_dim, r.episode.action_dim, r.judgement.outcomes.nrows()));
    Batch {
        states: (0..=steps).map(|t| gather(state_dim, t, &|r| &r.episode.states)).collect(),
        actions: (0..steps).map(|t| gather(action_dim, t, &|r| &r.episode.actions)).collect(),
        received: (0..steps).map(|t| gather(action_dim, t, &|r| &r.episode.sent_actions)).collect(),
        outcomes: (0..steps).map(|t| gather(outcome_dim, t, &|r| r.judgement.outcomes.as_slice())).collect(),
        parameters: DMatrix::from_vec(
            rollouts.first().map_or(0, |rollout| rollout.parameters.len()),
            rollouts.len(),
            rollouts.iter().flat_map(|rollout| rollout.parameters.iter().copied()).collect(),
        ),
        broken_off: broken_off(rollouts, steps, price),
    }
}

fn broken_off(rollouts: &[Rollout], horizon: usize, price: f64) -> BrokenOff {
    let made = rollouts.iter().map(|rollout| steps_made(&rollout.episode)).enumerate();
    let steps: BTreeMap<usize, usize> = made.filter(|(_, made)| *made < horizon).collect();
    if steps.is_empty() { BrokenOff::default() } else { BrokenOff { steps, price } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(offset: f64) -> Rollout {
        let episode = Episode {
            state_dim: 2,
            action_dim: 1,
            states: (0..6).map(|i| offset + f64::from(i)).collect(),
            actions: vec![offset, offset + 1.],
            sent_actions: vec![offset + 2., offset + 3.],
            ..Episode::default()
        };
        let outcomes = DMatrix::from_row_slice(1, 2, &[offset, offset + 1.]);
        Rollout {
            trial: 1,
            episode: Arc::new(episode),
            judgement: Judgement { outcomes, total_reward: 0., success: false, distance: None },
            parameters: vec![-offset],
        }
    }

    #[test]
    fn a_column_is_a_rollout() {
        let batch = batch(&[rollout(0.), rollout(10.)], 2, 1.);
        assert_eq!(batch.states.len(), 3);
        assert_eq!(batch.states[1], DMatrix::from_row_slice(2, 2, &[2., 12., 3., 13.]));
        assert_eq!(batch.actions[1], DMatrix::from_row_slice(1, 2, &[1., 11.]));
        assert_eq!(batch.received[0], DMatrix::from_row_slice(1, 2, &[2., 12.]));
        assert_eq!(batch.outcomes[1], DMatrix::from_row_slice(1, 2, &[1., 11.]));
        assert_eq!(batch.parameters, DMatrix::from_row_slice(1, 2, &[0., -10.]));
        assert_eq!(batch.broken_off, BrokenOff::default());
    }

    #[test]
    fn what_a_broken_off_stroke_lost_is_priced_and_its_columns_are_filled() {
        let mut short = rollout(10.);
        let episode = Arc::make_mut(&mut short.episode);
        // The stroke was ended in its second step.
        episode.states.truncate(4);
        let batch = batch(&[rollout(0.), short], 2, 0.5);
        assert_eq!(batch.broken_off, BrokenOff { steps: [(1, 1)].into(), price: 0.5 });
        assert_eq!((batch.made(0), batch.made(1), batch.transitions()), (2, 1, 4));
        assert_eq!(batch.states[2], DMatrix::from_row_slice(2, 2, &[4., 12., 5., 13.]));
        batch.validate(2, 2, 1).unwrap();
    }

    #[test]
    fn a_nan_is_noticed_wherever_it_is() {
        let finite = |rollout: &Rollout| is_finite(&rollout.episode, &rollout.judgement);
        assert!(finite(&rollout(0.)));
        let mut bad = rollout(0.);
        bad.judgement.outcomes[1] = f64::NAN;
        assert!(!finite(&bad));
        let mut bad = rollout(0.);
        Arc::make_mut(&mut bad.episode).states[5] = f64::INFINITY;
        assert!(!finite(&bad));
    }
}
