//! The robot description, as robot_state_publisher publishes it.

use std::time::Duration;

use r2r::std_msgs::msg::String as StringMsg;
use r2r::{Node, QosProfile};

use super::first_message::first_message;
use crate::ros::rcl::topic_name::topic_name;
use crate::ros::{RosConfig, RosError};

/// A robot description, as it came.
pub struct Described {
    /// The description.
    pub text: String,
    /// The topic, after remapping.
    pub topic: String,
}

/// Waits for the description on the topic of the configuration, for its time of connection at most.
///
/// # Errors
/// If none comes, `given_up` holds, or rcl refuses.
pub fn receive(node: &mut Node, ros: &RosConfig, given_up: impl Fn() -> bool) -> Result<Described, RosError> {
    let topic = topic_name(node, &ros.description_topic)?;
    tracing::info!("waiting for the robot description on {topic}");
    let timeout = Duration::from_secs_f64(ros.connect_timeout);
    match first(node, &ros.description_topic, timeout, given_up) {
        Err(RosError::NoMessage { topic, waited, nodes }) => Err(RosError::NoDescription { topic, waited, nodes }),
        received => Ok(Described { text: received?, topic }),
    }
}

/// Waits for a description on a topic.
///
/// # Errors
/// If none comes, `given_up` holds, or rcl refuses.
pub fn first(node: &mut Node, topic: &str, timeout: Duration, given_up: impl Fn() -> bool) -> Result<String, RosError> {
    // Who publishes a description does so once, for those too who come late.
    let qos = QosProfile::default().reliable().transient_local().keep_last(1);
    first_message(node, topic, qos, timeout, given_up, |StringMsg { data }| Some(data))
}
