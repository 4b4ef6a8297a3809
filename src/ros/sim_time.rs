//! Simulated time: that of the topic `/clock`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::commands::{Commander, LAST_WORDS, Outgoing};
use super::serve::Server;
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

    /// The loop is to end even if the simulation stands still: its clock then runs by itself. Or not, again.
    pub fn let_go(&self, let_go: bool) {
        self.0.let_go.store(let_go, Ordering::Relaxed);
        self.0.ticked.notify_all();
    }

    /// Waits until the simulation reaches `release`, but not for long.
    fn wait(&self, release: Duration) -> Waited {
        let mut now = self.0.now.lock().unwrap_or_else(PoisonError::into_inner);
        while *now < release {
            if self.0.let_go.load(Ordering::Relaxed) {
                return Waited::LetGo;
            }
            let (guard, timeout) = self.0.ticked.wait_timeout(now, LOOK).unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return Waited::NotYet;
            }
            now = guard;
        }
        Waited::Reached(*now)
    }
}

#[derive(Debug, PartialEq)]
enum Waited {
    Reached(Duration),
    NotYet,
    LetGo,
}

/// A loop's clock on simulated time. It sends the commands too: nothing here has a deadline.
pub struct SimClock {
    time: SimTime,
    now: Duration,
    outgoing: Outgoing,
    sent: u64,
    commander: Commander,
    server: Server,
}

impl SimClock {
    /// A clock at the simulation's time, for the loop whose commands are `outgoing`.
    pub fn new(time: SimTime, outgoing: Outgoing, commander: Commander, server: Server) -> Self {
        Self { now: time.get(), time, outgoing, sent: 0, commander, server }
    }

    fn send(&mut self) {
        let command = self.outgoing.command.read();
        if command.sequence != self.sent {
            self.sent = command.sequence;
            self.commander.send(&command.effort, None);
        }
        self.outgoing.serve(&self.server);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, release: Duration, _idle: bool) {
        self.send();
        match self.time.wait(release) {
            Waited::Reached(now) => self.now = now,
            // The loop looks for orders and comes back.
            Waited::NotYet => {}
            Waited::LetGo => {
                self.now = release;
                // The safe command takes its time, and the robot is to hear all of it.
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }

    /// Latency in simulated time would be the simulation's.
    fn real_time(&self) -> bool {
        false
    }
}

impl Drop for SimClock {
    /// The loop is over: the robot gets its last command, and then zero.
    fn drop(&mut self) {
        self.send();
        (0..LAST_WORDS).for_each(|_| self.commander.send_zero());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_wakes_when_the_simulation_says_so() {
        let time = SimTime::default();
        time.set(Duration::from_secs(5));
        let release = Duration::from_millis(5002);
        assert_eq!(time.wait(release), Waited::NotYet);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                loop {
                    if let Waited::Reached(now) = time.wait(release) {
                        return now;
                    }
                }
            });
            time.set(Duration::from_millis(5001));
            time.set(Duration::from_millis(5003));
            assert_eq!(sleeper.join().unwrap(), Duration::from_millis(5003));
        });
        time.let_go(true);
        assert_eq!(
            time.wait(Duration::from_secs(9)),
            Waited::LetGo,
            "a simulation that stands does not hold the end up"
        );
    }
}
