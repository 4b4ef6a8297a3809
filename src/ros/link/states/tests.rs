use super::*;
use crate::control::WallClock;
use crate::robot::link;
use crate::ros::link::joints::JointsConfig;
use crate::ros::rcl::message_time::message_time;

fn states(time: TimeBase) -> States {
    States::new(Joints::new(&JointsConfig::default(), &["a".into()]).unwrap(), time)
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

#[test]
fn joints_and_ball_of_one_instant_belong_together() {
    let states = states(TimeBase::Stamps);
    let (sender, receiver) = crossbeam_channel::unbounded();
    states.feed_each(sender, true);
    states.take_ball(&odometry(1., 2));
    states.take_joints(&joint_state("a", 0.1, 2));
    states.take_joints(&joint_state("a", 0.2, 4));
    states.take_ball(&odometry(2., 4));
    states.take_ball(&odometry(2., 4));
    let seen: Vec<_> = receiver.try_iter().map(|m| (m.stamp, m.position[0], m.ball.unwrap().0[0])).collect();
    assert_eq!(seen, [(Duration::from_millis(2), 0.1, 1.), (Duration::from_millis(4), 0.2, 2.)]);
}

#[test]
fn a_robot_that_waits_is_known_with_its_ball_whichever_comes_first() {
    let states = states(TimeBase::Stamps);
    // As in lockstep before the first command: the same state repeatedly.
    for _ in 0..2 {
        states.take_joints(&joint_state("a", 0.1, 2));
        states.take_ball(&odometry(1., 2));
        assert!(states.newest().unwrap().is_with_its_ball());
    }
    assert_eq!((states.received().states, states.received().balls, states.received().error), (2, 2, None));
}

#[test]
fn ball_and_joints_have_clocks_of_their_own() {
    let clock = WallClock::new();
    let (states, (mut inside, outside)) = (states(TimeBase::Wall(clock)), link(1, 6));
    states.feed(outside.reading);
    for (joints, ball) in [(1000, 99_000_000), (1002, 99_000_002)] {
        states.take_ball(&odometry(1., ball));
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
    states.take_ball(&odometry(1., 1));
    states.take_ball(&odometry(f64::NAN, 2));
    states.take_joints(&joint_state("a", 0., 3));
    let reading = inside.reading.read();
    assert_eq!((reading.task[0], reading.task_stamp), (1., Duration::from_millis(1)));
    assert_eq!((states.received().balls, states.received().balls_refused), (1, 1));
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
