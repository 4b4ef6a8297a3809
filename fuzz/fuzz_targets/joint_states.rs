//! Joint states in messages. They are refused, or give positions and velocities for the loop. The
//! target includes the ROS node's own files, so that fuzzing needs no ROS.
#![no_main]
#![allow(dead_code)] // The node uses all of it.

use std::time::{Duration, Instant};

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

/// Stamp, microseconds since the message before, numbers of the names, positions, velocities.
type Message = (Option<i64>, u32, Vec<u8>, Vec<f64>, Vec<f64>);
/// Sign, offset, cutoff, whether velocities are derived, whether the clock is in lockstep, messages.
type Input = (Vec<f64>, Vec<f64>, f64, bool, bool, Vec<Message>);

fuzz_target!(|input: Input| {
    let (sign, offset, velocity_cutoff, derived, lockstep, messages) = input;
    let name = |index: u8| format!("j{}", index % 4);
    let model: Vec<String> = (0..3).map(name).collect();
    let config = JointsConfig {
        sign,
        offset,
        velocity: if derived { VelocitySource::Derived } else { VelocitySource::Reported },
        velocity_cutoff,
        ..JointsConfig::default()
    };
    let Ok(joints) = Joints::new(&config, &model) else { return };
    let time = if lockstep { TimeBase::Stamps } else { TimeBase::Wall(control::WallClock::new()) };
    let mut states = JointStates::new(joints);
    let mut now = Instant::now();
    for (stamp, after, names, position, velocity) in messages {
        now += Duration::from_micros(after.into());
        let names: Vec<String> = names.into_iter().map(name).collect();
        let message = joint_states::JointStatesMessage { stamp, names: &names, position: &position, velocity: &velocity };
        // Accepted positions far apart may still overflow, and the loop then stops. A panic is the
        // fault to find.
        let _ = states.take(&message, &time, now);
    }
});
