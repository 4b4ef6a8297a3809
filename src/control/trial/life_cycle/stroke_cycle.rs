//! The cycles of the stroke: recording and the law.

use super::{Cycle, LifeCycle};
use crate::control::exchange::messages::Phase;
use crate::control::exchange::order::Outcome;
use crate::control::exchange::outbox::Outbox;
use crate::control::guards::fault::Abort;
use crate::policy::Law;
use crate::robot::Reading;

impl LifeCycle {
    /// One cycle of the stroke. False when the stroke is over.
    pub(super) fn step(&mut self, cycle: Cycle<'_>, outbox: &mut Outbox, asked: &mut [f64]) -> bool {
        let outcome = match self.advance_stroke(cycle, asked) {
            Ok(true) => return true,
            Ok(false) => Outcome::Completed,
            Err(abort) => {
                if let Some(trial) = &mut self.trial {
                    let scale = &self.settings.config.action_scale;
                    self.recorder.abort(&mut trial.order.buffers.episode, cycle.tick, scale);
                }
                Outcome::Aborted(abort)
            }
        };
        self.finish(outcome, outbox);
        self.enter(Phase::Return, cycle.now, outbox);
        false
    }

    /// Records the reading and evaluates the law: a policy at the begin of each step, a movement in
    /// every cycle. Both follow the elapsed time, not the number of cycles. False when the last
    /// step is over.
    fn advance_stroke(&mut self, cycle: Cycle<'_>, asked: &mut [f64]) -> Result<bool, Abort> {
        let Some(trial) = &mut self.trial else { return Ok(false) };
        let config = &self.settings.config;
        let (law, noise) = (&trial.order.law, &trial.order.noise);
        let horizon = law.horizon();
        let episode = &mut trial.order.buffers.episode;
        let elapsed = cycle.tick - trial.start_tick;
        // A tick count that does not fit is beyond any horizon.
        let step = usize::try_from(elapsed / config.decimation as u64).unwrap_or(usize::MAX).min(horizon);
        self.settings.check_task(cycle, self.stroke.max_ages())?;
        self.recorder.account(episode, cycle.tick);
        let begins = elapsed == 0 || step != trial.step;
        if begins {
            if elapsed > 0 {
                self.recorder.end_step(episode, &config.action_scale);
                if step > trial.step + 1 {
                    return Err(Abort::SkippedStep { step: trial.step + 1 });
                }
            }
            trial.step = step;
            self.stroke.policy_state(cycle.reading, &mut self.state);
            if let Some(index) = self.state.iter().position(|x| !x.is_finite()) {
                return Err(Abort::NonFiniteState { index });
            }
            episode.states.extend_from_slice(&self.state);
        }
        self.recorder.reading(episode, cycle.now, cycle.reading);
        if step == horizon {
            return Ok(false);
        }
        let (dim, scale) = (self.action.len(), &config.action_scale);
        match law {
            Law::Policy(policy) => {
                let noise = &noise[step * dim..(step + 1) * dim];
                if begins {
                    policy.action(step, &self.state, noise, &mut self.action);
                    episode.noise.extend_from_slice(noise);
                    episode.actions.extend_from_slice(&self.action);
                }
                for ((asked, scale), action) in asked.iter_mut().zip(scale).zip(&self.action) {
                    *asked = scale * action;
                }
            }
            Law::Movement(movement) => {
                if elapsed == 0 {
                    movement.draw(&self.state, noise, &mut self.parameters);
                }
                // The conversion is exact: `elapsed` is within the horizon.
                let at = |joint| movement.primitive().at(elapsed as usize, joint, &self.parameters);
                let Reading { position, velocity, .. } = cycle.reading;
                self.tracker.track(&config.tracking, at, position, velocity, asked);
                if begins {
                    episode.noise.extend(std::iter::repeat_n(0., dim));
                    episode.actions.extend(asked.iter().zip(scale).map(|(asked, scale)| asked / scale));
                }
            }
        }
        Ok(true)
    }
}
