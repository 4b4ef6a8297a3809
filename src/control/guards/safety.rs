//! The safe state: RUN, then DAMP and ZERO, or HOLD. Only an explicit reset leads back to RUN.

use super::fault::Fault;
use crate::control::config::{Response, SafetyConfig};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Origin of the robot's effort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum SafetyState {
    /// The trial, within the limits.
    Run,
    /// The posture at the fault is held.
    Hold,
    /// The last effort fades out and damping fades in.
    Damp,
    /// No effort.
    Zero,
}

/// The state machine.
#[derive(Clone, Debug)]
pub struct Safety {
    pub(in crate::control) settings: Settings,
    memory: Memory,
}

/// Response to a fault.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Settings {
    damping: Box<[f64]>,
    response: Response,
    ramp: Duration,
    duration: Duration,
}

#[derive(Clone, Debug)]
struct Memory {
    state: SafetyState,
    fault: Option<Fault>,
    since: Duration,
    /// Effort sent when damping began (joint).
    from: Box<[f64]>,
    /// Whether a joint jumped since the last reset. Its reported position may then be wrong.
    displaced: bool,
}

impl Settings {
    /// From a validated configuration.
    pub fn new(config: &SafetyConfig) -> Self {
        Self {
            damping: config.damping.clone().into(),
            response: config.response,
            ramp: Duration::from_secs_f64(config.ramp),
            duration: Duration::from_secs_f64(config.duration),
        }
    }
}

impl Safety {
    /// A machine in RUN, from a validated configuration.
    pub fn new(config: &SafetyConfig) -> Self {
        Self::with(Settings::new(config))
    }

    /// A machine in RUN.
    pub(in crate::control) fn with(settings: Settings) -> Self {
        let from = vec![0.; settings.damping.len()].into();
        let memory = Memory { state: SafetyState::Run, fault: None, since: Duration::ZERO, from, displaced: false };
        Self { settings, memory }
    }

    /// The state.
    pub fn state(&self) -> SafetyState {
        self.memory.state
    }

    /// The first fault since the last reset.
    pub fn fault(&self) -> Option<Fault> {
        self.memory.fault
    }

    /// Whether the positions are trustworthy: no joint jumped since the last reset.
    pub fn knows_positions(&self) -> bool {
        !self.memory.displaced
    }

    /// Handles a fault at time `now`, when `sent` is the last effort. Returns whether the state
    /// changed: damping continues, and holding ends only for a fault that does not allow it.
    pub fn trip(&mut self, fault: Fault, now: Duration, sent: &[f64]) -> bool {
        self.memory.displaced |= matches!(fault, Fault::JointJump { .. });
        let may_hold = self.settings.response == Response::Hold && fault.may_hold();
        let next = match self.memory.state {
            SafetyState::Run if may_hold => SafetyState::Hold,
            SafetyState::Run => SafetyState::Damp,
            SafetyState::Hold if !may_hold => SafetyState::Damp,
            SafetyState::Hold | SafetyState::Damp | SafetyState::Zero => return false,
        };
        self.memory.fault = self.memory.fault.or(Some(fault));
        (self.memory.state, self.memory.since) = (next, now);
        self.memory.from.copy_from_slice(sent);
        true
    }

    /// Takes note that the robot got zero in place of the last command: no effort is left to fade.
    pub(in crate::control) fn zeroed(&mut self) {
        self.memory.from.fill(0.);
    }

    /// Goes on from DAMP to ZERO when its time is over. Returns whether the state changed.
    pub fn advance(&mut self, now: Duration) -> bool {
        let done =
            self.memory.state == SafetyState::Damp && now.saturating_sub(self.memory.since) >= self.settings.duration;
        if done {
            self.memory.state = SafetyState::Zero;
        }
        done
    }

    /// Takes note that the loop's time changed from `before` to `now`; damping continues where it
    /// was.
    pub(in crate::control) fn shift(&mut self, before: Duration, now: Duration) {
        self.memory.since = now.saturating_sub(before.saturating_sub(self.memory.since));
    }

    /// The effort of DAMP and ZERO, before any limit. Without a trustworthy velocity there is no
    /// damping: the last effort fades out.
    pub fn effort(&self, now: Duration, velocity: Option<&[f64]>, effort: &mut [f64]) {
        let Memory { state, since, from, .. } = &self.memory;
        if *state != SafetyState::Damp {
            effort.fill(0.);
            return;
        }
        let share = (now.saturating_sub(*since).as_secs_f64() / self.settings.ramp.as_secs_f64()).min(1.);
        for (j, effort) in effort.iter_mut().enumerate() {
            let damping = velocity.map_or(0., |v| self.settings.damping[j] * v[j]);
            *effort = (1. - share) * from[j] - share * damping;
        }
    }

    /// Back to RUN, from HOLD and ZERO only. Returns whether the state changed.
    pub fn reset(&mut self) -> bool {
        let settled = matches!(self.memory.state, SafetyState::Hold | SafetyState::Zero);
        if settled {
            (self.memory.state, self.memory.fault, self.memory.displaced) = (SafetyState::Run, None, false);
        }
        settled
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
    fn damping_goes_on_where_it_was_when_the_time_is_another() {
        for now in [Duration::from_secs(3), Duration::from_secs(3000)] {
            let mut safety = safety(Response::Damp);
            let (mut before, mut after) = ([0.], [0.]);
            assert!(safety.trip(Fault::OperatorStop, 900 * TENTH, &[8.]));
            safety.effort(901 * TENTH, Some(&[3.]), &mut before);
            safety.shift(901 * TENTH, now);
            safety.effort(now, Some(&[3.]), &mut after);
            assert_eq!(before, after);
            assert!(!safety.advance(now + 3 * TENTH) && safety.advance(now + 4 * TENTH));
        }
    }

    #[test]
    fn the_positions_are_not_known_from_a_jump_to_the_reset() {
        let mut safety = safety(Response::Damp);
        assert!(safety.trip(Fault::OperatorStop, TENTH, &[0.]) && safety.knows_positions());
        assert!(!safety.trip(JUMP, 2 * TENTH, &[0.]) && !safety.knows_positions(), "also one while it damps");
        assert!(safety.advance(9 * TENTH) && !safety.knows_positions());
        assert!(safety.reset() && safety.knows_positions());
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
