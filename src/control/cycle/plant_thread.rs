//! A simulated plant on the wall clock: the robot's side of a dry run in real time.

use crate::control::time::scheduling;
use crate::control::{Clock, SchedulingConfig, StartupReport, WallClock};
use crate::robot::{Plant, PlantDriver, RobotPort};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A plant that is stepped on the wall clock, each physics period, on its own thread. The plant is
/// never reset: its arm goes home as a robot's does.
pub struct PlantThread<P> {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(P, StartupReport)>,
}

impl<P: Plant + 'static> PlantThread<P> {
    /// Starts stepping `plant` to each whole multiple of its period after the epoch of `clock`,
    /// `lead` before that time. A loop on a copy of that clock releases at whole multiples of its
    /// own period. It finds a reading of the same instant, as in lockstep, while both threads keep
    /// within the lead. The priority should be below the loop's. A refusal of the system is only
    /// reported.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn spawn(
        plant: P,
        port: RobotPort,
        clock: WallClock,
        lead: Duration,
        scheduling: SchedulingConfig,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::Builder::new().name("plant".into()).spawn(move || {
            let config = SchedulingConfig { on_error: crate::control::OnError::Warn, ..scheduling };
            let (report, _guard) = match scheduling::enter(&config) {
                Ok((report, guard)) => (report, Some(guard)),
                Err(error) => (StartupReport { refused: error.refused, ..StartupReport::default() }, None),
            };
            let plant = drive(PlantDriver::new(plant, port, false), clock, lead, &stopped);
            (plant, report)
        })?;
        Ok(Self { stop, thread })
    }

    /// Stops stepping and returns the plant, with the scheduling that the system granted its
    /// thread. End the loop first: nothing holds the arm any more.
    ///
    /// The plant's panic.
    pub fn join(self) -> thread::Result<(P, StartupReport)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join()
    }
}

/// Steps until told to stop. After a late wake-up the plant steps over the time that passed.
fn drive<P: Plant>(mut driver: PlantDriver<P>, mut clock: WallClock, lead: Duration, stop: &AtomicBool) -> P {
    let period = driver.plant().period().max(Duration::from_micros(1));
    let lead = lead.min(period);
    while !stop.load(Ordering::Relaxed) {
        let periods = (clock.now() + lead).as_nanos() / period.as_nanos() + 1;
        let until = Duration::from_nanos((period.as_nanos() * periods) as u64);
        clock.sleep_until(until - lead, false);
        driver.advance(until);
    }
    driver.into_plant()
}
