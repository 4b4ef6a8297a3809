//! The loop's clock on simulated time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender};

use super::commands::RosSink;
use super::sim_time::{END_POLL, SimTime, Waited};
use crate::control::{Clock, CommandSink, DeadMan, LAST_WORDS, Outgoing, Sending};
use crate::robot::Delivery;

/// Sends the commands of a loop on simulated time, and zero if there are none.
struct CommandSender {
    sink: RosSink,
    dead_man: DeadMan,
    delivery: Arc<Delivery>,
    zero: Vec<f64>,
}

impl CommandSender {
    /// Sends what is due at simulated time `now`, when the loop's newest command is `sequence`.
    fn send(&mut self, now: Duration, sequence: u64, effort: Option<&[f64]>) {
        match (self.dead_man.decide(now, sequence), effort) {
            (Sending::Command, Some(effort)) => self.sink.send(effort),
            (Sending::Zero, _) => self.sink.send(&self.zero),
            _ => {}
        }
    }

    /// Sends zero if the simulation goes on while the loop hangs. A standing simulation does not
    /// prove a hanging loop: simulated time must pass without a command, and some wall time too,
    /// since a simulation may run faster.
    fn watch(&mut self, now: Duration, before: u64) -> u64 {
        let sequence = self.delivery.delivered();
        if sequence == before {
            self.send(now, sequence, None);
        }
        sequence
    }
}

/// A loop's clock on simulated time. It also sends the commands, since simulated time has no
/// deadline. A thread of its own sends zero if the loop hangs. If the simulation's clock cannot be
/// trusted, time passes by itself at the wall clock's rate: the loop finds its readings stale, and
/// the robot gets the safe command.
pub struct SimClock {
    time: SimTime,
    now: Duration,
    outgoing: Outgoing,
    sender: Arc<Mutex<CommandSender>>,
    /// Ends the thread when dropped.
    _over: Sender<()>,
}

impl SimClock {
    /// A clock at the simulation's time, for the loop whose commands are `outgoing`, one per
    /// `period` of simulated time.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(time: SimTime, outgoing: Outgoing, sink: RosSink, period: Duration) -> std::io::Result<Self> {
        let delivery = outgoing.delivery.clone();
        delivery.tell();
        let zero = vec![0.; outgoing.command.output_buffer().effort.len()];
        let dead_man = DeadMan::new(delivery.clone(), period);
        let sender = Arc::new(Mutex::new(CommandSender { sink, dead_man, delivery, zero }));
        let (over, ended) = crossbeam_channel::bounded(0);
        let (watched, simulated) = (sender.clone(), time.clone());
        std::thread::Builder::new().name("dead_man".into()).spawn(move || {
            let mut before = 0;
            while ended.recv_timeout(END_POLL) == Err(RecvTimeoutError::Timeout) {
                before = lock(&watched).watch(simulated.get().unwrap_or_default(), before);
            }
        })?;
        Ok(Self { now: time.get().unwrap_or_default(), time, outgoing, sender, _over: over })
    }

    fn send(&mut self) {
        let command = self.outgoing.command.read();
        let mut sender = lock(&self.sender);
        if command.sequence != self.outgoing.delivery.delivered() {
            sender.send(self.time.get().unwrap_or_default(), command.sequence, Some(&command.effort));
            self.outgoing.delivery.deliver(command.sequence);
        }
        self.outgoing.pass_requests(&mut sender.sink);
    }
}

fn lock(sender: &Mutex<CommandSender>) -> MutexGuard<'_, CommandSender> {
    // A panic cannot leave the state half-updated, so a poisoned lock is safe to use.
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
            // The loop checks its orders and calls again.
            Waited::NotYet => {}
            Waited::ByItself => {
                // The sleep gives the robot time to receive all of the safe command.
                std::thread::sleep(release.saturating_sub(self.now).min(END_POLL));
                self.now = self.now.max(release);
            }
        }
    }

    /// Latency in simulated time would be the simulation's latency.
    fn real_time(&self) -> bool {
        false
    }
}

impl Drop for SimClock {
    /// The loop is over: sends its last command, and then zero.
    fn drop(&mut self) {
        self.send();
        let sender = lock(&self.sender);
        (0..LAST_WORDS).for_each(|_| sender.sink.commander.send_zero());
    }
}
