//! The safe state: RUN, then DAMP and ZERO, or HOLD. Leaving it takes an explicit reset.

use super::config::{Response, SafetyConfig};
use super::fault::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the robot gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum SafetyState {
    /// What the trial asks, within the limits.
    Run,
    /// The posture of the fault is held.
    Hold,
    /// The last effort fades and damping takes over.
    Damp,
    /// No effort.
    Zero,
}

/// The state machine.
#[derive(Clone, Debug)]
pub struct Safety {
    state: SafetyState,
    fault: Option<Fault>,
    since: Duration,
    /// Effort sent when damping began (joint).
    from: Box<[f64]>,
    damping: Box<[f64]>,
    response: Response,
    ramp: Duration,
    duration: Duration,
}

impl Safety {
    /// In RUN, from a validated configuration.
    pub fn new(config: &SafetyConfig) -> Self {
        Self {
            state: SafetyState::Run,
            fault: None,
            since: Duration::ZERO,
            from: vec![0.; config.damping.len()].into(),
            damping: config.damping.clone().into(),
            response: config.response,
            ramp: Duration::from_secs_f64(config.ramp),
            duration: Duration::from_secs_f64(config.duration),
        }
    }

    /// The state.
    pub fn state(&self) -> SafetyState {
        self.state
    }

    /// What tripped first since the last reset.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Something tripped at `now`, `sent` being the last effort. Returns whether the state changed: damping goes on as it
    /// is, and holding ends only for a fault that may not be held in.
    pub fn trip(&mut self, fault: Fault, now: Duration, sent: &[f64]) -> bool {
        let may_hold = self.response == Response::Hold && fault.may_hold();
        let next = match self.state {
            SafetyState::Run if may_hold => SafetyState::Hold,
            SafetyState::Run => SafetyState::Damp,
            SafetyState::Hold if !may_hold => SafetyState::Damp,
            SafetyState::Hold | SafetyState::Damp | SafetyState::Zero => return false,
        };
        self.fault = self.fault.or(Some(fault));
        (self.state, self.since) = (next, now);
        self.from.copy_from_slice(sent);
        true
    }

    /// The robot got zero in the place of the last command: no effort is left to fade.
    pub(super) fn zeroed(&mut self) {
        self.from.fill(0.);
    }

    /// Goes on from DAMP to ZERO when it is time. Returns whether the state changed.
    pub fn advance(&mut self, now: Duration) -> bool {
        let done = self.state == SafetyState::Damp && now.saturating_sub(self.since) >= self.duration;
        if done {
            self.state = SafetyState::Zero;
        }
        done
    }

    /// The effort of DAMP and ZERO, before torque and rate limits. Without a trustworthy velocity, the last effort only fades.
    pub fn effort(&self, now: Duration, velocity: Option<&[f64]>, effort: &mut [f64]) {
        if self.state != SafetyState::Damp {
            effort.fill(0.);
            return;
        }
        let share = (now.saturating_sub(self.since).as_secs_f64() / self.ramp.as_secs_f64()).min(1.);
        for (j, effort) in effort.iter_mut().enumerate() {
            let damping = velocity.map_or(0., |v| self.damping[j] * v[j]);
            *effort = (1. - share) * self.from[j] - share * damping;
        }
    }

    /// Back to RUN, from HOLD and ZERO only. Returns whether it did.
    pub fn reset(&mut self) -> bool {
        let settled = matches!(self.state, SafetyState::Hold | SafetyState::Zero);
        if settled {
            (self.state, self.fault) = (SafetyState::Run, None);
        }
        settled
    }

    /// Takes the settings of `other`, and gives it the old; state and fault stay.
    pub(super) fn exchange(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.damping, &mut other.damping);
        (self.response, self.ramp, self.duration) = (other.response, other.ramp, other.duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Duration = Duration::from_millis(100);
    const JUMP: Fault = Fault::JointJump { joint: 0, jump: 1., limit: 0.1 };

    fn safety(response: Response) -> Safety {
        Safety::new(&SafetyConfig { response, damping: vec![2.], ramp: 0.2, duration: 0.5 })
    }

    #[test]
    fn damps_then_gives_zero_and_needs_a_reset() {
        let mut safety = safety(Response::Damp);
        assert!(safety.trip(Fault::OperatorStop, TENTH, &[8.]));
        assert!(!safety.reset(), "no reset while damping");
        let mut effort = [0.];
        for (at, velocity, expected) in
            [(1, Some(3.), 8.), (2, Some(3.), 4. - 3.), (2, None, 4.), (3, Some(3.), -6.), (5, Some(-1.), 2.)]
        {
            assert!(!safety.advance(at * TENTH));
            safety.effort(at * TENTH, velocity.as_ref().map(std::slice::from_ref), &mut effort);
            assert!((effort[0] - expected).abs() < 1e-12, "at {at}: {} instead of {expected}", effort[0]);
        }
        assert!(!safety.trip(JUMP, 5 * TENTH, &[2.]), "another fault changes nothing");
        assert!(safety.advance(6 * TENTH));
        safety.effort(6 * TENTH, Some(&[3.]), &mut effort);
        assert_eq!((safety.state(), safety.fault(), effort), (SafetyState::Zero, Some(Fault::OperatorStop), [0.]));
        assert!(safety.reset());
        assert_eq!((safety.state(), safety.fault()), (SafetyState::Run, None));
    }

    #[test]
    fn holds_only_while_the_readings_can_be_trusted() {
        let mut holding = safety(Response::Hold);
        assert!(holding.trip(Fault::OperatorStop, TENTH, &[8.]));
        assert_eq!(holding.state(), SafetyState::Hold);
        assert!(!holding.advance(100 * TENTH));
        assert!(holding.trip(JUMP, 100 * TENTH, &[8.]));
        assert_eq!((holding.state(), holding.fault()), (SafetyState::Damp, Some(Fault::OperatorStop)));
        let mut jumping = safety(Response::Hold);
        assert!(jumping.trip(JUMP, TENTH, &[8.]));
        assert_eq!(jumping.state(), SafetyState::Damp);
    }
}
