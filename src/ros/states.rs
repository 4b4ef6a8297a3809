//! Joint states and the ball, from messages to readings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use r2r::nav_msgs::msg::Odometry;
use r2r::sensor_msgs::msg::JointState;

use super::joints::{JointStateError, Joints};
use super::stamps::{StampMap, stamp};
use crate::control::{Clock, WallClock};
use crate::robot::Reading;

/// A joint state with the ball, both as measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Stamp of the joint state, since its epoch.
    pub stamp: Duration,
    /// Joint positions, in the model's order and count.
    pub position: Vec<f64>,
    /// Joint velocities, likewise.
    pub velocity: Vec<f64>,
    /// The ball's position and velocity in the world (6); empty before the first message.
    pub ball: Vec<f64>,
    /// Stamp of the ball.
    pub ball_stamp: Duration,
}

impl Measured {
    /// Writes it as the loop reads it.
    pub fn write(&self, number: u64, reading: &mut Reading) {
        let Reading { stamp, sequence, position, velocity, task, task_stamp } = reading;
        (*stamp, *sequence, *task_stamp) = (self.stamp, number, self.ball_stamp);
        position.copy_from_slice(&self.position);
        velocity.copy_from_slice(&self.velocity);
        if task.len() == self.ball.len() {
            task.copy_from_slice(&self.ball);
        }
    }
}

/// Where readings go.
enum Sink {
    /// Nobody wants them.
    None,
    /// To a loop on the wall clock.
    Wall { clock: WallClock, reading: triple_buffer::Input<Reading>, stamps: StampMap, ball_received: Duration },
    /// To a loop on simulated time, which is the stamps'.
    Simulated { reading: triple_buffer::Input<Reading> },
    /// To a loop in lockstep with the stamps; the ball may come before or after the joints of the same instant.
    Stamped { states: Sender<Measured>, with_ball: bool },
}

/// What has come from the robot, for the diagnostics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Joint states used.
    pub states: u64,
    /// Joint states that could not be used.
    pub refused: u64,
    /// Balls.
    pub balls: u64,
    /// Why the newest joint state could not be used, if so.
    pub error: Option<JointStateError>,
    /// Time of the process's monotonic clock when the newest joint state came.
    pub last: Option<std::time::Instant>,
}

struct Inner {
    joints: Joints,
    sink: Sink,
    newest: Option<Measured>,
    /// Position and velocity (6), and stamp.
    ball: Option<(Vec<f64>, Option<i64>)>,
    sequence: u64,
    received: Received,
}

/// The executor's end: takes messages and passes readings on. Shared between the executor, which calls it with each message,
/// and the supervisor, which says where readings go; never with the loop.
#[derive(Clone)]
pub struct States(Arc<Mutex<Inner>>);

