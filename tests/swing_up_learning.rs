//! The learner's defaults learn the swing-ups. Hanging still costs 207; the margins are wide, since rounding differs from
//! processor to processor.

use moto_controller::policy::CompiledPolicy;
use moto_controller::robot::{TrialKey, TrialKind};
use moto_controller::tasks::swing_up::{Chain, JointLimit, SwingUp, SwingUpConfig};
use moto_learners::gps::{Gps, GpsConfig};
use moto_learners::moto::{Moto, MotoConfig, StateScales};
use moto_learners::{Batch, Reward};

fn keys(kind: TrialKind, iteration: u64, count: u64) -> Vec<TrialKey> {
    (0..count).map(|rollout| TrialKey { kind, iteration, rollout }).collect()
}

fn mean_return(task: &SwingUp, batch: &Batch) -> f64 {
    let column =
        |matrix: &nalgebra::DMatrix<f64>, rollout: usize| matrix.column(rollout).iter().copied().collect::<Vec<_>>();
    let of = |rollout: usize| {
        let steps = batch.actions.iter().enumerate().map(|(t, actions)| {
            let (state, next) = (column(&batch.states[t], rollout), column(&batch.states[t + 1], rollout));
            task.step(t, &state, &column(actions, rollout), &next, &[])
        });
        steps.sum::<f64>() + task.last(&column(&batch.states[task.horizon()], rollout))
    };
    (0..batch.rollouts()).map(of).sum::<f64>() / batch.rollouts() as f64
}

/// Best return of the mean action, over 10 noisy starts, that is reached within the iterations.
fn best_return(task: &SwingUp, rollouts: u64, iterations: u64) -> f64 {
    let scales = StateScales(task.state_scales());
    let mut learner = Moto::new(MotoConfig::default(), task.initial_policy(), scales).unwrap();
    let mut best = f64::NEG_INFINITY;
    for iteration in 0..iterations {
        let batch = task.rollouts(
            &CompiledPolicy::new(learner.policy()).unwrap(),
            1,
            &keys(TrialKind::Learn, iteration, rollouts),
            true,
        );
        learner.update(batch, task).unwrap();
        let judged = task.rollouts(
            &CompiledPolicy::new(learner.policy()).unwrap(),
            1,
            &keys(TrialKind::Evaluate, iteration, 10),
            false,
        );
        best = best.max(mean_return(task, &judged));
    }
    best
}

#[test]
fn the_double_link_swings_up() {
    let best = best_return(&SwingUp::new(SwingUpConfig::default()).unwrap(), 5, 60);
    println!("{best}");
    assert!(best > -20., "{best}");
}

#[test]
fn the_quad_link_learns_under_joint_limits() {
    let limit = Some(JointLimit::default());
    let task = SwingUp::new(SwingUpConfig { chain: Chain::Quad, joint_limit: limit, ..Default::default() }).unwrap();
    let best = best_return(&task, 10, 30);
    println!("{best}");
    assert!(best > -130., "{best}");
}

/// Ten seeds reach a median of -0.2 after these 200 episodes, the worst of them -1.1.
#[test]
fn guided_policy_search_swings_the_double_link_up() {
    let task = SwingUp::new(SwingUpConfig::default()).unwrap();
    let mut gps = Gps::new(GpsConfig::default(), task.initial_policy()).unwrap();
    let mut reports = Vec::new();
    for iteration in 0..10 {
        let batch =
            task.rollouts(&CompiledPolicy::new(gps.policy()).unwrap(), 4, &keys(TrialKind::Learn, iteration, 20), true);
        reports.push(gps.update(batch, &task).unwrap());
    }
    assert!(reports[0].mean_return < -300.0);
    let judged =
        task.rollouts(&CompiledPolicy::new(gps.policy()).unwrap(), 4, &keys(TrialKind::Evaluate, 0, 30), false);
    let learned = mean_return(&task, &judged);
    assert!(learned > -4.0, "return of the mean action {learned}");
}
