//! Joint states as messages give them: refused, or finite positions and velocities. The mapping is the ROS node's own, taken from
//! its file, so that no ROS is needed to fuzz it.
#![no_main]
#![allow(dead_code)] // The node uses all of it.

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[path = "../../src/ros/joints.rs"]
mod joints;

use joints::{Joints, JointsConfig, VelocitySource};

#[derive(Arbitrary, Debug)]
struct Input {
    sign: Vec<f64>,
    offset: Vec<f64>,
    cutoff: f64,
    derive: bool,
    messages: Vec<Message>,
}

#[derive(Arbitrary, Debug)]
struct Message {
    stamp: i64,
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
    let Ok(mut joints) = Joints::new(&config, &model) else { return };
    for Message { stamp, names, position, velocity } in input.messages {
        let names: Vec<String> = names.into_iter().map(name).collect();
        let (mut q, mut qd) = ([0.; 3], [0.; 3]);
        // What is accepted may still overflow where positions are far apart; the loop stops on it. What must not be is a panic.
        let _ = joints.read(stamp as f64 * 1e-9, &names, &position, &velocity, &mut q, &mut qd);
    }
});
