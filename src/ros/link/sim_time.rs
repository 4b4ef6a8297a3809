//! Simulated time: the time on the topic `/clock`, watched by the wall clock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ros::RosError;

/// Longest wait of the loop for the simulation before it checks whether it should end.
pub(super) const END_POLL: Duration = Duration::from_millis(20);
/// Number of ticks needed to judge the clock.
const TICKS: u32 = 5;

/// State of the clock.
#[derive(Default)]
struct Known {
    now: Option<Duration>,
    /// Time of the last tick, by the wall clock.
    moved: Option<Instant>,
    /// Number of ticks since the watch began, and the shortest step. A lost tick makes a step
    /// longer, never shorter.
    ticks: u32,
    shortest: Option<Duration>,
    /// Longest standstill while the clock is watched.
    timeout: Option<Duration>,
    /// The error found by the watch. The clock is not trusted again until a new watch begins.
    wrong: Option<Wrong>,
    let_go: bool,
}

/// Errors of a clock.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Stands { at: Duration, waited: Duration },
    Back { from: Duration, to: Duration },
}

impl Known {
    fn hear(&mut self, now: Duration, wall: Instant) {
        match self.now {
            Some(before) if now < before => {
                // Earlier measurements are not comparable.
                (self.ticks, self.shortest) = (0, None);
                if self.timeout.is_some() {
                    self.wrong = self.wrong.or(Some(Wrong::Back { from: before, to: now }));
                }
            }
            Some(before) if now > before => {
                self.ticks = self.ticks.saturating_add(1);
                let tick = now - before;
                self.shortest = Some(self.shortest.map_or(tick, |shortest| shortest.min(tick)));
            }
            Some(_) => return,
            None => {}
        }
        (self.now, self.moved) = (Some(now), Some(wall));
    }

    /// Checks the clock by the wall clock.
    fn watch(&mut self, wall: Instant) -> Option<Wrong> {
        if let (Some(timeout), Some(moved), Some(at)) = (self.timeout, self.moved, self.now) {
            let waited = wall.saturating_duration_since(moved);
            if waited > timeout {
                self.wrong = self.wrong.or(Some(Wrong::Stands { at, waited }));
            }
        }
        self.wrong
    }
}

impl From<Wrong> for RosError {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Stands { at, waited } => Self::ClockStands { at, waited },
            Wrong::Back { from, to } => Self::ClockBack { from, to },
        }
    }
}

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    ticked: Condvar,
}

/// The last time received on the topic `/clock`.
#[derive(Clone, Default)]
pub struct SimTime(Arc<Shared>);

impl SimTime {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new time of the clock.
    pub fn set(&self, now: Duration) {
        self.lock().hear(now, Instant::now());
        self.0.ticked.notify_all();
    }

    /// The clock's last time; none before the first message.
    pub fn get(&self) -> Option<Duration> {
        self.lock().now
    }

    /// Duration of the present standstill, by the wall clock; none before the first message.
    pub fn stands_for(&self) -> Option<Duration> {
        self.lock().moved.map(|moved| moved.elapsed())
    }

    /// Forgets errors, and starts measuring how the clock ticks.
    pub fn begin(&self) {
        let mut known = self.lock();
        let Known { now, moved, .. } = *known;
        *known = Known { now, moved, ..Known::default() };
    }

    /// The reason why a loop with this period cannot run on this clock: no tick, too few ticks to
    /// judge, or steps that are too long.
    pub fn unfit(&self, period: Duration) -> Option<RosError> {
        let known = self.lock();
        match (known.now, known.shortest) {
            (None, _) => Some(RosError::NoClock),
            (Some(at), _) if known.ticks < TICKS => Some(RosError::ClockDoesNotTick { at }),
            (Some(_), Some(tick)) if tick > period => Some(RosError::ClockTooCoarse { tick, period }),
            _ => None,
        }
    }

    /// Starts the watch: from now on the clock may neither run back nor stand for longer than
    /// `timeout` of the wall clock.
    pub fn watch(&self, timeout: Duration) {
        let mut known = self.lock();
        (known.timeout, known.moved) = (Some(timeout), Some(Instant::now()));
    }

