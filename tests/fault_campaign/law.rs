//! The loop's own side: policies that do not fit, a task that gives nonsense or panics, a supervisor that is gone.

use super::control_support::*;
use super::table::{injections, random, row};
use moto_controller::control::*;
use moto_controller::policy::CompiledPolicy;
use moto_controller::robot::Reading;
use rand::RngExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const HORIZON: usize = 40;

#[test]
fn policies_that_cannot_be_run_never_reach_the_law() {
    let injected = injections(60);
    for injection in 0..injected {
        let random = &mut random("policy", injection);
        let mut bad = policy(HORIZON, 2);
        let step = random.random_range(0..HORIZON);
        let value = [f64::NAN, f64::INFINITY][random.random_range(0..2)];
        match random.random_range(0..4) {
            0 => bad.steps[step].gain[(1, 3)] = value,
            1 => bad.steps[step].bias[0] = value,
            2 => bad.steps[step].covariance[(0, 0)] = -1.,
            _ => bad.steps[step].gain = bad.steps[step].gain.clone().insert_column(0, 0.),
        }
        let refusal = CompiledPolicy::new(&bad).expect_err("refused").to_string();
        let named = [format!("policy step {step}"), "policy step 1".into()];
        assert!(named.iter().any(|name| refusal.contains(name)), "{refusal}");
        // One that was made for another robot is refused by the loop, which goes on holding.
        let mut rig = Rig::calm(config(2));
        let law = CompiledPolicy::new(&policy(HORIZON, 3)).unwrap().into();
        let alien = TrialOrder { law, ..order(0, HORIZON, 2) };
        rig.client.order(alien).unwrap();
        rig.turns(3);
        assert!(matches!(rig.finished[0].outcome, Outcome::Refused(OrderError::Shape { .. })));
        assert_eq!(rig.client.status().safety, SafetyState::Run);
    }
    row("policy not finite, not definite or of the wrong shape", injected, "-", "-", "refused before the stroke", 0);
}

/// A task whose state goes bad in a certain call.
struct Spoilt {
    task: AllOfIt,
    calls: u64,
    bad: u64,
    panics: bool,
}

impl Stroke for Spoilt {
    fn state_dim(&self) -> usize {
        self.task.state_dim()
    }
    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        self.task.policy_state(reading, state);
        self.calls += 1;
        if self.calls == self.bad {
            assert!(!self.panics, "a bug in the task");
            state[1] = f64::NAN;
        }
    }
    fn triggered(&mut self, reading: &Reading) -> bool {
        self.task.triggered(reading)
    }
}

fn spoilt(injection: usize, panics: bool) -> Rig {
    let bad = random("task", injection).random_range(1..HORIZON as u64);
    let config = config(2);
    let joints = Joints::at(&config.start_posture);
    let stroke = Spoilt { task: AllOfIt(2), calls: 0, bad, panics };
    let mut rig = Rig::with_stroke(config, joints, Box::new(stroke), |_, _| Wake::default());
    rig.client.order(order(0, HORIZON, 2)).unwrap();
    rig
}

#[test]
fn a_state_of_the_task_that_is_not_finite_ends_the_trial() {
    let injected = injections(30);
    for injection in 0..injected {
        let mut rig = spoilt(injection, false);
        rig.until("the end of the trial", |rig| rig.finished.len() == 1);
        let outcome = &rig.finished[0].outcome;
        assert!(matches!(outcome, Outcome::Aborted(Abort::NonFiniteState { index: 1 })), "{outcome:?}");
        rig.until("the way home", |rig| rig.returned() == 1);
        assert!(rig.faults().is_empty());
    }
    row("the task's state not finite", injected, "-", "-", "the stroke ends, the arm goes home", 0);
}

#[test]
fn a_panic_in_the_loop_leaves_a_zero_command() {
    let injected = injections(30);
    for injection in 0..injected {
        let mut rig = spoilt(injection, true);
        let panicked = catch_unwind(AssertUnwindSafe(|| rig.turns(2_000))).is_err();
        assert!(panicked);
        let robot = rig.robot.clone();
        drop(rig);
        assert_eq!(*robot.lock().unwrap().newest().effort, [0., 0.]);
    }
    row("a panic on the loop's thread", injected, "-", "-", "zero effort, the loop ends", 0);
}

#[test]
fn a_supervisor_that_is_gone_shuts_the_loop_down() {
    let injected = injections(30);
    let mut worst = 0;
    for injection in 0..injected {
        let mut rig = Rig::calm(config(2));
        rig.client.order(order(0, HORIZON, 2)).unwrap();
        rig.turns(random("supervisor", injection).random_range(1..300));
        let Rig { mut control, client, robot, .. } = rig;
        drop(client);
        let mut cycles = 0;
        while control.turn() {
            cycles += 1;
            assert!(cycles < 100, "it does not end");
            if control.status().safety == SafetyState::Run {
                worst = worst.max(cycles);
            }
        }
        assert_eq!(*robot.lock().unwrap().newest().effort, [0., 0.]);
    }
    // The request is seen before the next cycle.
    assert_eq!(worst, 0);
    row(
        "the supervisor panics or is dropped",
        injected,
        "1",
        &(worst + 1).to_string(),
        "the loop ends with zero effort",
        0,
    );
}

#[test]
fn a_supervisor_that_hangs_is_missed() {
    let (injected, mut worst) = (injections(30), 0);
    let timeout = Duration::from_millis(500);
    for injection in 0..injected {
        let mut config = config(2);
        config.watchdog.heartbeat_timeout = Some(timeout.as_secs_f64());
        let mut rig = Rig::calm(config);
        let hangs = random("heartbeat", injection).random_range(1..400);
        for _ in 0..hangs {
            rig.client.stopper().beat();
            rig.turn();
        }
        let mut cycles = 0;
        while rig.faults().is_empty() {
            rig.turn();
            cycles += 1;
            assert!(cycles <= 251 + 1, "{cycles}");
        }
        worst = worst.max(cycles);
        assert!(matches!(rig.faults()[0], Fault::HeartbeatLost { .. }), "{:?}", rig.faults());
    }
    row("the supervisor hangs (heartbeat time-out .5 s)", injected, "252", &worst.to_string(), "safe state", 0);
}
