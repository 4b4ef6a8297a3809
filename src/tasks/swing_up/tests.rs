use super::*;
use crate::policy::CompiledPolicy;
use crate::robot::TrialKind;
use proptest::prelude::*;

fn task(config: SwingUpConfig) -> SwingUp {
    SwingUp::new(config).unwrap()
}

fn key(rollout: u64) -> TrialKey {
    TrialKey { kind: TrialKind::Learn, iteration: 3, rollout }
}

/// Accelerations of a double pendulum from its Lagrangian. Angles are relative and 0 upright;
/// inertia is about the centres of mass.
fn closed_form(inertia: f64, q: [f64; 2], v: [f64; 2], tau: [f64; 2]) -> [f64; 2] {
    let (mass, length, centre, gravity, friction) = (1., 1., 0.5, 9.81, 0.025);
    let (s2, c2) = q[1].sin_cos();
    let m11 = 2. * inertia + mass * (2. * centre * centre + length * length + 2. * length * centre * c2);
    let m12 = inertia + mass * (centre * centre + length * centre * c2);
    let m22 = inertia + mass * centre * centre;
    let coupling = mass * length * centre * s2;
    let lever2 = mass * gravity * centre * (q[0] + q[1]).sin();
    let lever1 = mass * gravity * (centre + length) * q[0].sin() + lever2;
    let f1 = tau[0] - friction * v[0] + coupling * (2. * v[0] * v[1] + v[1] * v[1]) + lever1;
    let f2 = tau[1] - friction * v[1] - coupling * v[0] * v[0] + lever2;
    let determinant = m11 * m22 - m12 * m12;
    [(m22 * f1 - m12 * f2) / determinant, (m11 * f2 - m12 * f1) / determinant]
}

proptest! {
    #[test]
    fn the_double_link_moves_as_its_lagrangian_says(
        q in prop::array::uniform2(-7. ..7.), v in prop::array::uniform2(-15. ..15.), tau in prop::array::uniform2(-25. ..25.)
    ) {
        for (inertia, value) in [(LinkInertia::Published, 1. / 3.), (LinkInertia::UniformRods, 1. / 12.)] {
            let task = task(SwingUpConfig { inertia, ..Default::default() });
            let mut acceleration = [0.; 2];
            task.model().forward_dynamics(&mut task.model().workspace(), &q, &v, &tau, &mut acceleration);
            for (found, expected) in acceleration.iter().zip(closed_form(value, q, v, tau)) {
                prop_assert!((found - expected).abs() <= 1e-9 * (1. + expected.abs()), "{found} {expected}");
            }
        }
    }
}

/// The plant of one chain is that of the step protocol and of the control loop.
#[test]
fn chains_that_move_in_step_move_as_each_would_alone_to_the_bit() {
    for chain in [Chain::Double, Chain::Quad] {
        let task = task(SwingUpConfig { chain, joint_limit: Some(JointLimit::default()), ..Default::default() });
        let policy = CompiledPolicy::new(&task.initial_policy()).unwrap();
        let keys: Vec<_> = (0..6).map(key).collect();
        let together = task.rollouts(&policy, 7, &keys, true);
        for (rollout, key) in keys.iter().enumerate() {
            let mut plant = task.placed(7, key);
            for t in 0..task.horizon() {
                assert_eq!(plant.state(), together.states[t].column(rollout).as_slice(), "step {t}");
                plant.step(together.actions[t].column(rollout).as_slice());
            }
            assert_eq!(plant.state(), together.states[task.horizon()].column(rollout).as_slice());
        }
    }
}

#[test]
fn a_rollout_is_the_same_alone_and_among_others_at_any_number_of_threads() {
    for chain in [Chain::Double, Chain::Quad] {
        let task = task(SwingUpConfig { chain, joint_limit: Some(JointLimit::default()), ..Default::default() });
        let policy = CompiledPolicy::new(&task.initial_policy()).unwrap();
        let rollouts = |threads, keys: &[TrialKey]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| task.rollouts(&policy, 7, keys, true))
        };
        let keys: Vec<_> = (0..5).map(key).collect();
        let together = rollouts(1, &keys);
        assert_eq!(together, rollouts(3, &keys));
        let alone = rollouts(2, &keys[4..]);
        for t in 0..=task.horizon() {
            assert_eq!(alone.states[t].column(0), together.states[t].column(4));
        }
        assert_ne!(together.states[0].column(0), together.states[0].column(1));
    }
}

