//! The thread that sends a loop's commands to a robot outside this process. It also watches whether
//! the loop still gives commands.

use crate::control::guards::dead_man::{DeadMan, Sending};
use crate::control::time::scheduling;
use crate::control::{Clock, OnError, Pacing, SchedulingConfig, StartupReport, WallClock};
use crate::robot::{Command, Delivery, PlantRequest};
use crate::signals;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// Destination of commands.
pub trait CommandSink: Send {
    /// Sends efforts (joint), N or N m.
    fn send(&mut self, effort: &[f64]);

    /// Passes on a request of the loop to the world around the robot.
    fn request(&mut self, request: PlantRequest);
}

/// A loop's commands and requests on their way to its robot.
pub struct Outgoing {
    /// Efforts.
    pub command: triple_buffer::Output<Command>,
    /// Requests.
    pub requests: rtrb::Consumer<PlantRequest>,
    /// What the sender tells the loop about its commands.
    pub delivery: Arc<Delivery>,
}

impl Outgoing {
    /// Whether the loop is gone.
    fn is_over(&self) -> bool {
        self.requests.is_abandoned()
    }

    /// Passes on the requests that came since the last call.
    pub(crate) fn pass_requests(&mut self, sink: &mut impl CommandSink) {
        while let Ok(request) = self.requests.pop() {
            sink.request(request);
        }
    }
}

/// Time from the loop's release to the first look for its command, and time between further looks.
const FIRST_POLL: Duration = Duration::from_micros(60);
const COMMAND_POLL: Duration = Duration::from_micros(40);

/// Time that the thread turns on the spot for a command, from the packet that makes the loop give it.
const TURNS: Duration = Duration::from_micros(50);

/// Number of times the final zero is sent.
pub(crate) const LAST_WORDS: u32 = 5;

/// Time a sender may take over one command at the end before the thread is abandoned, and time
/// between two checks for that.
const STUCK: Duration = Duration::from_secs(2);
const END_POLL: Duration = Duration::from_millis(1);

/// The thread. The loop makes no system call to wake the thread: the thread wakes a little after
/// each of the loop's releases and polls until the command is there. Where the robot's packets pace
/// the loop, a packet wakes both. If no command comes for longer than the loop may miss its releases
/// (`watchdog.max_consecutive_misses`), the thread sends zero each period until the loop is back and
/// knows of it.
///
/// It ends when the loop is gone, however that came about, and sends zero last.
pub struct CommandThread {
    /// Scheduling that the system granted to the thread.
    pub startup: StartupReport,
    delivery: Arc<Delivery>,
    end: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// State of the thread.
struct CommandSender<S: CommandSink> {
    outgoing: Outgoing,
    sink: S,
    clock: WallClock,
    period: Duration,
    pacing: Pacing,
    end: Arc<AtomicBool>,
    zero: Vec<f64>,
}

impl CommandThread {
    /// Starts the thread for a loop on `clock` with releases at whole multiples of `period`. Its
    /// priority is the one below the loop's, which is in `scheduling`. A refusal of the system is
    /// only reported.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn spawn(
        outgoing: Outgoing,
        sink: impl CommandSink + 'static,
        clock: WallClock,
        period: Duration,
        scheduling: &SchedulingConfig,
    ) -> std::io::Result<Self> {
        Self::start(outgoing, sink, clock, (period, Pacing::Timer), scheduling)
    }

    /// Starts the thread for a loop with this period and pacing.
    pub(crate) fn start(
        outgoing: Outgoing,
        sink: impl CommandSink + 'static,
        clock: WallClock,
        (period, pacing): (Duration, Pacing),
        scheduling: &SchedulingConfig,
    ) -> std::io::Result<Self> {
        let scheduling = below(scheduling);
        let (delivery, end) = (outgoing.delivery.clone(), Arc::<AtomicBool>::default());
        let zero = vec![0.; outgoing.command.output_buffer().effort.len()];
        let sender = CommandSender { outgoing, sink, clock, period, pacing, end: end.clone(), zero };
        let (started, report) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("commands".into()).spawn(move || {
            signals::keep_off_this_thread();
            let (report, _guard) = match scheduling::enter(&scheduling) {
                Ok((report, guard)) => (report, Some(guard)),
                Err(error) => (StartupReport { refused: error.refused, ..StartupReport::default() }, None),
            };
            // The spawning thread waits for this one message.
            let _ = started.send(report);
            let mut sender = sender;
            sender.run();
        })?;
        // The message is missing only if the thread panicked. `is_alive` shows that.
        let startup = report.recv().unwrap_or_default();
        delivery.tell();
        Ok(Self { startup, delivery, end, thread })
    }

    /// The thread, for [`Packets::waking`](crate::control::Packets::waking).
    pub fn waiting(&self) -> Thread {
        self.thread.thread().clone()
    }

