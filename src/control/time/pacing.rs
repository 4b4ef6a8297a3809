//! Pacing by the robot: each of its packets is a tick of the loop's clock.

use super::wall_clock::monotonic;
use crate::robot::{Clock, Reading};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

/// What both ends know of the newest packet.
#[derive(Default)]
struct Newest {
    /// Packets so far.
    count: AtomicU64,
    /// Its time in the loop's time, ns.
    time: AtomicU64,
    repeats: AtomicBool,
    /// The loop's thread, where it waits for packets.
    waiting: OnceLock<Thread>,
}

/// The robot's end: passes packets on.
pub struct Packets {
    reading: triple_buffer::Input<Reading>,
    newest: Arc<Newest>,
    /// The thread that sends the loop's commands.
    sender: Option<Thread>,
    period: Duration,
    /// Robot's time of the first and of the newest packet.
    first: Option<Duration>,
    last: Duration,
    /// Loop's time of the newest packet.
    time: Duration,
}

/// The loop's clock while the robot paces it. Its time is that of the packets. The first packet is at
/// one period, and the clock is half a period ahead of the packets: a packet belongs to the release
/// next to it, so that stamps may deviate from the period by less than half of it.
pub struct RobotClock {
    newest: Arc<Newest>,
    period: Duration,
    /// Longest wait for a packet, after which time passes by itself. `None`: the robot calls the
    /// loop, which never waits.
    patience: Option<Duration>,
    simulated: bool,
    count: u64,
    /// Time of the newest packet, and the machine's time of its arrival.
    packet: Duration,
    arrival: Duration,
    now: Duration,
    /// Whether time passed by itself since the newest packet.
    by_itself: bool,
    between: Duration,
    repeats: bool,
}

/// Both ends for a robot that sends a packet each `period`. With `patience` the clock waits for
/// packets on the loop's own thread, for so long; without, the robot's thread calls the loop.
pub fn paced(
    reading: triple_buffer::Input<Reading>,
    period: Duration,
    patience: Option<Duration>,
) -> (Packets, RobotClock) {
    let newest = Arc::<Newest>::default();
    let clock = RobotClock {
        newest: newest.clone(),
        period,
        patience,
        simulated: false,
        count: 0,
        packet: Duration::ZERO,
        arrival: monotonic(),
        now: Duration::ZERO,
        by_itself: false,
        between: Duration::ZERO,
        repeats: false,
    };
    (Packets { reading, newest, sender: None, period, first: None, last: Duration::ZERO, time: Duration::ZERO }, clock)
}

impl Packets {
    /// Wakes this thread with each packet too: the sender of the commands, so that the loop need not.
    #[must_use]
    pub fn waking(self, sender: Thread) -> Self {
        Self { sender: Some(sender), ..self }
    }

