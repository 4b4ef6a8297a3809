use super::*;
use crate::control::WallClock;
use crate::ros::link::joints::{JointsConfig, VelocitySource};

const MS: i64 = 1_000_000;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).into()).collect()
}

fn at(milliseconds: i64) -> Duration {
    Duration::from_nanos((milliseconds * MS) as u64)
}

/// Messages in the time of their stamps. How stamps become the loop's time is tested elsewhere.
struct Robot {
    states: JointStates,
    time: TimeBase,
    start: Instant,
}

impl Robot {
    fn new(config: JointsConfig) -> Self {
        let joints = Joints::new(&config, &names(&["a", "b"])).unwrap();
        Self { states: JointStates::new(joints), time: TimeBase::Stamps, start: Instant::now() }
    }

    /// Takes a message with this stamp, received that long after the start, ms.
    fn take(&mut self, stamp: i64, list: &[&str], position: &[f64], velocity: &[f64]) -> Taken {
        let list = names(list);
        let message = JointStatesMessage { stamp: Some(stamp * MS), names: &list, position, velocity };
        self.states.take(&message, &self.time, self.start + at(stamp))
    }

    fn says(&mut self, stamp: i64, list: &[&str], position: &[f64], velocity: &[f64]) -> String {
        self.take(stamp, list, position, velocity).error.unwrap().to_string()
    }

    fn state(&mut self, stamp: i64, position: &[f64], velocity: &[f64]) -> Option<RobotState> {
        let taken = self.take(stamp, &["a", "b"], position, velocity);
        assert_eq!(taken.error, None);
        taken.state
    }
}

fn plain() -> Robot {
    Robot::new(JointsConfig::default())
}

fn derived(velocity_cutoff: f64) -> Robot {
    Robot::new(JointsConfig { velocity: VelocitySource::Derived, velocity_cutoff, ..JointsConfig::default() })
}

#[test]
fn joints_are_found_by_name_whatever_the_order() {
    let mut robot = plain();
    for (stamp, list, q) in
        [(2, ["a", "b", "x"], [1., 2., 9.]), (4, ["b", "x", "a"], [2., 9., 1.]), (6, ["x", "a", "b"], [9., 1., 2.])]
    {
        let qd: Vec<f64> = q.iter().map(|q| 10. * q).collect();
        let state = robot.take(stamp, &list, &q, &qd).state.unwrap();
        assert_eq!((state.stamp, state.position, state.velocity), (at(stamp), vec![1., 2.], vec![10., 20.]));
    }
}

#[test]
fn what_is_wrong_with_a_message_is_named_and_reaches_the_loop_as_what_it_is() {
    let mut robot = plain();
    robot.state(2, &[1., 2.], &[3., 4.]).unwrap();
    let taken = robot.take(4, &["a", "b"], &[1.], &[0., 0.]);
    assert_eq!(taken.error, Some(InputError::Length { field: "positions", found: 1, names: 2 }));
    let state = taken.state.unwrap();
    assert!(state.position.iter().all(|q| q.is_nan()) && state.velocity == [0., 0.]);
    let taken = robot.take(6, &["a", "b"], &[1., 2.], &[]);
    assert_eq!(taken.error, Some(InputError::NoVelocities));
    let state = taken.state.unwrap();
    assert!(state.position == [1., 2.] && state.velocity.iter().all(|v| v.is_nan()));
    assert_eq!(robot.says(8, &["a", "b"], &[1., f64::NAN], &[0., 0.]), "the position of joint b is NaN");
    assert_eq!(robot.says(10, &["a", "b"], &[1., 2.], &[f64::INFINITY, 0.]), "the velocity of joint a is inf");
    assert_eq!(robot.state(12, &[1., 2.], &[3., 4.]).unwrap().velocity, [3., 4.]);
}

