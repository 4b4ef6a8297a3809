//! Simulated time: that of the topic `/clock`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::control::Clock;

/// How long the loop waits for the simulation before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Shared {
    now: Mutex<Duration>,
    ticked: Condvar,
    let_go: AtomicBool,
}

/// The time of the topic `/clock`, as it was received last.
#[derive(Clone, Default)]
pub struct SimTime(Arc<Shared>);

impl SimTime {
    /// The clock says it is `now`.
    pub fn set(&self, now: Duration) {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.0.ticked.notify_all();
    }

    /// What the clock said last; zero before it said anything.
    pub fn get(&self) -> Duration {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A clock for a loop.
    pub fn clock(&self) -> SimClock {
        self.0.let_go.store(false, Ordering::Relaxed);
        SimClock { time: self.clone(), now: self.get() }
    }

    /// The loop is to end even if the simulation stands still: its clock runs by itself from now on.
    pub fn let_go(&self) {
        self.0.let_go.store(true, Ordering::Relaxed);
        self.0.ticked.notify_all();
    }
}

/// A loop's clock on simulated time.
pub struct SimClock {
    time: SimTime,
    now: Duration,
}

impl Clock for SimClock {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, release: Duration, _idle: bool) {
        let shared = &self.time.0;
        let mut now = shared.now.lock().unwrap_or_else(PoisonError::into_inner);
        while *now < release && !shared.let_go.load(Ordering::Relaxed) {
            let waited = shared.ticked.wait_timeout(now, LOOK);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            now = guard;
            if timeout.timed_out() {
                // The loop looks for orders; its release has not come.
                return;
            }
        }
        let standing = *now < release;
        self.now = if standing { release } else { self.now.max(*now) };
        drop(now);
        if standing {
            // The safe command takes its time even if the simulation does not.
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Latency of simulated time is the simulation's.
    fn real_time(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_sleeps_until_the_simulation_says_so() {
        let time = SimTime::default();
        time.set(Duration::from_secs(5));
        let mut clock = time.clock();
        assert_eq!(clock.now(), Duration::from_secs(5));
        let release = Duration::from_millis(5002);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                while clock.now() < release {
                    clock.sleep_until(release, false);
                }
                clock.now()
            });
            time.set(Duration::from_millis(5001));
            time.set(Duration::from_millis(5003));
            assert_eq!(sleeper.join().unwrap(), Duration::from_millis(5003));
        });
        time.let_go();
        clock.sleep_until(Duration::from_secs(9), false);
        assert_eq!(clock.now(), Duration::from_secs(9), "a simulation that stands does not hold the end up");
    }
}