    /// Passes a packet on. `write` writes the reading, with stamps in the robot's time; its number is
    /// given here.
    pub fn pass(&mut self, write: impl FnOnce(&mut Reading)) {
        let reading = self.reading.input_buffer_mut();
        write(reading);
        let robot = reading.stamp;
        let repeats = self.first.is_some() && robot == self.last;
        let first = *self.first.get_or_insert(robot);
        let period = self.period;
        let shifted = |stamp: Duration| (stamp + period).saturating_sub(first);
        reading.stamp = shifted(reading.stamp);
        reading.task_stamp = shifted(reading.task_stamp);
        reading.observed_stamps.iter_mut().for_each(|stamp| *stamp = shifted(*stamp));
        // The safe command fades in over time, so time goes on where the robot's stands.
        self.time = if repeats { self.time + period } else { reading.stamp };
        self.last = robot;
        let count = self.newest.count.load(Ordering::Relaxed) + 1;
        reading.sequence = count;
        self.reading.publish();
        self.newest.time.store(nanoseconds(self.time), Ordering::Relaxed);
        self.newest.repeats.store(repeats, Ordering::Relaxed);
        self.newest.count.store(count, Ordering::Release);
        if let Some(waiting) = self.newest.waiting.get() {
            waiting.unpark();
        }
        if let Some(sender) = &self.sender {
            sender.unpark();
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl RobotClock {
    /// For a robot that is a simulation: it starts anew at each trial, as in lockstep, and nothing
    /// has a deadline.
    #[must_use]
    pub fn simulated(self) -> Self {
        Self { simulated: true, ..self }
    }

    /// Takes the newest packet. False if there is no new one.
    fn take(&mut self) -> bool {
        let count = self.newest.count.load(Ordering::Acquire);
        if count == self.count {
            return false;
        }
        let arrival = monotonic();
        self.between = if self.count == 0 { self.period } else { arrival.saturating_sub(self.arrival) };
        self.packet = Duration::from_nanos(self.newest.time.load(Ordering::Relaxed));
        self.repeats = self.newest.repeats.load(Ordering::Relaxed);
        (self.count, self.arrival) = (count, arrival);
        let now = self.packet + self.period / 2;
        // Packets come again, a little earlier in time than the loop got by itself: no jump back.
        let ahead = self.by_itself && self.now.checked_sub(now).is_some_and(|ahead| ahead < self.period);
        self.now = if ahead { self.now } else { now };
        self.by_itself = false;
        true
    }
}

impl Clock for RobotClock {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, _release: Duration, _idle: bool) {
        let Some(patience) = self.patience else {
            self.take();
            return;
        };
        self.newest.waiting.get_or_init(thread::current);
        if self.take() {
            return;
        }
        // A packet or an order unparks the thread. One that came just before lets it pass.
        thread::park_timeout(self.period);
        if !self.take() {
            let silence = monotonic().saturating_sub(self.arrival);
            if silence > patience {
                (self.by_itself, self.repeats) = (true, false);
                self.now = self.packet + self.period / 2 + silence;
            }
        }
    }

    fn real_time(&self) -> bool {
        !self.simulated
    }

    fn resets_plant(&self) -> bool {
        self.simulated
    }

    fn stopwatch(&self) -> Option<Duration> {
        Some(monotonic())
    }

    fn between_packets(&self) -> Option<Duration> {
        Some(self.between)
    }

    fn repeats(&self) -> bool {
        self.repeats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::link;

    const MS: Duration = Duration::from_millis(1);

    fn made(patience: Option<Duration>) -> (Packets, RobotClock, triple_buffer::Output<Reading>) {
        let (port, robot) = link(1, 1);
        let (packets, clock) = paced(robot.reading, MS, patience);
        (packets, clock, port.reading)
    }

    /// Passes a packet of this time on, and has the clock take it.
    fn pass(packets: &mut Packets, clock: &mut RobotClock, stamp: Duration) -> Duration {
        packets.pass(|reading| (reading.stamp, reading.task_stamp) = (stamp, stamp - MS / 4));
        clock.sleep_until(Duration::ZERO, false);
        clock.now()
    }

    #[test]
    fn the_first_packet_is_at_one_period_and_time_is_that_of_the_stamps() {
        let (mut packets, mut clock, mut reading) = made(None);
        clock.sleep_until(MS, false);
        assert_eq!(clock.now(), Duration::ZERO, "no packet, no time");
        assert_eq!(pass(&mut packets, &mut clock, 5000 * MS), 3 * MS / 2);
        let first = reading.read();
        assert_eq!((first.sequence, first.stamp, first.task_stamp), (1, MS, 3 * MS / 4));
        assert_eq!(pass(&mut packets, &mut clock, 5001 * MS + MS / 10), 5 * MS / 2 + MS / 10);
        assert_eq!(pass(&mut packets, &mut clock, 4999 * MS), MS / 2, "backward is followed, and the loop sees it");
        assert!(!clock.repeats() && clock.between_packets().is_some());
    }

    #[test]
    fn a_time_that_repeats_is_told_and_the_loop_s_goes_on() {
        let (mut packets, mut clock, _) = made(None);
        pass(&mut packets, &mut clock, 7 * MS);
        assert!(!clock.repeats());
        let repeated = [1, 2].map(|_| (pass(&mut packets, &mut clock, 7 * MS), clock.repeats()));
        assert_eq!(repeated, [(5 * MS / 2, true), (7 * MS / 2, true)]);
        assert_eq!(pass(&mut packets, &mut clock, 10 * MS), 9 * MS / 2);
        assert!(!clock.repeats());
    }

    #[test]
    fn a_loop_on_its_own_thread_is_woken_by_a_packet_and_goes_on_by_itself_where_none_comes() {
        let (mut packets, mut clock, _) = made(Some(300 * MS));
        let sender = thread::spawn(move || {
            for packet in 1..=3 {
                packets.pass(|reading| reading.stamp = packet * MS);
                thread::sleep(MS);
            }
            packets
        });
        while clock.now() < 7 * MS / 2 {
            clock.sleep_until(MS, false);
            assert!(clock.now() <= 7 * MS / 2, "time does not pass while packets come");
        }
        let mut packets = sender.join().unwrap();
        while clock.now() == 7 * MS / 2 {
            clock.sleep_until(5 * MS, false);
        }
        let alone = clock.now();
        assert!(alone > 7 * MS / 2 + 300 * MS);
        // The packet of less than a period ago does not turn time back; one of long ago does.
        assert_eq!(pass(&mut packets, &mut clock, alone - 3 * MS / 4), alone);
        assert_eq!(pass(&mut packets, &mut clock, 5 * MS), 11 * MS / 2);
    }
}