#[test]
fn what_was_wrong_does_not_stick_in_the_filter() {
    let mut robot = Robot::new(JointsConfig { velocity_cutoff: 10., ..JointsConfig::default() });
    robot.state(2, &[0., 0.], &[1., 1.]).unwrap();
    robot.take(4, &["a", "b"], &[0., 0.], &[f64::NAN, 1.]);
    assert_eq!(robot.state(6, &[0., 0.], &[2., 1.]).unwrap().velocity[0], 2.);
}

#[test]
fn joints_of_two_publishers_make_one_state_as_old_as_its_oldest_joint() {
    let mut robot = plain();
    assert_eq!(robot.take(1, &["a"], &[1.], &[10.]), Taken { ours: true, ..Taken::default() });
    let first = robot.take(2, &["x", "b"], &[9., 2.], &[9., 20.]).state.unwrap();
    // The newer position is extrapolated back by its velocity.
    assert_eq!(first, RobotState { stamp: at(1), position: vec![1., 2. - 0.001 * 20.], velocity: vec![10., 20.] });
    // Publishers may have any rates: a state needs a report of every joint.
    for stamp in [3, 4, 5] {
        let taken = robot.take(stamp, &["a"], &[1.], &[0.]);
        assert_eq!((taken.state, taken.error), (None, None));
    }
    assert_eq!(robot.take(6, &["x", "b"], &[9., 2.], &[9., 0.]).state.unwrap().stamp, at(5));
    assert_eq!((robot.states.kinds(), robot.states.contested(robot.start + at(6))), (2, None));
}

#[test]
fn a_joint_that_falls_silent_is_missing_by_name_and_there_are_no_states_without_it() {
    let mut robot = plain();
    for stamp in [1, 3, 5] {
        robot.take(stamp, &["a"], &[1.], &[0.]);
        assert!(robot.take(stamp + 1, &["b"], &[1.], &[0.]).state.is_some());
    }
    let taken: Vec<_> = (7..1007).map(|stamp| robot.take(stamp, &["b", "c"], &[1., 1.], &[0., 0.])).collect();
    assert!(taken.iter().all(|taken| taken.state.is_none()));
    assert_eq!(taken[100].error, None, "it may be slow");
    let said = taken[999].error.as_ref().unwrap().to_string();
    assert_eq!(
        said,
        "joint a is missing: it is not in the joint states, which name b, c; say in ros.joints.names what they are called there"
    );
    let now = robot.start + at(1006);
    assert_eq!(robot.states.oldest(now), Some(("a", at(1001))));
}

#[test]
fn a_joint_of_two_publishers_is_contested_and_one_that_moves_to_another_is_not() {
    let mut robot = plain();
    for stamp in 1..10 {
        robot.take(stamp, if stamp < 5 { &["a", "b"] } else { &["b", "a"] }, &[1., 1.], &[0., 0.]);
    }
    assert_eq!(robot.states.contested(robot.start + at(10)), None);
    for stamp in 10..20 {
        let list: &[&str] = if stamp % 2 == 0 { &["a", "b"] } else { &["b", "x"] };
        robot.take(stamp, list, &[1., 1.], &[0., 0.]);
    }
    assert_eq!(robot.states.contested(robot.start + at(20)), Some("b"));
    assert_eq!(robot.states.contested(robot.start + at(5000)), None);
    assert_eq!(robot.states.kinds(), 3);
    robot.take(61_000, &["a", "b"], &[1., 1.], &[0., 0.]);
    assert_eq!(robot.states.kinds(), 1);
}

#[test]
fn another_devices_messages_are_no_concern_but_known() {
    let mut robot = plain();
    assert_eq!(robot.take(1, &["wheel"], &[f64::NAN], &[]), Taken::default());
    assert_eq!(robot.states.strangers(), Some(&names(&["wheel"])[..]));
    // The names of foreign messages do not fill the memory.
    for stamp in 2..100 {
        robot.take(stamp, &[&format!("wheel{stamp}")], &[1.], &[1.]);
    }
    assert_eq!(robot.states.kinds(), KINDS);
}

