use super::*;
use crate::tasks::Task;
use moto_learners::Reward;
use nalgebra::{Point3, Vector3};
use proptest::prelude::*;

/// A state of the shipped arm: positions and velocities.
fn states() -> impl Strategy<Value = Vec<f64>> {
    (prop::collection::vec(-1. ..1., 9), prop::collection::vec(-3. ..3., 9)).prop_map(|(mut q, qd)| {
        q[..3].iter_mut().for_each(|slide| *slide *= 0.1);
        q.into_iter().chain(qd).collect()
    })
}

/// Position of a point of the racket, and the racket's x axis.
fn racket(q: &[f64], point: [f64; 3]) -> (Vector3<f64>, Vector3<f64>) {
    let model = &ARM.model;
    let mut workspace = model.workspace();
    model.kinematics(&mut workspace, q, &[0.; 9]);
    let pose = model.pose(&workspace, model.frame("racket").unwrap());
    ((pose * Point3::from(point)).coords, pose.rotation * Vector3::x())
}

fn moved(state: &[f64], time: f64) -> Vec<f64> {
    state[..9].iter().zip(&state[9..18]).map(|(q, qd)| q + time * qd).collect()
}

const TERMS: &str = "
horizon: 10
reward:
  - {at: 0.1, link: racket, point: [0.1, 0.0, -0.05], position: [-1.4, 0.1, 1.0], weight: 2.0}
  - {at: 0.1, link: racket, point: [0.1, 0.0, -0.05], velocity: [1.0, 0.5, 0.0], shape: absolute}
  - {at: 0.1, link: racket, axis: [2, 0, 0], direction: [0, 0, 3], shape: {capped: 0.5}}
  - {at: 0.1, joints: {j2: -0.3, bx: 0.1}, shape: {log: 0.01}}
  - {at: 0.1, joint_velocities: rest}
";

static TASK: LazyLock<StrokeTask> = LazyLock::new(|| task(TERMS));

