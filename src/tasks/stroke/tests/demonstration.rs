use super::*;
use crate::dynamics::FrameId;
use crate::tasks::stroke::inverse_kinematics::{OutOfReach, Reach};
use nalgebra::{Point3, Vector3};
use proptest::prelude::*;

const REWARD: &str = "reward: [{effort: 1.0}]";

fn racket() -> FrameId {
    ARM.model.frame("racket").unwrap()
}

/// Centre of the racket and its velocity in a row of the demonstration.
fn centre(task: &StrokeTask, row: usize) -> (Vector3<f64>, Vector3<f64>) {
    let (q, qd) = (&task.reference.position[row * 9..][..9], &task.reference.velocity[row * 9..][..9]);
    let mut workspace = ARM.model.workspace();
    ARM.model.kinematics(&mut workspace, q, qd);
    let at = ARM.model.pose(&workspace, racket()).translation.vector;
    (at, ARM.model.velocity_at(&workspace, racket(), Point3::from(at)).0)
}

/// A reach within the bounds and speeds of the shipped arm.
fn reach<'a>(bounds: &'a [Vec<f64>; 3], point: Point3<f64>) -> Reach<'a> {
    let [lower, upper, ease] = bounds;
    Reach { model: &ARM.model, frame: racket(), point, lower, upper, ease }
}

fn bounds() -> [Vec<f64>; 3] {
    let limits = &ARM.config.control.limits;
    [limits.lower.clone(), limits.upper.clone(), limits.velocity.clone()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn inverse_kinematics_reaches_what_forward_kinematics_does(
        shares in prop::collection::vec(0. ..1., 9),
        point in prop::array::uniform3(-0.1 ..0.1),
    ) {
        let bounds = bounds();
        let q: Vec<f64> = (0..9).map(|j| bounds[0][j] + shares[j] * (bounds[1][j] - bounds[0][j])).collect();
        let reach = reach(&bounds, Point3::from(point));
        let place = |q: &[f64]| {
            let mut workspace = ARM.model.workspace();
            ARM.model.kinematics(&mut workspace, q, &[0.; 9]);
            (ARM.model.pose(&workspace, racket()) * Point3::from(point)).coords
        };
        let goal = place(&q);
        let found = reach.positions(&goal, &ARM.config.control.start_posture).unwrap();
        prop_assert!((place(&found) - goal).norm() < 1e-6);
        for (j, position) in found.iter().enumerate() {
            prop_assert!((bounds[0][j]..=bounds[1][j]).contains(position), "joint {} at {}", j, position);
        }
    }
}

#[test]
fn what_is_out_of_reach_is_so_by_the_distance_of_the_nearest_point() {
    let bounds = bounds();
    let shoulder = Vector3::new(-2.05, 0., 1.15);
    // Straight ahead, the slides add 0.15 m to the 1.05 m of the straight arm.
    let far = shoulder + Vector3::new(3., 0., 0.);
    let OutOfReach { by, nearest } =
        reach(&bounds, Point3::origin()).positions(&far, &ARM.config.control.start_posture).unwrap_err();
    assert!((by - (3. - 0.15 - 1.05)).abs() < 0.01, "{by}");
    assert!(((far - nearest).norm() - by).abs() < 1e-9);
}

#[test]
fn a_demonstration_passes_its_points_at_their_times_and_comes_to_rest() {
    let task = task(&format!(
        "{{horizon: 50, {REWARD}, demonstration: {{via_points: [
            {{time: 0.3, link: racket, position: [-1.6, -0.3, 0.85]}},
            {{time: 0.6, link: racket, position: [-1.45, -0.2, 0.95], velocity: [0.8, 0.4, 0.1]}}]}}}}"
    ));
    assert!((centre(&task, 150).0 - Vector3::new(-1.6, -0.3, 0.85)).norm() < 1e-6);
    let (at, velocity) = centre(&task, 300);
    assert!((at - Vector3::new(-1.45, -0.2, 0.95)).norm() < 1e-6);
    assert!((velocity - Vector3::new(0.8, 0.4, 0.1)).norm() < 1e-6);
    let Reference { position, velocity, acceleration, .. } = &task.reference;
    assert_eq!(position[..9], ARM.config.control.start_posture[..]);
    assert_eq!(position.len(), 501 * 9);
    assert!(velocity[..9].iter().chain(&velocity[500 * 9..]).all(|v| v.abs() < 1e-12));
    for row in 1..500 {
        for joint in 0..9 {
            let at = |list: &[f64], row: usize| list[row * 9 + joint];
            let speed = (at(position, row + 1) - at(position, row - 1)) / 0.004;
            assert!((at(velocity, row) - speed).abs() < 1e-2, "joint {joint}, row {row}");
            assert!(at(acceleration, row).abs() < 1e3);
        }
    }
}