impl States {
    /// For a robot with these joints.
    pub fn new(joints: Joints) -> Self {
        let (sink, received) = (Sink::None, Received::default());
        Self(Arc::new(Mutex::new(Inner { joints, sink, newest: None, ball: None, sequence: 0, received })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Nothing is left half-way where a holder panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Readings go to a loop on `clock`, through `reading`.
    pub fn feed_wall(&self, clock: WallClock, reading: triple_buffer::Input<Reading>) {
        let sink = Sink::Wall { clock, reading, stamps: StampMap::default(), ball_received: Duration::ZERO };
        self.lock().sink = sink;
    }

    /// Readings go to a loop on simulated time, through `reading`.
    pub fn feed_simulated(&self, reading: triple_buffer::Input<Reading>) {
        self.lock().sink = Sink::Simulated { reading };
    }

    /// Readings go to a loop in lockstep. `with_ball`: a joint state waits for the ball of the same instant.
    pub fn feed_stamped(&self, states: Sender<Measured>, with_ball: bool) {
        self.lock().sink = Sink::Stamped { states, with_ball };
    }

    /// Nobody wants readings any more.
    pub fn feed_nobody(&self) {
        self.lock().sink = Sink::None;
    }

    /// The newest joint state.
    pub fn newest(&self) -> Option<Measured> {
        self.lock().newest.clone()
    }

    /// What has come.
    pub fn received(&self) -> Received {
        self.lock().received.clone()
    }

    /// Takes a joint state.
    pub fn take_joints(&self, message: &JointState) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        if !message.name.iter().any(|name| inner.joints.names().contains(name)) {
            // Another device's: several may share the topic.
            return;
        }
        let n = inner.joints.names().len();
        let (mut position, mut velocity) = (vec![0.; n], vec![0.; n]);
        let nanoseconds = stamp(&message.header.stamp);
        let time = nanoseconds.unwrap_or(0);
        let outcome = inner.joints.read(
            time as f64 * 1e-9,
            &message.name,
            &message.position,
            &message.velocity,
            &mut position,
            &mut velocity,
        );
        inner.received.last = Some(std::time::Instant::now());
        match outcome {
            Ok(()) => {
                inner.received.states += 1;
                inner.received.error = None;
            }
            Err(error) => {
                if inner.received.error.as_ref() != Some(&error) {
                    tracing::error!("{error}");
                }
                inner.received.refused += 1;
                inner.received.error = Some(error);
                // The loop has to see it: it stops on a reading that is not a number.
                position.fill(f64::NAN);
            }
        }
        let (ball, ball_time) = inner.ball.clone().unwrap_or_default();
        let measured = Measured {
            stamp: since_epoch(time),
            position,
            velocity,
            ball,
            ball_stamp: since_epoch(ball_time.unwrap_or(0)),
        };
        match &mut inner.sink {
            Sink::None => {}
            Sink::Wall { clock, reading, stamps, ball_received } => {
                let received = clock.now();
                let mapped = match nanoseconds {
                    Some(stamp) => stamps.map_newer(stamp, received),
                    None => Some(received),
                };
                if let Some(stamp) = mapped {
                    inner.sequence += 1;
                    let out = reading.input_buffer_mut();
                    measured.write(inner.sequence, out);
                    out.stamp = stamp;
                    out.task_stamp = match ball_time {
                        Some(ball_time) if nanoseconds.is_some() => stamps.map(ball_time, received),
                        _ => *ball_received,
                    };
                    reading.publish();
                }
            }
            Sink::Simulated { reading } => {
                inner.sequence += 1;
                measured.write(inner.sequence, reading.input_buffer_mut());
                reading.publish();
            }
            Sink::Stamped { states, with_ball } => {
                if !*with_ball || measured.ball_stamp == measured.stamp {
                    // The loop that listened may be gone.
                    let _ = states.send(measured.clone());
                }
            }
        }
        inner.newest = Some(measured);
    }

    /// Takes a ball.
    pub fn take_ball(&self, message: &Odometry) {
        let mut inner = self.lock();
        let ball = ball(message);
        let time = stamp(&message.header.stamp);
        inner.received.balls += 1;
        inner.ball = Some((ball.clone(), time));
        let inner = &mut *inner;
        match &mut inner.sink {
            Sink::Wall { clock, ball_received, .. } => *ball_received = clock.now(),
            Sink::Stamped { states, with_ball: true } => {
                if let (Some(joints), Some(time)) = (&mut inner.newest, time)
                    && joints.stamp == since_epoch(time)
                    && joints.ball_stamp != joints.stamp
                {
                    (joints.ball, joints.ball_stamp) = (ball, joints.stamp);
                    // The loop that listened may be gone.
                    let _ = states.send(joints.clone());
                }
            }
            Sink::Stamped { .. } | Sink::Simulated { .. } | Sink::None => {}
        }
    }
}

fn since_epoch(nanoseconds: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

/// Position and velocity in the world (6). An odometry's velocity is in the body's frame (REP 105); a body whose orientation
/// was not filled in is aligned with the world.
fn ball(message: &Odometry) -> Vec<f64> {
    let pose = &message.pose.pose;
    let (p, o, v) = (&pose.position, &pose.orientation, &message.twist.twist.linear);
    let velocity = nalgebra::Vector3::new(v.x, v.y, v.z);
    let orientation = nalgebra::Quaternion::new(o.w, o.x, o.y, o.z);
    let velocity = match nalgebra::UnitQuaternion::try_new(orientation, 1e-6) {
        Some(orientation) if o.x != 0. || o.y != 0. || o.z != 0. => orientation * velocity,
        _ => velocity,
    };
    vec![p.x, p.y, p.z, velocity.x, velocity.y, velocity.z]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::link;
    use crate::ros::joints::JointsConfig;
    use crate::ros::stamps::message_time;

    fn states() -> States {
        States::new(Joints::new(&JointsConfig::default(), &["a".into()]).unwrap())
    }

    fn joint_state(name: &str, position: f64, milliseconds: u64) -> JointState {
        let mut message = JointState { name: vec![name.into()], ..JointState::default() };
        message.position = vec![position];
        message.velocity = vec![0.];
        message.header.stamp = message_time(Duration::from_millis(milliseconds));
        message
    }

    fn odometry(x: f64, milliseconds: u64) -> Odometry {
        let mut message = Odometry::default();
        message.pose.pose.position.x = x;
        message.header.stamp = message_time(Duration::from_millis(milliseconds));
        message
    }

    #[test]
    fn a_reading_that_cannot_be_used_reaches_the_loop_as_such() {
        let (states, (mut inside, outside)) = (states(), link(1, 6));
        states.feed_wall(WallClock::new(), outside.reading);
        states.take_joints(&joint_state("other", 1., 1));
        assert_eq!(inside.reading.read().sequence, 0, "another device's joints are no concern");
        states.take_joints(&joint_state("a", 1., 1));
        assert_eq!(inside.reading.read().position[0], 1.);
        states.take_joints(&joint_state("a", f64::NAN, 2));
        assert!(inside.reading.read().position[0].is_nan());
        assert_eq!((states.received().states, states.received().refused), (1, 1));
        states.take_joints(&joint_state("a", 1.5, 2));
        assert!(inside.reading.read().position[0].is_nan(), "a stamp that does not advance is no news");
    }

    #[test]
    fn joints_and_ball_of_one_instant_belong_together() {
        let states = states();
        let (sender, receiver) = crossbeam_channel::unbounded();
        states.feed_stamped(sender, true);
        states.take_ball(&odometry(1., 2));
        states.take_joints(&joint_state("a", 0.1, 2));
        states.take_joints(&joint_state("a", 0.2, 4));
        states.take_ball(&odometry(2., 4));
        states.take_ball(&odometry(2., 4));
        let seen: Vec<_> = receiver.try_iter().map(|m| (m.stamp, m.position[0], m.ball[0])).collect();
        assert_eq!(seen, [(Duration::from_millis(2), 0.1, 1.), (Duration::from_millis(4), 0.2, 2.)]);
    }

    #[test]
    fn a_turned_body_reports_its_velocity_in_its_own_frame() {
        let mut message = odometry(0., 1);
        message.twist.twist.linear.x = 2.;
        assert_eq!(ball(&message)[3..], [2., 0., 0.]);
        // A quarter turn about z: the body's x is the world's y.
        (message.pose.pose.orientation.w, message.pose.pose.orientation.z) = (0.5f64.sqrt(), 0.5f64.sqrt());
        let v = &ball(&message)[3..];
        assert!(v[0].abs() < 1e-12 && (v[1] - 2.).abs() < 1e-12, "{v:?}");
    }
}
