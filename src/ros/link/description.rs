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
    let text = match first_message(node, &ros.description_topic, latched(), timeout, given_up, |StringMsg { data }| {
        Some(data)
    }) {
        Err(RosError::NoMessage { topic, waited, nodes }) => {
            return Err(RosError::NoDescription { topic, waited, nodes });
        }
        received => received?,
    };
    Ok(Described { text, topic })
}

/// Quality of service of a description: who comes late gets it too.
pub fn latched() -> QosProfile {
    QosProfile::default().reliable().transient_local().keep_last(1)
}
