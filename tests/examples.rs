//! The examples run to their end, and do what they say.
#![allow(dead_code)] // The tests call what each `main` calls.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use moto_controller::commands::{DryRunOptions, dry_run};
use moto_controller::setup::Setup;
use moto_controller::supervisor::{Beginning, ConfigSource};

#[path = "../crates/moto_learners/examples/learner_only.rs"]
mod learner_only;
#[path = "../examples/own_task/main.rs"]
mod own_task;
#[path = "../examples/replay_a_trial.rs"]
mod replay_a_trial;
#[path = "../examples/robot_over_udp.rs"]
mod robot_over_udp;

const SWING_UP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/double_link.yaml");

#[test]
fn a_learner_alone_learns() {
    for (name, mut learner) in learner_only::learners().unwrap() {
        let [first, last] = learner_only::learn(&mut *learner).unwrap();
        assert!(last > 0.3 * first, "{name}: {last} from {first}");
    }
}

#[test]
fn a_trial_is_replayed_to_the_bit() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    dry_run(DryRunOptions {
        config: ConfigSource::File(SWING_UP.into()),
        adjust: Box::new(|config| {
            (config.run.iterations, config.run.rollouts) = (2, 3);
            (config.run.realtime_strokes, config.run.evaluation_strokes) = (0, 1);
        }),
        realtime: false,
        out: Some(folder.clone()),
        beginning: Beginning::Demonstration,
        live: None,
    })
    .unwrap();
    for trial in [1, 5] {
        assert_eq!(replay_a_trial::run(&folder, Some(trial)).unwrap(), 0.);
    }
    assert!(replay_a_trial::run(&folder, Some(99)).is_err());
}

#[test]
fn a_robot_over_udp_learns_and_is_left_without_effort() {
    assert_eq!(robot_over_udp::run(Duration::MAX).unwrap(), [0., 0.]);
}

#[test]
fn a_run_whose_robot_over_udp_falls_silent_ends_with_that() {
    let said = robot_over_udp::run(Duration::from_millis(400)).unwrap_err().to_string();
    // Where the machine stalls, before it was heard at all.
    assert!(said.contains("silent") || said.contains("no answer"), "{said}");
}

#[test]
fn an_arm_over_udp_lets_go_where_commands_stop_coming() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/robot_over_udp.yaml");
    let setup = Setup::load(path.as_ref(), |_| {}).unwrap();
    let plant = setup.task().unwrap().plant(1).unwrap();
    let (far, near) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    near.connect(far.local_addr().unwrap()).unwrap();
    near.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let over = AtomicBool::new(false);
    let left = std::thread::scope(|scope| {
        let arm = scope.spawn(|| robot_over_udp::arm(&far, plant, Duration::MAX, &over));
        near.send(&[1_u64.to_le_bytes(), 5_f64.to_le_bytes(), 5_f64.to_le_bytes()].concat()).unwrap();
        near.recv(&mut [0; 512]).unwrap();
        // It answers as long as it takes somebody to be there.
        near.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        while near.recv(&mut [0; 512]).is_ok() {}
        over.store(true, Ordering::Relaxed);
        arm.join().unwrap().unwrap()
    });
    assert_eq!(left, [0., 0.]);
}

#[test]
fn a_task_of_ones_own_is_learned() {
    own_task::main().unwrap();
}