#[test]
fn derived_velocities_follow_a_ramp() {
    let mut robot = derived(50.);
    let mut last = None;
    for k in 0..100i64 {
        // Unevenly spaced in time.
        let time = 4 * k + k % 2;
        let q = 0.003 * time as f64;
        last = robot.state(time, &[q, -q / 3.], &[]);
        assert_eq!(last.is_some(), k > 0, "one position is no velocity");
    }
    let velocity = last.unwrap().velocity;
    assert!((velocity[0] - 3.).abs() < 1e-6 && (velocity[1] + 1.).abs() < 1e-6, "{velocity:?}");
}

#[test]
fn a_message_sent_twice_and_a_gap_make_no_velocity() {
    let mut robot = derived(0.);
    robot.state(2, &[0., 0.], &[]);
    assert_eq!(robot.state(4, &[0.002, 0.], &[]).unwrap().velocity, [1., 0.]);
    assert_eq!(robot.state(4, &[0.002, 0.], &[]), None);
    assert_eq!(robot.state(6, &[0.004, 0.], &[]).unwrap().velocity, [1., 0.]);
    assert_eq!(robot.state(2000, &[1., 0.], &[]), None);
    assert_eq!(robot.state(2002, &[1., 0.], &[]).unwrap().velocity, [0., 0.]);
}

#[test]
fn a_low_pass_leaves_what_its_cutoff_says() {
    let mut robot = Robot::new(JointsConfig { velocity_cutoff: 10., ..JointsConfig::default() });
    robot.state(0, &[0., 0.], &[0., 0.]).unwrap();
    let velocity = robot.state(20, &[0., 0.], &[1., 1.]).unwrap().velocity;
    let left = 1. - (-std::f64::consts::TAU * 10. * 0.02).exp();
    assert!((velocity[0] - left).abs() < 1e-12);
}

/// A message without a stamp gets its time of receipt, after a sleep.
fn unstamped(robot: &mut Robot, position: f64, velocity: &[f64]) -> Taken {
    robot.time = TimeBase::Wall(WallClock::new());
    let list = names(&["a", "b"]);
    let message = JointStatesMessage { stamp: None, names: &list, position: &[position, 0.], velocity };
    robot.states.take(&message, &robot.time, Instant::now())
}

#[test]
fn without_stamps_velocities_neither_vanish_nor_stick() {
    let clock = TimeBase::Wall(WallClock::new());
    let list = names(&["a", "b"]);
    for (mut robot, reported) in
        [(derived(20.), false), (Robot::new(JointsConfig { velocity_cutoff: 20., ..JointsConfig::default() }), true)]
    {
        let mut velocity = vec![];
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(100) {
            let q = [start.elapsed().as_secs_f64(), 0.];
            // The velocity rises from 0 to 1 m/s.
            let v = if velocity.is_empty() { [0., 0.] } else { [1., 0.] };
            let message = JointStatesMessage {
                stamp: None,
                names: &list,
                position: &q,
                velocity: if reported { &v } else { &[] },
            };
            let taken = robot.states.take(&message, &clock, Instant::now());
            assert!(taken.unstamped && taken.error.is_none());
            velocity.extend(taken.state.map(|state| state.velocity[0]));
            std::thread::sleep(Duration::from_millis(1));
        }
        // Times of receipt are inexact, and the machine may stall. So only the presence of a
        // velocity is tested.
        assert!(*velocity.last().unwrap() > 0., "{velocity:?}");
    }
}

#[test]
fn without_stamps_and_low_pass_nothing_is_derived() {
    let mut robot = derived(0.);
    let taken = unstamped(&mut robot, 1., &[]);
    assert_eq!(taken.error, Some(InputError::NothingToDeriveFrom));
    assert!(taken.state.unwrap().velocity[0].is_nan());
}