#[test]
fn torques_are_limited_and_the_asked_ones_cost() {
    let strong = |torque_limit| {
        let task = task(SwingUpConfig { torque_limit, start_deviation: 0., ..Default::default() });
        let mut policy = task.initial_policy();
        policy.steps.iter_mut().for_each(|law| law.bias.fill(40.));
        let batch = task.rollouts(&CompiledPolicy::new(&policy).unwrap(), 1, &[key(0)], false);
        let cost = -task.step(0, batch.states[0].as_slice(), batch.received[0].as_slice(), &[], &[]);
        assert!((cost - 1e-4 * 2. * 40. * 40.).abs() < 1e-12, "{cost}");
        batch.states[20].clone()
    };
    assert_ne!(strong(25.), strong(40.));
    assert_eq!(strong(40.), strong(1000.));
}

#[test]
fn only_the_last_steps_and_the_end_cost_for_the_state() {
    let task = task(SwingUpConfig::default());
    let state = [1., -2., 3., 4.];
    let distance = 1. + 4. + 0.1 * (9. + 16.);
    for (t, expected) in [(0, 0.), (79, 0.), (80, -distance), (99, -distance)] {
        assert_eq!(task.step(t, &state, &[0.; 2], &state, &[]), expected, "step {t}");
    }
    assert_eq!(task.last(&state), -distance);
}

#[test]
fn the_tip_costs_by_its_distance_from_upright_at_every_step() {
    let task = task(SwingUpConfig { goal: Goal::TipAlways, tip_weight: 0.5, ..Default::default() });
    let half = std::f64::consts::FRAC_PI_2;
    // Both links level; the first level and the second up; upright, whatever the velocity; hanging.
    for (state, squared) in [
        ([half, 0., 1., 2.], 4. + 4.),
        ([half, -half, 0., 0.], 1. + 1.),
        ([0., 0., 5., -5.], 0.),
        ([2. * half, 0., 0., 0.], 16.),
    ] {
        for t in [0, 50, 99] {
            assert!((task.step(t, &state, &[0.; 2], &state, &[]) + 0.5 * squared).abs() < 1e-12, "{state:?}");
        }
        assert!((task.last(&state) + 0.5 * squared).abs() < 1e-12);
    }
}

#[test]
fn beyond_its_limit_a_joint_is_pushed_back_whatever_the_policy_asks() {
    let limit = JointLimit { angle: 0.5, ..Default::default() };
    let config = SwingUpConfig { chain: Chain::Quad, joint_limit: Some(limit), ..Default::default() };
    let task = task(config.clone());
    let after = |state: &[f64], asked: &[f64]| {
        let mut plant = Plant::new(&config, task.model());
        plant.reset(state);
        plant.step(asked);
        plant.state().to_vec()
    };
    let mut state = [std::f64::consts::PI, 0., 1.5, 0., 0., 0., 0., 0.];
    assert_eq!(after(&state, &[0., 0., 25., 0.]), after(&state, &[0., 0., -25., 0.]));
    assert_ne!(after(&state, &[0., 0., 25., 0.]), after(&state, &[5., 0., 25., 0.]), "the first joint has no limit");
    assert!(after(&state, &[0.; 4])[6] < -1., "pushed back");
    state[2] = 0.4;
    assert_ne!(after(&state, &[0., 0., 5., 0.]), after(&state, &[0., 0., -5., 0.]), "inside the policy rules");
}

#[test]
fn refuses_what_makes_no_sense_by_name() {
    let refused = |config: SwingUpConfig| SwingUp::new(config).unwrap_err().to_string();
    assert_eq!(
        refused(SwingUpConfig { torque_limit: -1., ..Default::default() }),
        "torque_limit is -1, expected above 0 and at most 10000 N m"
    );
    let limit = JointLimit { angle: f64::NAN, ..Default::default() };
    let error = refused(SwingUpConfig { joint_limit: Some(limit), ..Default::default() });
    assert!(error.starts_with("joint_limit.angle is NaN"), "{error}");
}
