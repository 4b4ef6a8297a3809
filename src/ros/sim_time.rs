//! Simulated time: that of the topic `/clock`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;

use super::commands::RosSink;
use crate::control::{Clock, CommandSink, DeadMan, LAST_WORDS, Outgoing, Sending};
use crate::robot::Delivery;

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

/// What a loop on simulated time sends, and zero where it sends nothing.
struct Sender {
    sink: RosSink,
    dead_man: DeadMan,
    delivery: Arc<Delivery>,
    zero: Vec<f64>,
}

impl Sender {
    /// At simulated time `now` the loop's newest command is `sequence`.
    fn send(&mut self, now: Duration, sequence: u64, effort: Option<&[f64]>) {
        match (self.dead_man.look(now, sequence), effort) {
            (Sending::Command, Some(effort)) => self.sink.send(effort),
            (Sending::Zero, _) => self.sink.send(&self.zero),
            _ => {}
        }
    }

    /// The simulation goes on while the loop hangs. One that stands is no dead loop: simulated time has to pass without a command,
    /// and a little of our own, since a simulation may be faster than that.
    fn watch(&mut self, now: Duration, before: u64) -> u64 {
        let sequence = self.delivery.delivered();
        if sequence == before {
            self.send(now, sequence, None);
        }
        sequence
    }
}

/// A loop's clock on simulated time. It sends the commands too: nothing here has a deadline. A thread of its own sees to it that the
/// robot gets zero where the loop hangs.
pub struct SimClock {
    time: SimTime,
    now: Duration,
    outgoing: Outgoing,
    sender: Arc<Mutex<Sender>>,
    /// Dropped, it ends the thread.
    _over: crossbeam_channel::Sender<()>,
}

impl SimClock {
    /// A clock at the simulation's time, for the loop whose commands are `outgoing`, one in each `period` of simulated time.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(time: SimTime, outgoing: Outgoing, sink: RosSink, period: Duration) -> std::io::Result<Self> {
        let delivery = outgoing.delivery.clone();
        delivery.tell();
        let zero = vec![0.; outgoing.command.output_buffer().effort.len()];
        let dead_man = DeadMan::new(delivery.clone(), period);
        let sender = Arc::new(Mutex::new(Sender { sink, dead_man, delivery, zero }));
        let (over, ended) = crossbeam_channel::bounded(0);
        let (watched, simulated) = (sender.clone(), time.clone());
        std::thread::Builder::new().name("dead_man".into()).spawn(move || {
            let mut before = 0;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                before = lock(&watched).watch(simulated.get(), before);
            }
        })?;
        Ok(Self { now: time.get(), time, outgoing, sender, _over: over })
    }

    fn send(&mut self) {
        let command = self.outgoing.command.read();
        let mut sender = lock(&self.sender);
        if command.sequence != self.outgoing.delivery.delivered() {
            sender.send(self.time.get(), command.sequence, Some(&command.effort));
            self.outgoing.delivery.deliver(command.sequence);
        }
        self.outgoing.pass_requests(&mut sender.sink);
    }
}

fn lock(sender: &Mutex<Sender>) -> MutexGuard<'_, Sender> {
    // Nothing is left half-way where a holder panics.
    sender.lock().unwrap_or_else(PoisonError::into_inner)
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
        let sender = lock(&self.sender);
        (0..LAST_WORDS).for_each(|_| sender.sink.commander.send_zero());
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
