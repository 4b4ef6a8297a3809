//! What a robot says of itself: its description, and where its joints are.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use r2r::sensor_msgs::msg::JointState;
use r2r::{Node, QosProfile};

use super::link::description;
use super::link::first_message::first_message;
use super::{RosError, context};
use crate::dynamics::Description;

/// The robot's description, and the position of each joint that it reports, rad or m. It waits
/// until all joints of the description are reported, or until `timeout` if only some are.
///
/// # Errors
/// No description or no joint state came, or rcl refuses.
pub fn ask_robot(
    description_topic: &str,
    joint_states_topic: &str,
    timeout: Duration,
) -> Result<(String, BTreeMap<String, f64>), RosError> {
    let mut node = Node::create(context()?, "moto_controller_init", "")?;
    let begun = Instant::now();
    let text = description::first(&mut node, description_topic, timeout, || false)?;
    // A description that cannot be read is refused by whoever uses it.
    let joints: Vec<String> =
        Description::parse(&text).map(|it| it.joints().map(String::from).collect()).unwrap_or_default();
    let mut found = BTreeMap::new();
    let take = |message: JointState| {
        let positions = message.name.into_iter().zip(message.position);
        found.extend(positions.filter(|(_, position)| position.is_finite()));
        joints.iter().all(|joint| found.contains_key(joint)).then_some(())
    };
    let qos = QosProfile::sensor_data();
    let left = timeout.saturating_sub(begun.elapsed());
    match first_message(&mut node, joint_states_topic, qos, left, || false, take) {
        Err(RosError::NoMessage { .. }) if !found.is_empty() => Ok((text, found)),
        Err(error) => Err(error),
        Ok(()) => Ok((text, found)),
    }
}
