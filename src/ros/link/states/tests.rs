use r2r::nav_msgs::msg::Odometry;

use super::*;
use crate::control::WallClock;
use crate::robot::{Track, TrackState, link};
use crate::ros::link::joints::JointsConfig;
use crate::ros::link::observations::body;
use crate::ros::rcl::message_time::message_time;

fn states(time: TimeBase) -> States {
    let joints = Joints::new(&JointsConfig::default(), &["a".into()]).unwrap();
    States::new(joints, &[Observed::body("ball")], time)
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

fn take_ball(states: &States, message: &Odometry) {
    states.take_observed(0, body(message).to_vec(), stamp(&message.header.stamp));
}

/// Balls that were used, and refused.
fn used(states: &States) -> (u64, u64) {
    let count = states.received().observed.swap_remove(0);
    (count.used, count.refused)
}

#[test]
fn a_reading_that_cannot_be_used_reaches_the_loop_as_such() {
    let (states, (mut inside, outside)) = (states(TimeBase::Stamps), link(1, 6));
    states.feed(outside.reading);
    states.take_joints(&joint_state("other", 1., 1));
    assert_eq!(inside.reading.read().sequence, 0, "another device's joints are no concern");
    assert!(states.received().error.unwrap().to_string().contains("they name other, the robot's joints are a"));
    states.take_joints(&joint_state("a", 1., 1));
    let reading = inside.reading.read();
    assert!(reading.position[0] == 1. && reading.task.iter().all(|value| value.is_nan()), "no ball is none");
    states.take_joints(&joint_state("a", f64::NAN, 2));
    assert!(inside.reading.read().position[0].is_nan());
    assert_eq!((states.received().states, states.received().refused), (1, 1));
    states.take_joints(&joint_state("a", 1.5, 2));
    assert!(inside.reading.read().position[0].is_nan(), "a stamp that does not advance is no news");
    assert!(
        states.received().error.unwrap().to_string().contains("position of joint a is NaN"),
        "it is shown for a while"
    );
}

/// Of positions 1 m apart the velocity is 1.
struct Counts(i64);

impl Tracker for Counts {
    fn see(&mut self, at: i64, position: [f64; 3]) -> [f64; 6] {
        self.0 = at;
        [position[0], 0., 0., 1., 0., 0.]
    }

    fn forget(&mut self) {}

    fn track(&self) -> Track {
        Track { state: TrackState::Tracked, outliers: 0, begun: 1, velocity_deviation: 0.01 }
    }
}

#[test]
fn of_a_body_that_is_tracked_positions_alone_are_taken() {
    let (states, (mut inside, outside)) = (states(TimeBase::Stamps), link(1, 6));
    states.track(0, Box::new(Counts(0)));
    states.feed(outside.reading);
    states.take_observed(0, vec![0.5, 0., 0.], Some(2_000_000));
    states.take_joints(&joint_state("a", 1., 2));
    assert_eq!(*inside.reading.read().task, [0.5, 0., 0., 1., 0., 0.]);
    states.take_observed(0, vec![0.5, 0., 0., 3., 3., 3.], Some(4_000_000));
    let count = states.received().observed.swap_remove(0);
    assert_eq!((count.used, count.refused), (1, 1), "a velocity is not asked for");
    assert_eq!(count.track.unwrap().state, TrackState::Tracked);
}

#[test]
fn joints_and_ball_of_one_instant_belong_together() {
    let states = states(TimeBase::Stamps);
    let (sender, receiver) = crossbeam_channel::unbounded();
    states.feed_each(sender);
    take_ball(&states, &odometry(1., 2));
    states.take_joints(&joint_state("a", 0.1, 2));
    states.take_joints(&joint_state("a", 0.2, 4));
    take_ball(&states, &odometry(2., 4));
    take_ball(&states, &odometry(2., 4));
    let seen: Vec<_> =
        receiver.try_iter().map(|m| (m.stamp, m.position[0], m.observed[0].as_ref().unwrap().values[0])).collect();
    assert_eq!(seen, [(Duration::from_millis(2), 0.1, 1.), (Duration::from_millis(4), 0.2, 2.)]);
}

#[test]
fn a_robot_that_waits_is_known_with_its_ball_whichever_comes_first() {
    let states = states(TimeBase::Stamps);
    // As in lockstep before the first command: the same state repeatedly.
    for _ in 0..2 {
        states.take_joints(&joint_state("a", 0.1, 2));
        take_ball(&states, &odometry(1., 2));
        assert!(states.newest().unwrap().is_of_one_instant());
    }
    assert_eq!((states.received().states, used(&states), states.received().error), (2, (2, 0), None));
}

#[test]
fn ball_and_joints_have_clocks_of_their_own() {
    let clock = WallClock::new();
    let (states, (mut inside, outside)) = (states(TimeBase::Wall(clock)), link(1, 6));
    states.feed(outside.reading);
    for (joints, ball) in [(1000, 99_000_000), (1002, 99_000_002)] {
        take_ball(&states, &odometry(1., ball));
        states.take_joints(&joint_state("a", 0., joints));
    }
    use crate::control::Clock;
    let (now, reading) = (clock.now(), inside.reading.read());
    for stamp in [reading.stamp, reading.task_stamp] {
        assert!(stamp <= now && now - stamp < Duration::from_secs(10), "{stamp:?} at {now:?}");
    }
}

#[test]
fn a_ball_that_is_no_number_is_no_ball() {
    let (states, (mut inside, outside)) = (states(TimeBase::Stamps), link(1, 6));
    states.feed(outside.reading);
    take_ball(&states, &odometry(1., 1));
    take_ball(&states, &odometry(f64::NAN, 2));
    states.take_joints(&joint_state("a", 0., 3));
    let reading = inside.reading.read();
    assert_eq!((reading.task[0], reading.task_stamp), (1., Duration::from_millis(1)));
    assert_eq!(used(&states), (1, 1));
}

#[test]
fn a_turned_body_reports_its_velocity_in_its_own_frame() {
    let mut message = odometry(0., 1);
    message.twist.twist.linear.x = 2.;
    assert_eq!(body(&message)[3..], [2., 0., 0.]);
    // A quarter turn about z: the body's x is the world's y.
    (message.pose.pose.orientation.w, message.pose.pose.orientation.z) = (0.5f64.sqrt(), 0.5f64.sqrt());
    let v = &body(&message)[3..];
    assert!(v[0].abs() < 1e-12 && (v[1] - 2.).abs() < 1e-12, "{v:?}");
}

#[test]
fn several_observations_are_one_row_of_numbers_and_none_is_made_up() {
    let joints = Joints::new(&JointsConfig::default(), &["a".into()]).unwrap();
    let values = Observed { name: "wind".into(), form: crate::robot::Form::Values(2), frame: String::new() };
    let states = States::new(joints, &[Observed::body("ball"), values], TimeBase::Stamps);
    let (mut inside, outside) = link(1, 8);
    states.feed(outside.reading);
    take_ball(&states, &odometry(1., 1));
    states.take_joints(&joint_state("a", 0., 2));
    assert!(inside.reading.read().task.iter().all(|value| value.is_nan()), "the wind is not known");
    states.take_observed(1, vec![3., 4., 5.], None);
    assert_eq!(states.received().observed[1].refused, 1);
    states.take_observed(1, vec![3., 4.], None);
    states.take_joints(&joint_state("a", 0., 3));
    let reading = inside.reading.read();
    assert_eq!((reading.task[0], &reading.task[6..]), (1., &[3., 4.][..]));
    assert_eq!(reading.task_stamp, Duration::from_millis(1), "the oldest counts");
    // Numbers without a stamp are of the time of the joints at hand.
    assert_eq!(*reading.observed_stamps, [Duration::from_millis(1), Duration::from_millis(2)]);
}
