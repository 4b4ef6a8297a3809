//! Conversion of joint states and ball messages to readings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use r2r::nav_msgs::msg::Odometry;
use r2r::sensor_msgs::msg::JointState;

use super::input_error::InputError;
use super::joint_states::{JointStates, JointStatesMessage, undated_error};
use super::joints::Joints;
use super::stamps::{Source, TimeBase};
use crate::robot::Reading;
use crate::ros::rcl::complaints::Complaints;
use crate::ros::rcl::message_time::stamp;

/// Time for which an error is shown after it is over.
const SHOWN: Duration = Duration::from_secs(2);

/// A joint state with the ball, each as measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Time of the joints' measurement, in the loop's time.
    pub stamp: Duration,
    /// Joint positions, in the model's order and signs.
    pub position: Vec<f64>,
    /// Joint velocities, likewise.
    pub velocity: Vec<f64>,
    /// The ball's position and velocity in the world (6) and the time of their measurement, once
    /// received.
    pub ball: Option<([f64; 6], Duration)>,
}

impl Measured {
    /// Writes the measurement into the loop's reading.
    pub fn write(&self, number: u64, reading: &mut Reading) {
        let Reading { stamp, sequence, position, velocity, task, task_stamp } = reading;
        (*stamp, *sequence) = (self.stamp, number);
        position.copy_from_slice(&self.position);
        velocity.copy_from_slice(&self.velocity);
        match &self.ball {
            Some((ball, measured)) if task.len() == ball.len() => {
                task.copy_from_slice(ball);
                *task_stamp = *measured;
            }
            // A missing ball must not look like a ball at the origin.
            _ => task.fill(f64::NAN),
        }
    }

    fn is_with_its_ball(&self) -> bool {
        self.ball.is_some_and(|(_, measured)| measured == self.stamp)
    }
}

/// Destination of readings.
enum Sink {
    /// No loop.
    None,
    /// A loop that reads the newest one.
    Newest(triple_buffer::Input<Reading>),
    /// A loop in lockstep with the stamps. The ball may come before or after the joints of the same
    /// instant.
    Each { states: Sender<Measured>, with_ball: bool },
}

/// The messages received, for the diagnostics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Used messages of joint states.
    pub states: u64,
    /// Refused messages of joint states.
    pub refused: u64,
    /// Used ball messages.
    pub balls: u64,
    /// Refused ball messages.
    pub balls_refused: u64,
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
    ball_source: Source,
    time: TimeBase,
    sink: Sink,
    newest: Option<Measured>,
    ball: Option<([f64; 6], Duration)>,
    sequence: u64,
    received: Received,
    error: Option<(InputError, Instant)>,
    complaints: Complaints<InputError>,
    ball_complaints: Complaints<InputError>,
    /// Whether it was reported that times of receipt replace the stamps of joint states, and of
    /// balls.
    told_unstamped: [bool; 2],
}

/// Converts messages to readings. Shared between the executor, which passes each message, and the
/// supervisor, which chooses the destination; never with the loop.
#[derive(Clone)]
pub struct States(Arc<Mutex<Inner>>);

impl States {
    /// For a robot with these joints and a loop with this time base.
    pub fn new(joints: Joints, time: TimeBase) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            joints: JointStates::new(joints),
            ball_source: Source::default(),
            time,
            sink: Sink::None,
            newest: None,
            ball: None,
            sequence: 0,
            received: Received::default(),
            error: None,
            complaints: Complaints::default(),
            ball_complaints: Complaints::default(),
            told_unstamped: [false; 2],
        })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic cannot leave the state half-updated, so a poisoned lock is safe to use.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends readings to a loop through `reading`; the loop reads the newest.
    pub fn feed(&self, reading: triple_buffer::Input<Reading>) {
        self.lock().sink = Sink::Newest(reading);
    }

    /// Sends every reading to a loop in lockstep. `with_ball`: a joint state waits for the ball of
    /// the same instant.
    pub fn feed_each(&self, states: Sender<Measured>, with_ball: bool) {
        self.lock().sink = Sink::Each { states, with_ball };
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
            tell_unstamped("joint states", &mut inner.told_unstamped[0]);
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
        let measured =
            Measured { stamp: state.stamp, position: state.position, velocity: state.velocity, ball: inner.ball };
        match &mut inner.sink {
            Sink::None => {}
            Sink::Newest(reading) => {
                inner.sequence += 1;
                measured.write(inner.sequence, reading.input_buffer_mut());
                reading.publish();
            }
            Sink::Each { states, with_ball } => {
                if !*with_ball || measured.is_with_its_ball() {
                    // The receiving loop may be gone.
                    let _ = states.send(measured.clone());
                }
            }
        }
        inner.newest = Some(measured);
    }

    /// Takes a ball.
    pub fn take_ball(&self, message: &Odometry) {
        let now = Instant::now();
        let mut inner = self.lock();
        let inner = &mut *inner;
        let ball = ball(message);
        let wrong = [("position", &ball[..3]), ("velocity", &ball[3..])];
        let wrong = wrong.into_iter().find(|(_, values)| values.iter().any(|value| !value.is_finite()));
        let error = match wrong {
            Some((field, _)) => Some(InputError::NonFiniteTask { what: "ball", field }),
            None => match inner.ball_source.date(stamp(&message.header.stamp), &inner.time) {
                Ok(dated) => {
                    if !dated.stamped {
                        tell_unstamped("balls", &mut inner.told_unstamped[1]);
                    }
                    inner.ball = Some((ball, dated.at));
                    None
                }
                Err(undated) => undated_error("balls", undated),
            },
        };
        if let Some(error) = error {
            inner.received.balls_refused += 1;
            complain(&mut inner.ball_complaints, &error, now);
            return;
        }
        inner.received.balls += 1;
        let Some(joints) = &mut inner.newest else { return };
        let was_sent = joints.is_with_its_ball();
        joints.ball = inner.ball;
        if let Sink::Each { states, with_ball: true } = &mut inner.sink
            && !was_sent
            && joints.is_with_its_ball()
        {
            // The receiving loop may be gone.
            let _ = states.send(joints.clone());
        }
    }
}

fn tell_unstamped(what: &str, told: &mut bool) {
    if !std::mem::replace(told, true) {
        tracing::warn!(
            "the {what} have no time stamps: the time of their receipt stands for them, delays are not seen"
        );
    }
}

fn complain(complaints: &mut Complaints<InputError>, error: &InputError, now: Instant) {
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

/// Position and velocity in the world (6). The velocity in an odometry message is in the body's
/// frame (REP 105). A body without orientation is aligned with the world.
fn ball(message: &Odometry) -> [f64; 6] {
    let pose = &message.pose.pose;
    let (p, o, v) = (&pose.position, &pose.orientation, &message.twist.twist.linear);
    let velocity = nalgebra::Vector3::new(v.x, v.y, v.z);
    let orientation = nalgebra::Quaternion::new(o.w, o.x, o.y, o.z);
    let velocity = match nalgebra::UnitQuaternion::try_new(orientation, 1e-6) {
        Some(orientation) if o.x != 0. || o.y != 0. || o.z != 0. => orientation * velocity,
        _ => velocity,
    };
    [p.x, p.y, p.z, velocity.x, velocity.y, velocity.z]
}

#[cfg(test)]
mod tests;
