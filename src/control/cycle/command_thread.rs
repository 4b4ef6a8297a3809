//! The thread that sends a loop's commands to a robot outside this process, and watches that the loop gives any.

use crate::control::guards::dead_man::{DeadMan, Sending};
use crate::control::time::scheduling;
use crate::control::{Clock, OnError, SchedulingConfig, StartupReport, WallClock};
use crate::robot::{Command, Delivery, PlantRequest};
use crate::signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where commands go.
pub trait CommandSink: Send {
    /// Sends efforts (joint), N or N m.
    fn send(&mut self, effort: &[f64]);

    /// Passes on what the loop asks of the world around the robot.
    fn request(&mut self, request: PlantRequest);
}

/// A loop's commands on their way to its robot.
pub struct Outgoing {
    /// Efforts.
    pub command: triple_buffer::Output<Command>,
    /// Requests.
    pub requests: rtrb::Consumer<PlantRequest>,
    /// What the loop is told of the commands.
    pub delivery: Arc<Delivery>,
}

impl Outgoing {
    /// Whether the loop is gone.
    fn is_over(&self) -> bool {
        self.requests.is_abandoned()
    }

    /// Passes on what the loop asked since the last call.
    pub(crate) fn pass_requests(&mut self, sink: &mut impl CommandSink) {
        while let Ok(request) = self.requests.pop() {
            sink.request(request);
        }
    }
}

/// When a command is looked for first, after the loop's release, and how often from then on.
const FIRST_POLL: Duration = Duration::from_micros(60);
const COMMAND_POLL: Duration = Duration::from_micros(40);

/// How often the final zero is sent.
pub(crate) const LAST_WORDS: u32 = 5;

/// How long a sender may take over one command at the end before it is left to itself, and how often that is looked for.
const STUCK: Duration = Duration::from_secs(2);
const END_POLL: Duration = Duration::from_millis(1);

/// The thread. The loop makes no system call to wake it: it wakes by itself a little after each of the loop's releases, and looks
/// until the command is there. Where none comes for longer than the loop may miss its releases
/// (`watchdog.max_consecutive_misses`), it sends zero, and again zero, until the loop is back and knows of it.
///
/// It ends when the loop is gone, however that came about, and sends zero last.
pub struct CommandThread {
    /// What priority the system granted it.
    pub startup: StartupReport,
    delivery: Arc<Delivery>,
    end: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// What the thread works with.
struct CommandSender<S: CommandSink> {
    outgoing: Outgoing,
    sink: S,
    clock: WallClock,
    period: Duration,
    end: Arc<AtomicBool>,
    zero: Vec<f64>,
}

impl CommandThread {
    /// Starts it, for a loop on `clock` with releases at whole multiples of `period`, and gives it the priority next below the
    /// loop's, which is in `scheduling`; what the system refuses is only reported.
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
        let scheduling = below(scheduling);
        let (delivery, end) = (outgoing.delivery.clone(), Arc::<AtomicBool>::default());
        let zero = vec![0.; outgoing.command.output_buffer().effort.len()];
        let sender = CommandSender { outgoing, sink, clock, period, end: end.clone(), zero };
        let (started, report) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("commands".into()).spawn(move || {
            signals::keep_off_this_thread();
            let (report, _guard) = match scheduling::enter(&scheduling) {
                Ok((report, guard)) => (report, Some(guard)),
                Err(error) => (StartupReport { refused: error.refused, ..StartupReport::default() }, None),
            };
            // Whoever started the thread waits for this one message.
            let _ = started.send(report);
            let mut sender = sender;
            sender.run();
        })?;
        // Without a word the thread panicked, which shows when it is looked for.
        let startup = report.recv().unwrap_or_default();
        delivery.tell();
        Ok(Self { startup, delivery, end, thread })
    }

    /// Whether it still runs. While the loop does, it ends only by a panic.
    pub fn is_alive(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Waits until the robot has its last command and zero: until the loop is gone, or hangs. False if the thread does not come to
    /// it because sending does not return; it is left to itself then.
    pub fn end(self) -> bool {
        self.end.store(true, Ordering::Relaxed);
        let (mut delivered, mut since) = (self.delivery.delivered(), Instant::now());
        while !self.thread.is_finished() {
            let now = self.delivery.delivered();
            if now != delivered {
                (delivered, since) = (now, Instant::now());
            }
            // A loop that is silent, and a last word of five periods, take their time as well.
            if since.elapsed() > STUCK + 2 * self.delivery.patience() {
                return false;
            }
            thread::sleep(END_POLL);
        }
        // A panic was reported when it happened.
        let _ = self.thread.join();
        true
    }
}

/// The scheduling of whoever serves a loop with this one.
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
    fn run(&mut self) {
        let mut dead_man = DeadMan::new(self.outgoing.delivery.clone(), self.period);
        loop {
            // Asked first: what the loop sent last is then still read.
            let over = self.outgoing.is_over();
            let command = self.outgoing.command.read();
            let (sequence, now) = (command.sequence, self.clock.now());
            match dead_man.decide(now, sequence) {
                Sending::Command => {
                    self.sink.send(&command.effort);
                    self.outgoing.delivery.deliver(sequence);
                    self.outgoing.pass_requests(&mut self.sink);
                    let period = self.period.as_nanos();
                    let next = Duration::from_nanos(((now.as_nanos() / period + 1) * period) as u64);
                    self.clock.sleep_until(next + FIRST_POLL, false);
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
            self.clock.sleep_until(now + if late { self.period / 4 } else { COMMAND_POLL }, false);
        }
    }
}

/// Zero comes last, after a panic of the sink too. Silence is no stop, and this may be the last the robot hears: it hears it more
/// than once.
impl<S: CommandSink> Drop for CommandSender<S> {
    fn drop(&mut self) {
        for _ in 0..LAST_WORDS {
            self.sink.send(&self.zero);
            let next = self.clock.now() + self.period;
            self.clock.sleep_until(next, false);
        }
    }
}