#[test]
fn joints_that_are_not_named_pass_on_as_they_will() {
    let task = task(&format!(
        "{{horizon: 40, {REWARD}, demonstration: {{via_points: [
            {{time: 0.2, joints: {{j2: -0.5}}}},
            {{time: 0.4, joints: {{j4: 1.2, j2: -0.3}}, joint_velocities: {{j4: 0.5}}}},
            {{time: 0.8, joints: rest}}]}}}}"
    ));
    let at = |list: &[f64], row: usize, joint: usize| list[row * 9 + joint];
    let Reference { position, velocity, .. } = &task.reference;
    assert!((at(position, 100, 4) + 0.5).abs() < 1e-9 && (at(position, 200, 4) + 0.3).abs() < 1e-9);
    assert!((at(position, 200, 6) - 1.2).abs() < 1e-9 && (at(velocity, 200, 6) - 0.5).abs() < 1e-9);
    let rest = &ARM.config.control.start_posture;
    assert!((0..9).all(|joint| (at(position, 400, joint) - rest[joint]).abs() < 1e-9));
    // A joint that keeps its direction does not stop at a point.
    assert!(at(velocity, 100, 4).abs() > 0.1);
    assert_eq!(at(position, 200, 3), rest[3]);
}

#[test]
fn the_first_policy_sends_the_demonstrated_efforts() {
    let task = task(&format!("{{horizon: 20, {REWARD}}}"));
    let policy = task.first_policy();
    let (rest, mut gravity) = (&ARM.config.control.start_posture, [0.; 9]);
    ARM.model.inverse_dynamics(&mut ARM.model.workspace(), rest, &[0.; 9], &[0.; 9], &mut gravity);
    for law in &policy.steps {
        for (joint, needed) in gravity.iter().enumerate() {
            let sent = law.bias[joint] * ARM.config.control.action_scale[joint];
            assert!((sent - needed).abs() < 1e-9, "joint {joint}");
        }
        assert_eq!(law.gain.amax(), 0.);
    }
}

#[test]
fn feedback_tracks_the_demonstration_and_asks_for_its_efforts_on_it() {
    let points = "demonstration: {via_points: [{time: 0.4, joints: {j2: -0.3}}]}";
    let plain = task(&format!("{{horizon: 30, {REWARD}, {points}}}"));
    let fed = task(&format!("{{horizon: 30, {REWARD}, {points}, feedback: {{stiffness: 200.0, damping: 25.0}}}}"));
    let (plain, laws) = (plain.first_policy(), fed.first_policy());
    let mut inertia = nalgebra::DMatrix::zeros(9, 9);
    for (t, (law, without)) in laws.steps.iter().zip(&plain.steps).enumerate() {
        let at = t * 10 * 9..(t * 10 + 1) * 9;
        let (q, qd) = (&fed.reference.position[at.clone()], &fed.reference.velocity[at]);
        let state = nalgebra::DVector::from_iterator(18, q.iter().chain(qd).copied());
        let asked = &law.gain * state + &law.bias;
        assert!((asked - &without.bias).amax() < 1e-9, "step {t}");
        ARM.model.mass_matrix(&mut ARM.model.workspace(), q, &mut inertia);
        let scale = ARM.config.control.action_scale[4];
        assert!((law.gain[(4, 5)] + 200. * inertia[(4, 5)] / scale).abs() < 1e-9);
        assert!((law.gain[(4, 14)] + 25. * inertia[(4, 5)] / scale).abs() < 1e-9);
    }
}
