//! Learning that goes on on a robot that differs.

mod experiment_support;

use experiment_support::variant;
use moto_controller::experiment::{RobotSpread, Run, TaskConfig, Transfer, Variant};
use moto_learners::moto::MotoConfig;

/// Table tennis with small batches; `before` iterations on the arm as configured.
fn transferred(before: usize, transitions: bool, robot: RobotSpread) -> Variant {
    Variant {
        task: TaskConfig::TableTennis(Box::default()),
        transfer: Some(Transfer { iterations: before, transitions, robot }),
        ..variant("transfer", MotoConfig { stored_iterations: 4, ..MotoConfig::default() })
    }
}

/// Return of the first iteration's rollouts, and of the mean action after it.
fn first_returns(variant: &Variant, seed: u64) -> (f64, f64) {
    let record = Run::start(variant, seed).unwrap().iterate().unwrap();
    (record.rollouts_return, record.mean_action_return.unwrap())
}

#[test]
fn learning_goes_on_from_what_was_learned_before() {
    const SAME: RobotSpread = RobotSpread { masses: 0., friction: 0., restitution: 0., delay: 0 };
    let anew = first_returns(&transferred(0, false, SAME), 1);
    let plain = first_returns(&Variant { transfer: None, ..transferred(0, false, SAME) }, 1);
    assert_eq!(anew, plain, "without ranges the robot is the one as configured");
    let (law, everything) =
        (first_returns(&transferred(2, false, SAME), 1), first_returns(&transferred(2, true, SAME), 1));
    assert_eq!(law.0, everything.0, "the same law makes the same first strokes");
    assert_ne!(law.0, anew.0);
    assert_ne!(law.1, everything.1, "transitions count in the first update");
    let differs = first_returns(&transferred(0, false, RobotSpread::default()), 1);
    assert_ne!(differs.0, anew.0);
}

#[test]
fn trials_that_a_fault_ends_one_after_the_other_are_told_by_it() {
    // The arm is held so exactly that no bit changes before its first motion, which comes late.
    let late = |delay| RobotSpread { masses: 0., friction: 0., restitution: 0., delay };
    assert!(first_returns(&transferred(0, false, late(1)), 1).0.is_finite(), "a period is nothing");
    let told = Run::start(&transferred(0, false, late(50)), 1).unwrap().iterate().unwrap_err().to_string();
    assert!(told.contains("only 0 trials") && told.contains("the same to the bit"), "{told}");
}

#[test]
fn a_run_that_is_restored_while_it_learns_before_or_after_goes_on_to_the_bit() {
    let variant = transferred(2, true, RobotSpread::default());
    let mut whole = Run::start(&variant, 2).unwrap();
    let mut states = vec![whole.state().unwrap()];
    while whole.prepare().unwrap() {
        states.push(whole.state().unwrap());
    }
    assert_eq!(states.len(), 3, "as begun, and after each of two iterations before");
    let first = whole.iterate().unwrap();
    states.push(whole.state().unwrap());
    let second = whole.iterate().unwrap();
    for (before, state) in states.iter().enumerate() {
        let mut restored = Run::start(&variant, 2).unwrap();
        restored.restore(state).unwrap();
        assert_eq!(restored.state().unwrap(), *state);
        let left = std::iter::from_fn(|| restored.prepare().unwrap().then_some(())).count();
        assert_eq!(left, 2_usize.saturating_sub(before));
        for expected in if before < 3 { vec![&first, &second] } else { vec![&second] } {
            let found = restored.iterate().unwrap();
            assert_eq!((found.rollouts_return, found.kl), (expected.rollouts_return, expected.kl));
        }
    }
    let plain = Variant { transfer: None, ..variant };
    let refused = Run::start(&plain, 2).unwrap().restore(&states[1]).unwrap_err().to_string();
    assert!(refused.contains("`transfer`"), "{refused}");
}

#[test]
fn a_swing_up_has_no_other_robot() {
    let transfer = Some(Transfer { iterations: 1, transitions: true, robot: RobotSpread::default() });
    let refused = Run::start(&Variant { transfer, ..variant("swing-up", MotoConfig::default()) }, 1);
    let told = refused.map(drop).unwrap_err().to_string();
    assert!(told.contains("transfer is given, expected null"), "{told}");
}
