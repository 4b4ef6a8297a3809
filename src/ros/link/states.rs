//! Conversion of joint states and observations to readings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use r2r::sensor_msgs::msg::JointState;

use super::input_error::InputError;
use super::joint_states::{JointStates, JointStatesMessage};
use super::joints::Joints;
use super::observations::{Count, Observation, Observations};
use super::stamps::TimeBase;
use crate::control::Packets;
use crate::robot::{Observed, Reading, Tracker};
use crate::ros::rcl::complaints::Complaints;
use crate::ros::rcl::message_time::stamp;

/// Time for which an error is shown after it is over.
const SHOWN: Duration = Duration::from_secs(2);

/// A joint state with the task's observations, each as measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Time of the joints' measurement, in the loop's time.
    pub stamp: Duration,
    /// Joint positions, in the model's order and signs.
    pub position: Vec<f64>,
    /// Joint velocities, likewise.
    pub velocity: Vec<f64>,
    /// The newest of each observation, once it came.
    pub observed: Vec<Option<Observation>>,
}

impl Measured {
    /// Writes the measurement into the loop's reading.
    pub fn write(&self, number: u64, reading: &mut Reading) {
        let Reading { stamp, sequence, position, velocity, task, task_stamp, observed_stamps } = reading;
        (*stamp, *sequence) = (self.stamp, number);
        position.copy_from_slice(&self.position);
        velocity.copy_from_slice(&self.velocity);
        let observed: Option<Vec<&Observation>> = self.observed.iter().map(Option::as_ref).collect();
        let observed = observed.unwrap_or_default();
        if observed.iter().map(|one| one.values.len()).sum::<usize>() != task.len() {
            // What is missing must not look like zeros.
            task.fill(f64::NAN);
            return;
        }
        let mut rest = &mut task[..];
        for one in &observed {
            let (own, next) = rest.split_at_mut(one.values.len());
            own.copy_from_slice(&one.values);
            rest = next;
        }
        if observed_stamps.len() != observed.len() {
            // Once for each buffer.
            *observed_stamps = vec![Duration::ZERO; observed.len()].into();
        }
        observed_stamps.iter_mut().zip(&observed).for_each(|(stamp, one)| *stamp = one.measured);
        // The oldest counts.
        if let Some(oldest) = observed.iter().map(|one| one.measured).min() {
            *task_stamp = oldest;
        }
    }

    /// Whether every observation that has a stamp is of the same instant as the joints.
    fn is_of_one_instant(&self) -> bool {
        let fits = |one: &Observation| !one.stamped || one.measured == self.stamp;
        self.observed.iter().all(|one| one.as_ref().is_some_and(fits))
    }
}

/// Destination of readings.
enum Sink {
    /// No loop.
    None,
    /// A loop that reads the newest one.
    Newest(triple_buffer::Input<Reading>),
    /// A loop that makes a cycle for each.
    Paced(Packets),
    /// A loop in lockstep with the stamps. An observation may come before or after the joints of the
    /// same instant.
    Each(Sender<Measured>),
}

/// The messages received, for the diagnostics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Used messages of joint states.
    pub states: u64,
    /// Refused messages of joint states.
    pub refused: u64,
    /// Messages of the task's observations.
    pub observed: Vec<Count>,
    /// The present or most recent error of the joint states.
    pub error: Option<InputError>,
    /// Time of the newest message with joints of the robot.
    pub last: Option<Instant>,
    /// Time of the newest such message without an error.
    pub last_good: Option<Instant>,
    /// The joint with the oldest report and the report's age; none before all joints were reported.
    pub oldest: Option<(String, Duration)>,
    /// Number of recent kinds of messages on the topic, by the joints they name.
    pub kinds: usize,
    /// A joint that several publishers report.
    pub contested: Option<String>,
}

struct Inner {
    joints: JointStates,
    observations: Observations,
    time: TimeBase,
    sink: Sink,
    newest: Option<Measured>,
    sequence: u64,
    received: Received,
    error: Option<(InputError, Instant)>,
    complaints: Complaints<InputError>,
    /// Whether it was reported that times of receipt replace the stamps.
    told_unstamped: bool,
}

/// Converts messages to readings. Shared between the executor, which passes each message, and the
/// supervisor, which chooses the destination; never with the loop.
#[derive(Clone)]
pub struct States(Arc<Mutex<Inner>>);