proptest! {
    #[test]
    fn the_errors_of_terms_are_those_of_direct_computation_and_of_differences(state in states()) {
        let task = &*TASK;
        let mut states = vec![vec![0.; 18]; 11];
        states[5] = state.clone();
        let errors = task.errors(&episode(task, &states, &vec![vec![0.; 9]; 10]));
        let [position, velocity, direction, joints, velocities] = &errors[..] else { panic!("{errors:?}") };
        let point = [0.1, 0., -0.05];
        let near = |found: &[f64], wanted: Vector3<f64>, tolerance| {
            (Vector3::from_column_slice(found) - wanted).norm() < tolerance
        };
        let (at, axis) = racket(&state[..9], point);
        prop_assert!(near(&position.error, at - Vector3::new(-1.4, 0.1, 1.), 1e-12));
        let h = 1e-6;
        let difference = (racket(&moved(&state, h), point).0 - racket(&moved(&state, -h), point).0) / (2. * h);
        prop_assert!(near(&velocity.error, difference - Vector3::new(1., 0.5, 0.), 1e-6));
        prop_assert!(near(&direction.error, axis - Vector3::z(), 1e-12));
        prop_assert_eq!(&joints.error, &[state[0] - 0.1, state[4] + 0.3]);
        prop_assert_eq!(&velocities.error, &state[9..18]);
        prop_assert!(errors.iter().all(|error| (error.time - 0.1).abs() < 1e-12));
    }

    #[test]
    fn a_reward_is_minus_the_prices_of_the_errors_at_their_step_alone(state in states()) {
        let task = &*TASK;
        let mut states = vec![vec![0.; 18]; 11];
        states[5] = state.clone();
        let squared: Vec<f64> = task
            .errors(&episode(task, &states, &vec![vec![0.; 9]; 10]))
            .iter()
            .map(|error| error.error.iter().map(|e| e * e).sum())
            .collect();
        let s = 0.01f64.powi(2);
        let price = 2. * squared[0]
            + squared[1].sqrt()
            + squared[2].sqrt().min(0.5).powi(2)
            + s * (1. + squared[3] / s).ln()
            + squared[4];
        let other = vec![0.3; 18];
        let earned = task.step(5, &state, &[0.; 9], &other, &[]);
        prop_assert!((earned + price).abs() < 1e-9 * (1. + price), "{} {}", earned, price);
        prop_assert_eq!(task.step(4, &other, &[0.; 9], &state, &[]), 0.);
        prop_assert_eq!(task.last(&state), 0.);
    }

    #[test]
    fn between_two_steps_the_joints_move_as_their_velocities_say(from in states(), to in states(), share in 0.05 ..0.95) {
        let steps = Steps { horizon: 10, duration: 0.02 };
        let at = |share: f64| steps.between(&from, &to, share, 9);
        let h = 1e-5;
        let (before, middle, after) = (at(share - h), at(share), at(share + h));
        for joint in 0..9 {
            let difference = (after[joint] - before[joint]) / (2. * h * 0.02);
            prop_assert!((middle[9 + joint] - difference).abs() < 1e-5 * (1. + difference.abs()));
        }
        for (ends, share) in [(&from, 0.), (&to, 1.)] {
            prop_assert!(at(share).iter().zip(ends).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }
}

#[test]
fn a_time_between_two_steps_belongs_to_the_step_it_is_in() {
    let task = task("{horizon: 10, reward: [{at: 0.15, joints: {bx: 0.0}}]}");
    let (mut from, mut to) = (vec![0.; 18], vec![0.; 18]);
    (from[0], to[0]) = (0.1, 0.3);
    // Zero velocities at both ends put the middle of the step at half of the way.
    assert!((task.step(7, &from, &[0.; 9], &to, &[]) + 0.04).abs() < 1e-12);
    assert_eq!(task.step(8, &from, &[0.; 9], &to, &[]), 0.);
    let mut states = vec![vec![0.; 18]; 11];
    (states[7], states[8]) = (from, to);
    let errors = task.errors(&episode(&task, &states, &vec![vec![0.; 9]; 10]));
    assert!((errors[0].error[0] - 0.2).abs() < 1e-12 && (errors[0].time - 0.15).abs() < 1e-12);
}

#[test]
fn a_span_covers_its_ends_and_an_effort_every_step() {
    let task = task(
        "{horizon: 10, reward: [{from: 0.04, to: end, joints: {bx: 0.0}}, {effort: 0.5}, {from: 0.1, to: 0.12, effort: 1.0}]}",
    );
    let mut state = vec![0.; 18];
    state[0] = 1.;
    let none = [0.; 9];
    let earned: Vec<f64> = (0..10).map(|t| task.step(t, &state, &none, &state, &[])).collect();
    assert_eq!(earned, [0., 0., -1., -1., -1., -1., -1., -1., -1., -1.]);
    assert_eq!(task.last(&state), -1.);
    state[0] = 0.;
    let mut action = none;
    action[3] = 2.;
    let earned: Vec<f64> = (0..10).map(|t| task.step(t, &state, &action, &state, &[])).collect();
    assert_eq!(earned, [-2., -2., -2., -2., -2., -6., -6., -2., -2., -2.]);
}

const JUDGED: &str = "
horizon: 4
reward:
  - {at: 0.05, link: racket, position: [-1.4, 0.1, 1.0]}
  - {at: end, joints: rest}
  - {from: 0.0, to: end, joint_velocities: rest, weight: 0.1}
  - {effort: 0.01}
  - {effort_change: 0.02}
success:
  - {at: end, joints: {bx: 0.0}, within: 0.05}
  - {from: 0.0, to: 0.04, joint_velocities: {j1: 0.0}, within: 1.0}
";

/// A stroke of four steps with these values of bx and of j1's velocity.
fn stroke(task: &StrokeTask, bx: f64, j1: f64) -> Episode {
    let mut states: Vec<Vec<f64>> = (0..5).map(|t| vec![0.01 * f64::from(t); 18]).collect();
    states[4][0] = bx;
    states[1][12] = j1;
    let actions: Vec<Vec<f64>> = (0..4).map(|t| vec![f64::from(t * t); 9]).collect();
    episode(task, &states, &actions)
}

#[test]
fn a_stroke_is_judged_by_the_same_rewards_that_are_learned_from() {
    let task = task(JUDGED);
    let episode = stroke(&task, 0.02, 0.5);
    let judged = task.judge(&episode);
    let states: Vec<&[f64]> = episode.states.chunks_exact(18).collect();
    let earned = (0..4).map(|t| {
        let outcome = judged.outcomes.column(t);
        task.step(t, states[t], episode.step(t).sent, states[t + 1], outcome.as_slice())
    });
    assert!((judged.total_reward - earned.sum::<f64>() - task.last(states[4])).abs() < 1e-12);
    assert_eq!(judged.outcomes.row(0).iter().copied().collect::<Vec<_>>(), [0., 9., 81., 225.]);
    assert!(judged.success);
    assert!((judged.distance.unwrap() - 0.02).abs() < 1e-12);
    assert!(!task.judge(&stroke(&task, 0.06, 0.5)).success);
    assert!(!task.judge(&stroke(&task, 0.02, 1.5)).success);
}

#[test]
fn the_errors_of_terms_are_among_the_outcomes_where_the_task_says() {
    let task = task(JUDGED);
    let episode = stroke(&task, 0.02, 0.5);
    let (judged, errors) = (task.judge(&episode), task.errors(&episode));
    let rows = task.error_rows();
    assert_eq!(
        rows.iter().map(|rows| (rows.term, rows.step, rows.rows.clone())).collect::<Vec<_>>(),
        [(0, 2, 1..4), (1, 3, 1..10)]
    );
    for ErrorRows { term, step, rows, .. } in rows {
        let kept: Vec<f64> = rows.map(|row| judged.outcomes[(row, step)]).collect();
        assert_eq!(kept, errors.iter().find(|error| error.term == term).unwrap().error);
    }
    // A term over a range of times has an error at each state in the range.
    assert_eq!(errors.iter().filter(|error| error.term == 2).count(), 5);
}

#[test]
fn a_stroke_that_broke_off_is_no_success_and_is_judged_by_its_part() {
    let task = task(JUDGED);
    let mut episode = stroke(&task, 0., 0.);
    episode.states.truncate(3 * 18);
    for actions in [&mut episode.actions, &mut episode.sent_actions, &mut episode.noise] {
        actions.truncate(2 * 9);
    }
    let judged = task.judge(&episode);
    assert!(!judged.success && judged.distance.is_none() && judged.total_reward.is_finite());
    assert_eq!(judged.outcomes.ncols(), 4);
    // The terms' times lie between two steps, and the second of these was not recorded.
    assert!(task.errors(&episode).iter().all(|error| error.term == 2));
}
