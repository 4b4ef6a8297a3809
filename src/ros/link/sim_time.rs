//! Simulated time: that of the topic `/clock`, with a watch over it by the wall clock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::commands::RosSink;
use crate::control::{Clock, CommandSink, DeadMan, LAST_WORDS, Outgoing, Sending};
use crate::robot::Delivery;
use crate::ros::RosError;

/// How long the loop waits for the simulation before it looks whether it is to end.
const END_POLL: Duration = Duration::from_millis(20);
/// So many ticks are seen before the clock is judged by them.
const TICKS: u32 = 5;

/// What is known of the clock.
#[derive(Default)]
struct Known {
    now: Option<Duration>,
    /// When it ticked last, by the wall clock.
    moved: Option<Instant>,
    /// Ticks since it was watched, and the shortest of them: one that was lost makes the next longer, never shorter.
    ticks: u32,
    shortest: Option<Duration>,
    /// The longest it may stand while it is watched.
    timeout: Option<Duration>,
    /// What went wrong with it while it was watched. It is not trusted again until it is watched anew.
    wrong: Option<Wrong>,
    let_go: bool,
}

/// What may go wrong with a clock.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Stands { at: Duration, waited: Duration },
    Back { from: Duration, to: Duration },
}

impl Known {
    fn hear(&mut self, now: Duration, wall: Instant) {
        match self.now {
            Some(before) if now < before => {
                // Nothing measured before is comparable.
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

    /// Looks by the wall clock.
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

/// The time of the topic `/clock`, as it was received last.
#[derive(Clone, Default)]
pub struct SimTime(Arc<Shared>);

impl SimTime {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock says it is `now`.
    pub fn set(&self, now: Duration) {
        self.lock().hear(now, Instant::now());
        self.0.ticked.notify_all();
    }

    /// What the clock said last; none before it said anything.
    pub fn get(&self) -> Option<Duration> {
        self.lock().now
    }

    /// How long the clock has been standing, by the wall clock; none before it said anything.
    pub fn stands_for(&self) -> Option<Duration> {
        self.lock().moved.map(|moved| moved.elapsed())
    }

    /// Forgets what was wrong and looks how the clock ticks.
    pub fn begin(&self) {
        let mut known = self.lock();
        let Known { now, moved, .. } = *known;
        *known = Known { now, moved, ..Known::default() };
    }

    /// What stands against a loop with this period on this clock: it has not ticked, not often enough to be judged, or in steps
    /// that are too long.
    pub fn unfit(&self, period: Duration) -> Option<RosError> {
        let known = self.lock();
        match (known.now, known.shortest) {
            (None, _) => Some(RosError::NoClock),
            (Some(at), _) if known.ticks < TICKS => Some(RosError::ClockDoesNotTick { at }),
            (Some(_), Some(tick)) if tick > period => Some(RosError::ClockTooCoarse { tick, period }),
            _ => None,
        }
    }

    /// From now on the clock may not run back, nor stand for longer than `timeout` of the wall clock.
    pub fn watch(&self, timeout: Duration) {
        let mut known = self.lock();
        (known.timeout, known.moved) = (Some(timeout), Some(Instant::now()));
    }

    /// What is wrong with a clock that is watched.
    pub fn failure(&self) -> Option<RosError> {
        self.lock().watch(Instant::now()).map(Into::into)
    }

    /// The loop is to end even if the simulation stands still: its time then passes by itself.
    pub fn let_go(&self) {
        let mut known = self.lock();
        // The end has begun: how the clock goes on is no concern any more.
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
        match (self.dead_man.decide(now, sequence), effort) {
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
/// robot gets zero where the loop hangs. Where the simulation's clock cannot be trusted, time passes by itself, as fast as the wall
/// clock's: the loop then finds its readings stale, and the robot hears the safe command.
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
            Waited::ByItself => {
                // The safe command takes its time, and the robot is to hear all of it.
                std::thread::sleep(release.saturating_sub(self.now).min(END_POLL));
                self.now = self.now.max(release);
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
