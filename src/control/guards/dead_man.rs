//! A watch over the loop's commands: if none comes for too long, the robot gets zero.

use crate::robot::Delivery;
use std::sync::Arc;
use std::time::Duration;

/// Decision of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Send the newest command.
    Command,
    /// Send zero.
    Zero,
    /// Send nothing.
    Nothing,
}

/// Watches a loop at the place where its commands are sent. If no command comes for too long, zero
/// is sent once a period until there is a command that the loop made knowing of the time-out. A
/// command that was being made meanwhile is too old.
#[derive(Debug)]
pub(crate) struct DeadMan {
    delivery: Arc<Delivery>,
    period: Duration,
    /// Sequence number of the newest command, and the time it was seen.
    sequence: u64,
    since: Duration,
    /// After a time-out: the last command before, and the time at which zero was last sent.
    timed_out: Option<(u64, Duration)>,
}

impl DeadMan {
    /// Watches a loop with this control period. The watch begins with the loop's first command.
    pub fn new(delivery: Arc<Delivery>, period: Duration) -> Self {
        Self { delivery, period, sequence: 0, since: Duration::ZERO, timed_out: None }
    }

    /// Decides at time `now`, when the newest command is `sequence`.
    pub fn decide(&mut self, now: Duration, sequence: u64) -> Sending {
        let fresh = sequence != self.sequence;
        if fresh {
            (self.sequence, self.since) = (sequence, now);
            self.timed_out = self.timed_out.filter(|(last, _)| !self.delivery.knows(sequence, *last));
        } else if self.timed_out.is_none() && sequence > 0 && self.silence(now) > self.delivery.patience() {
            self.delivery.time_out();
            self.timed_out = Some((sequence, now));
            return Sending::Zero;
        }
        match &mut self.timed_out {
            None if fresh => Sending::Command,
            Some((_, zeroed)) if fresh || now.saturating_sub(*zeroed) >= self.period => {
                *zeroed = now;
                Sending::Zero
            }
            _ => Sending::Nothing,
        }
    }

    /// Time since the newest command.
    pub fn silence(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    /// Whether zero is sent in place of commands.
    pub fn is_timed_out(&self) -> bool {
        self.timed_out.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Sending::{Command, Nothing, Zero};

    const PERIOD: Duration = Duration::from_millis(2);

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn zero_comes_after_the_patience_and_again_until_the_loop_knows() {
        let delivery = Arc::<Delivery>::default();
        delivery.set_patience(10 * PERIOD);
        let mut dead_man = DeadMan::new(delivery.clone(), PERIOD);
        assert_eq!(dead_man.decide(ms(500), 0), Nothing, "before the first command nobody is missed");
        assert_eq!([dead_man.decide(ms(500), 1), dead_man.decide(ms(501), 1)], [Command, Nothing]);
        assert_eq!(dead_man.decide(ms(520), 1), Nothing);
        assert!(!delivery.is_timed_out());
        assert_eq!([521, 522, 523, 525].map(|at| dead_man.decide(ms(at), 1)), [Zero, Nothing, Zero, Zero]);
        assert!(delivery.is_timed_out() && dead_man.is_timed_out());
        assert_eq!(dead_man.decide(ms(526), 2), Zero, "the command that was being made meanwhile is withheld");
        assert!(delivery.acknowledge(4));
        assert_eq!(
            [dead_man.decide(ms(527), 3), dead_man.decide(ms(528), 4), dead_man.decide(ms(530), 5)],
            [Zero, Command, Command]
        );
        assert_eq!(dead_man.decide(ms(552), 5), Zero, "and the next time it is the same");
        assert_eq!(dead_man.decide(ms(553), 6), Zero);
    }
}
