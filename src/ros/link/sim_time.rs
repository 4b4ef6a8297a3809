//! Simulated time: the time on the topic `/clock`, watched by the wall clock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::commands::RosSink;
use crate::control::{Clock, CommandSink, DeadMan, LAST_WORDS, Outgoing, Sending};
use crate::robot::Delivery;
use crate::ros::RosError;

/// Longest wait of the loop for the simulation before it checks whether it should end.
const END_POLL: Duration = Duration::from_millis(20);
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
    fn wait(&self, release: Duration) -> Waited {
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

#[derive(Debug, PartialEq)]
enum Waited {
    Reached(Duration),
    NotYet,
    ByItself,
}

/// Sends the commands of a loop on simulated time, and zero if there are none.
struct Sender {
    sink: RosSink,
    dead_man: DeadMan,
    delivery: Arc<Delivery>,
    zero: Vec<f64>,
}

impl Sender {
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
    sender: Arc<Mutex<Sender>>,
    /// Ends the thread when dropped.
    _over: crossbeam_channel::Sender<()>,
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
        let sender = Arc::new(Mutex::new(Sender { sink, dead_man, delivery, zero }));
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

fn lock(sender: &Mutex<Sender>) -> MutexGuard<'_, Sender> {
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
