//! Joint states in messages. They are refused, or give positions and velocities for the loop. The
//! target includes the ROS node's own files, so that fuzzing needs no ROS.
#![no_main]
#![allow(dead_code)] // The node uses all of it.

use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
// The node's files expect this module here.
use moto_controller::control;

#[path = "../../src/ros/link/input_error.rs"]
mod input_error;
#[path = "../../src/ros/link/joint_states.rs"]
mod joint_states;
#[path = "../../src/ros/link/joints.rs"]
mod joints;
#[path = "../../src/ros/link/stamps.rs"]
mod stamps;

/// Simulated time without a publisher.
mod sim_time {
    #[derive(Clone, Default)]
    pub struct SimTime;

    impl SimTime {
        pub fn get(&self) -> Option<std::time::Duration> {
            None
        }

        pub fn set(&self, _: std::time::Duration) {}
    }
}

use joint_states::JointStates;
use joints::{Joints, JointsConfig, VelocitySource};
use stamps::TimeBase;

#[derive(Arbitrary, Debug)]
struct Input {
    sign: Vec<f64>,
    offset: Vec<f64>,
    cutoff: f64,
    derive: bool,
    lockstep: bool,
    messages: Vec<Message>,
}

#[derive(Arbitrary, Debug)]
struct Message {
    stamp: Option<i64>,
    after: u32,
    names: Vec<u8>,
    position: Vec<f64>,
    velocity: Vec<f64>,
}

fuzz_target!(|input: Input| {
    let name = |index: u8| format!("j{}", index % 4);
    let model: Vec<String> = (0..3).map(name).collect();
    let config = JointsConfig {
        sign: input.sign,
        offset: input.offset,
        velocity: if input.derive { VelocitySource::Derived } else { VelocitySource::Reported },
        velocity_cutoff: input.cutoff,
        ..JointsConfig::default()
    };
    let Ok(joints) = Joints::new(&config, &model) else { return };
    let time = if input.lockstep { TimeBase::Stamps } else { TimeBase::Wall(control::WallClock::new()) };
    let mut states = JointStates::new(joints);
    let mut now = Instant::now();
    for Message { stamp, after, names, position, velocity } in input.messages {
        now += Duration::from_micros(after.into());
        let names: Vec<String> = names.into_iter().map(name).collect();
        let message = joint_states::JointStatesMessage { stamp, names: &names, position: &position, velocity: &velocity };
        // Accepted positions far apart may still overflow, and the loop then stops. A panic is the
        // fault to find.
        let _ = states.take(&message, &time, now);
    }
});
