//! The answer of a judge.

use serde::Deserialize;

use crate::tasks::Judgement;

/// A program's judgement of a stroke.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Reward of each policy step (T), in place of `return`.
    pub rewards: Option<Vec<f64>>,
    /// Reward of the whole stroke, added to its last step, in place of `rewards`.
    #[serde(rename = "return")]
    pub total: Option<f64>,
    /// Whether the stroke succeeded. By default the task decides.
    pub success: Option<bool>,
    /// Distance by which the stroke missed its goal, m, if it came near. By default the task's
    /// distance.
    pub distance: Option<f64>,
}

impl Answer {
    /// An answer with only a reward of the whole stroke.
    pub fn score(score: f64) -> Self {
        Self { total: Some(score), ..Self::default() }
    }

    /// Checks the answer against the number of policy steps.
    ///
    /// # Errors
    /// The fault of the answer.
    pub fn check(&self, steps: usize) -> Result<(), String> {
        match (&self.rewards, self.total) {
            (Some(rewards), None) if rewards.len() == steps => Ok(()),
            (Some(rewards), None) => Err(format!(
                "it has {} {}, and the stroke has {steps} policy steps",
                rewards.len(),
                if rewards.len() == 1 { "reward" } else { "rewards" }
            )),
            (None, Some(_)) => Ok(()),
            (None, None) => {
                Err("neither `rewards`, a number per policy step, nor `return`, one number, is there".into())
            }
            (Some(_), Some(_)) => Err("both `rewards` and `return` are there; one of them is expected".into()),
        }
    }

    /// Adds the answer to the task's judgement. The reward becomes a further outcome of each step.
    pub fn add_to(self, judgement: &mut Judgement) {
        let row = without_reward(judgement);
        let steps = judgement.outcomes.ncols();
        match (self.rewards, self.total) {
            (Some(rewards), _) => rewards.iter().take(steps).enumerate().for_each(|(t, reward)| {
                judgement.outcomes[(row, t)] = *reward;
            }),
            (None, Some(total)) if steps > 0 => judgement.outcomes[(row, steps - 1)] = total,
            (None, _) => {}
        }
        judgement.total_reward += judgement.outcomes.row(row).sum();
        judgement.success = self.success.unwrap_or(judgement.success);
        judgement.distance = self.distance.or(judgement.distance);
    }
}

/// Adds a row for the judge's reward to the task's outcomes, with zeros so far. Returns its index.
pub fn without_reward(judgement: &mut Judgement) -> usize {
    let row = judgement.outcomes.nrows();
    let outcomes = std::mem::take(&mut judgement.outcomes);
    judgement.outcomes = outcomes.insert_row(row, 0.);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    fn judged(answer: &str) -> Judgement {
        let outcomes = DMatrix::from_row_slice(1, 3, &[7., 8., 9.]);
        let mut judgement = Judgement { outcomes, total_reward: 0.5, success: false, distance: Some(0.2) };
        let answer: Answer = serde_json::from_str(answer).unwrap();
        answer.check(3).unwrap();
        answer.add_to(&mut judgement);
        judgement
    }

    #[test]
    fn rewards_are_a_further_outcome_of_each_step() {
        let judgement = judged(r#"{"rewards": [1, 2.5, -1], "success": true}"#);
        assert_eq!(judgement.outcomes, DMatrix::from_row_slice(2, 3, &[7., 8., 9., 1., 2.5, -1.]));
        assert_eq!((judgement.total_reward, judgement.success, judgement.distance), (3., true, Some(0.2)));
    }

    #[test]
    fn a_return_counts_for_the_last_step() {
        let judgement = judged(r#"{"return": -4.0, "distance": 0.03}"#);
        assert_eq!(judgement.outcomes.row(1).iter().copied().collect::<Vec<_>>(), [0., 0., -4.]);
        assert_eq!((judgement.total_reward, judgement.success, judgement.distance), (-3.5, false, Some(0.03)));
    }

    #[test]
    fn an_answer_without_a_reward_with_two_or_of_another_length_is_refused() {
        let refused = |text: &str| serde_json::from_str::<Answer>(text).unwrap().check(3).unwrap_err();
        assert!(refused(r#"{"rewards": [1, 2]}"#).contains("2 rewards, and the stroke has 3"));
        assert!(refused(r#"{"success": true}"#).contains("neither"));
        assert!(refused(r#"{"rewards": [1, 2, 3], "return": 6}"#).contains("both"));
    }
}
