//! A movement primitive on the table-tennis arm, through the control loop.

mod tennis_common;

use moto_controller::commands::{EvaluateOptions, Evaluation, evaluate};
use moto_controller::control::Episode;
use moto_controller::experiment::{Run, TaskConfig, Variant};
use moto_controller::tasks::table_tennis::{DemonstrationKind, Setting, TableTennisConfig};
use moto_learners::episodic::{CasMoreConfig, MoreConfig, MovementConfig, RepsConfig};
use moto_learners::moto::MotoConfig;
use moto_learners::policy::{Demonstration, Dmp, DmpConfig};
use moto_learners::{LearnerSettings, Learners};
use tennis_common::task;

fn fit(shown: &Episode) -> Dmp {
    let demonstration =
        Demonstration { position: &shown.position, velocity: &shown.velocity, joints: 9, period: 0.002 };
    Dmp::fit(&DmpConfig::default(), &demonstration, 0.569).unwrap()
}

#[test]
fn reproduces_the_players_stroke() {
    let task = task(|config| config.demonstration = DemonstrationKind::Plain);
    let shown = task.demonstration().unwrap();
    let dmp = fit(&shown);
    for cycle in 0..300 {
        for joint in 0..9 {
            let [q, qd, _] = dmp.primitive.at(cycle, joint, dmp.demonstrated.as_slice());
            let (shown_q, shown_qd) = (shown.position[cycle * 9 + joint], shown.velocity[cycle * 9 + joint]);
            assert!((q - shown_q).abs() < 3e-3, "joint {joint}, cycle {cycle}: {q} {shown_q}");
            assert!((qd - shown_qd).abs() < 0.15, "joint {joint}, cycle {cycle}: {qd} {shown_qd}");
        }
    }
}

/// A small variant of an experiment.
fn variant(settings: &impl LearnerSettings, setting: Setting, demonstration: DemonstrationKind) -> Variant {
    Variant {
        label: "small".into(),
        group: String::new(),
        task: TaskConfig::TableTennis(Box::new(TableTennisConfig { setting, demonstration, ..Default::default() })),
        method: Learners::chosen(settings).unwrap(),
        rollouts: 8,
        iterations: 3,
        thresholds: Vec::new(),
        judged_every: 1,
        transfer: None,
    }
}

/// Judges what a run learned so far, as `moto_controller evaluate` does.
fn judged(run: &Run) -> Evaluation {
    let place = tempfile::tempdir().unwrap();
    let attachment = run.attachment().unwrap();
    let path = place.path().join(attachment.ending);
    std::fs::write(&path, attachment.bytes).unwrap();
    evaluate(&EvaluateOptions { run: path, strokes: Some(4), noise: false, initial: false, realtime: false }).unwrap()
}

#[test]
fn the_fitted_movement_returns_the_demonstrated_ball_through_the_control_loop() {
    let variant = variant(&RepsConfig::default(), Setting::Noiseless, DemonstrationKind::Plain);
    let run = Run::start(&variant, 1).unwrap();
    let evaluation = judged(&run);
    assert_eq!((evaluation.success, evaluation.faults, evaluation.clipped_share), (1., 0, 0.));
    assert!(evaluation.distance.unwrap() < 0.2, "{evaluation}");
}

#[test]
fn a_run_of_every_method_goes_on_to_the_bit_and_leaves_a_stroke_to_judge() {
    let contextual = MovementConfig { context: true, ..Default::default() };
    let contextual = RepsConfig { inertia: 0.5, movement: contextual, ..Default::default() };
    let variants = [
        variant(&MotoConfig::default(), Setting::NoisyBounce, DemonstrationKind::Plain),
        variant(&contextual, Setting::Context, DemonstrationKind::Plain),
        variant(&MoreConfig::default(), Setting::NoisyBounce, DemonstrationKind::Plain),
        variant(&CasMoreConfig::default(), Setting::NoisyBounce, DemonstrationKind::Plain),
    ];
    for variant in variants {
        let mut run = Run::start(&variant, 5).unwrap();
        run.iterate().unwrap();
        let state = run.state().unwrap();
        let records = [run.iterate().unwrap(), run.iterate().unwrap()];
        assert!(records.iter().all(|record| record.kl.unwrap() > 0.), "{records:?}");
        let mut again = Run::start(&variant, 5).unwrap();
        again.restore(&state).unwrap();
        assert_eq!([again.iterate().unwrap(), again.iterate().unwrap()], records);
        assert_eq!(judged(&again), judged(&run));
    }
}