    /// Whether the thread still runs. While the loop runs, only a panic ends the thread.
    pub fn is_alive(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Waits until the thread has sent the last command and zero, i.e. until the loop is gone or
    /// hangs. False if a call to send does not return; the thread is then abandoned.
    pub fn end(self) -> bool {
        self.end.store(true, Ordering::Relaxed);
        let (mut delivered, mut since) = (self.delivery.delivered(), Instant::now());
        while !self.thread.is_finished() {
            let now = self.delivery.delivered();
            if now != delivered {
                (delivered, since) = (now, Instant::now());
            }
            // Noticing a silent loop and sending the last words take up to this long too.
            if since.elapsed() > STUCK + 2 * self.delivery.patience() {
                return false;
            }
            thread::sleep(END_POLL);
        }
        // The panic was reported when it happened.
        let _ = self.thread.join();
        true
    }
}

/// Scheduling of a thread that works for the loop: the priority below the loop's.
pub(crate) fn below(scheduling: &SchedulingConfig) -> SchedulingConfig {
    SchedulingConfig {
        priority: scheduling.priority.map(|priority| (priority - 1).max(1)),
        cpu: None,
        lock_memory: false,
        avoid_idle_states: false,
        on_error: OnError::Warn,
    }
}

impl<S: CommandSink> CommandSender<S> {
    /// Waits for the command after one at `now`.
    fn wait_for_next(&mut self, now: Duration) {
        match self.pacing {
            Pacing::Timer => {
                let period = self.period.as_nanos();
                let release = Duration::from_nanos(((now.as_nanos() / period + 1) * period) as u64);
                self.clock.sleep_until(release + FIRST_POLL, false);
            }
            Pacing::Robot => {
                thread::park_timeout(self.period);
                let until = self.clock.now() + TURNS;
                while !self.outgoing.command.updated() && self.clock.now() < until {
                    hint::spin_loop();
                }
            }
        }
    }

    /// Waits for `time` after `now`, or for the robot's packet.
    fn wait(&mut self, now: Duration, time: Duration) {
        match self.pacing {
            Pacing::Timer => self.clock.sleep_until(now + time, false),
            Pacing::Robot => thread::park_timeout(time),
        }
    }

    fn run(&mut self) {
        let mut dead_man = DeadMan::new(self.outgoing.delivery.clone(), self.period);
        loop {
            // Checked first, so that the loop's last command is still read.
            let over = self.outgoing.is_over();
            let command = self.outgoing.command.read();
            let (sequence, now) = (command.sequence, self.clock.now());
            match dead_man.decide(now, sequence) {
                Sending::Command => {
                    self.sink.send(&command.effort);
                    self.outgoing.delivery.deliver(sequence);
                    self.outgoing.pass_requests(&mut self.sink);
                    self.wait_for_next(now);
                    continue;
                }
                Sending::Zero => {
                    self.sink.send(&self.zero);
                    self.outgoing.delivery.deliver(sequence);
                }
                Sending::Nothing => {}
            }
            if over || (dead_man.is_timed_out() && self.end.load(Ordering::Relaxed)) {
                return;
            }
            let late = dead_man.silence(now) > 2 * self.period;
            self.wait(now, if late { self.period / 4 } else { COMMAND_POLL });
        }
    }
}

/// Sends zero last, also after a panic of the sink. Silence does not stop a robot, and a single
/// message may get lost, so zero is sent several times.
impl<S: CommandSink> Drop for CommandSender<S> {
    fn drop(&mut self) {
        for _ in 0..LAST_WORDS {
            self.sink.send(&self.zero);
            let next = self.clock.now() + self.period;
            self.clock.sleep_until(next, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::paced;
    use crate::robot::{LoopPort, RobotPort, link};

    struct Ear(mpsc::Sender<f64>);
    impl CommandSink for Ear {
        fn send(&mut self, effort: &[f64]) {
            let _ = self.0.send(effort[0]);
        }
        fn request(&mut self, _: PlantRequest) {}
    }

    /// The thread sleeps far longer than this test waits: it is never joined.
    #[test]
    fn a_packet_wakes_the_sender_of_the_commands() {
        const PERIOD: Duration = Duration::from_secs(1000);
        let (LoopPort { mut command, requests: _requests, delivery: patience, .. }, robot) = link(1, 0);
        let RobotPort { reading, command: newest, requests, delivery } = robot;
        patience.set_patience(100 * PERIOD);
        let (said, heard) = mpsc::channel();
        let outgoing = Outgoing { command: newest, requests, delivery };
        let (timing, scheduling) = ((PERIOD, Pacing::Robot), SchedulingConfig::default());
        let sender = CommandThread::start(outgoing, Ear(said), WallClock::new(), timing, &scheduling).unwrap();
        let mut packets = paced(reading, PERIOD, None).0.waking(sender.waiting());
        for sequence in 1..=3 {
            let next = command.input_buffer_mut();
            (next.sequence, next.effort[0]) = (sequence, sequence as f64);
            command.publish();
            packets.pass(|reading| reading.stamp = PERIOD * sequence as u32);
            assert_eq!(heard.recv_timeout(Duration::from_secs(60)), Ok(sequence as f64));
        }
    }
}