impl States {
    /// For a robot with these joints, a task with these observations, and a loop with this time base.
    pub fn new(joints: Joints, observed: &[Observed], time: TimeBase) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            joints: JointStates::new(joints),
            observations: Observations::new(observed),
            time,
            sink: Sink::None,
            newest: None,
            sequence: 0,
            received: Received::default(),
            error: None,
            complaints: Complaints::default(),
            told_unstamped: false,
        })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic cannot leave the state half-updated, so a poisoned lock is safe to use.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on only positions come of observation `index`, and the tracker finds its velocity.
    pub fn track(&self, index: usize, tracker: Box<dyn Tracker>) {
        self.lock().observations.track(index, tracker);
    }

    /// Sends readings to a loop through `reading`; the loop reads the newest.
    pub fn feed(&self, reading: triple_buffer::Input<Reading>) {
        self.lock().sink = Sink::Newest(reading);
    }

    /// Paces a loop by the joint states.
    pub fn feed_paced(&self, packets: Packets) {
        self.lock().sink = Sink::Paced(packets);
    }

    /// Sends every reading to a loop in lockstep. A joint state waits for the observations of the same
    /// instant.
    pub fn feed_each(&self, states: Sender<Measured>) {
        self.lock().sink = Sink::Each(states);
    }

    /// Stops sending readings.
    pub fn feed_nobody(&self) {
        self.lock().sink = Sink::None;
    }

    /// The newest state of all joints.
    pub fn newest(&self) -> Option<Measured> {
        self.lock().newest.clone()
    }

    /// The messages received.
    pub fn received(&self) -> Received {
        let (inner, now) = (self.lock(), Instant::now());
        let shown = |at: Instant| now.saturating_duration_since(at) < SHOWN;
        let error = inner.error.as_ref().filter(|(_, at)| shown(*at)).map(|(error, _)| error.clone());
        let strangers = inner.joints.strangers().filter(|_| inner.received.last.is_none());
        let strangers =
            strangers.map(|came| InputError::Strangers { joints: inner.joints.names().to_vec(), came: came.to_vec() });
        Received {
            error: error.or(strangers),
            oldest: inner.joints.oldest(now).map(|(name, age)| (name.into(), age)),
            kinds: inner.joints.kinds(),
            contested: inner.joints.contested(now).map(Into::into),
            observed: inner.observations.counts(now),
            ..inner.received.clone()
        }
    }

    /// Takes a joint state.
    pub fn take_joints(&self, message: &JointState) {
        let now = Instant::now();
        let mut inner = self.lock();
        let inner = &mut *inner;
        let JointState { name: names, position, velocity, .. } = message;
        let message = JointStatesMessage { stamp: stamp(&message.header.stamp), names, position, velocity };
        let taken = inner.joints.take(&message, &inner.time, now);
        if !taken.ours {
            // The message belongs to another device: several may share the topic.
            return;
        }
        inner.received.last = Some(now);
        if taken.unstamped {
            tell_unstamped("joint states", &mut inner.told_unstamped);
        }
        match taken.error {
            None => {
                inner.received.states += 1;
                inner.received.last_good = Some(now);
            }
            Some(error) => {
                inner.received.refused += 1;
                complain(&mut inner.complaints, &error, now);
                inner.error = Some((error, now));
            }
        }
        let Some(state) = taken.state else { return };
        let measured = Measured {
            stamp: state.stamp,
            position: state.position,
            velocity: state.velocity,
            observed: inner.observations.newest(),
        };
        match &mut inner.sink {
            Sink::None => {}
            Sink::Newest(reading) => {
                inner.sequence += 1;
                measured.write(inner.sequence, reading.input_buffer_mut());
                reading.publish();
            }
            Sink::Paced(packets) => {
                inner.sequence += 1;
                packets.pass(|reading| measured.write(inner.sequence, reading));
            }
            Sink::Each(states) => {
                if measured.is_of_one_instant() {
                    // The receiving loop may be gone.
                    let _ = states.send(measured.clone());
                }
            }
        }
        inner.newest = Some(measured);
    }

    /// Takes the numbers of observation `index`, stamped `stamp` (ns).
    pub fn take_observed(&self, index: usize, values: Vec<f64>, stamp: Option<i64>) {
        let mut inner = self.lock();
        let Inner { observations, time, newest, sink, .. } = &mut *inner;
        let joints = newest.as_ref().map(|state| state.stamp);
        if !observations.take(index, values, stamp, time, joints, Instant::now()) {
            return;
        }
        let Some(state) = newest else { return };
        let was_sent = state.is_of_one_instant();
        state.observed = observations.newest();
        if let Sink::Each(states) = sink
            && !was_sent
            && state.is_of_one_instant()
        {
            // The receiving loop may be gone.
            let _ = states.send(state.clone());
        }
    }
}

pub(super) fn tell_unstamped(what: &str, told: &mut bool) {
    if !std::mem::replace(told, true) {
        tracing::warn!(
            "the {what} have no time stamps: the time of their receipt stands for them, delays are not seen"
        );
    }
}

pub(super) fn complain(complaints: &mut Complaints<InputError>, error: &InputError, now: Instant) {
    let more = match complaints.make(error, now) {
        Some(0) => String::new(),
        Some(more) => format!(" ({more} more of this kind since it was said last)"),
        None => return,
    };
    if error.is_doubt() {
        tracing::warn!("{error}{more}");
    } else {
        tracing::error!("{error}{more}");
    }
}

#[cfg(test)]
mod tests;