    /// The error of a clock under watch.
    pub fn failure(&self) -> Option<RosError> {
        self.lock().watch(Instant::now()).map(Into::into)
    }

    /// Lets the loop end even if the simulation stands still: its time then passes by itself.
    pub fn let_go(&self) {
        let mut known = self.lock();
        // The end has begun, so the clock's further course does not matter.
        (known.let_go, known.timeout) = (true, None);
        self.0.ticked.notify_all();
    }

    /// Waits until the simulation reaches `release`, but not for long.
    pub(super) fn wait(&self, release: Duration) -> Waited {
        let mut known = self.lock();
        loop {
            if known.watch(Instant::now()).is_some() {
                return Waited::ByItself;
            }
            if let Some(now) = known.now.filter(|now| *now >= release) {
                return Waited::Reached(now);
            }
            if known.let_go {
                return Waited::ByItself;
            }
            let (guard, timeout) = self.0.ticked.wait_timeout(known, END_POLL).unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return Waited::NotYet;
            }
            known = guard;
        }
    }
}

/// Result of a wait.
#[derive(Debug, PartialEq)]
pub(super) enum Waited {
    /// The simulation reached this time.
    Reached(Duration),
    /// The simulation has not reached the release.
    NotYet,
    /// The simulation cannot be waited for: time passes by itself.
    ByItself,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_sleeper_wakes_when_the_simulation_says_so() {
        let time = SimTime::default();
        time.set(5000 * MS);
        let release = 5002 * MS;
        assert_eq!(time.wait(release), Waited::NotYet);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                loop {
                    if let Waited::Reached(now) = time.wait(release) {
                        return now;
                    }
                }
            });
            time.set(5001 * MS);
            time.set(5003 * MS);
            assert_eq!(sleeper.join().unwrap(), 5003 * MS);
        });
        time.let_go();
        assert_eq!(time.wait(9000 * MS), Waited::ByItself, "a simulation that stands does not hold the end up");
    }

    #[test]
    fn a_clock_that_is_not_there_does_not_tick_or_ticks_too_coarsely_is_unfit() {
        let time = SimTime::default();
        let unfit = |time: &SimTime| time.unfit(2 * MS).map(|error| error.to_string()).unwrap_or_default();
        assert!(unfit(&time).contains("nothing came on /clock"), "{}", unfit(&time));
        (0..10).for_each(|_| time.set(7000 * MS));
        assert!(unfit(&time).contains("stands at 7s"), "{}", unfit(&time));
        (1..10).for_each(|tick| time.set(7000 * MS + tick * 100 * MS));
        assert!(unfit(&time).contains("in steps of 100ms, the control period is 2ms"), "{}", unfit(&time));
        time.begin();
        (1..10).for_each(|tick| time.set(8000 * MS + tick * 2 * MS));
        assert_eq!(unfit(&time), "");
    }

    #[test]
    fn a_clock_that_stands_lets_time_pass_by_itself_until_it_is_watched_anew() {
        let time = SimTime::default();
        time.set(5000 * MS);
        time.watch(MS);
        while time.wait(6000 * MS) != Waited::ByItself {}
        assert!(matches!(time.failure(), Some(RosError::ClockStands { at, .. }) if at == 5000 * MS));
        time.set(7000 * MS);
        assert_eq!(time.wait(6000 * MS), Waited::ByItself, "it is not trusted again");
        time.begin();
        time.watch(LONG);
        assert_eq!((time.wait(6000 * MS), time.failure().is_none()), (Waited::Reached(7000 * MS), true));
    }

    #[test]
    fn a_clock_that_runs_back_is_a_failure() {
        let time = SimTime::default();
        time.set(95_000 * MS);
        time.set(90_000 * MS);
        time.watch(LONG);
        assert!(time.failure().is_none(), "what was before is no concern");
        time.set(MS);
        assert_eq!(time.wait(90_002 * MS), Waited::ByItself);
        let said = time.failure().unwrap().to_string();
        assert!(said.contains("from 90s to 1ms"), "{said}");
    }
}
