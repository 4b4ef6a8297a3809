//! The wait for a message before the node's executor runs.

use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use r2r::qos::DurabilityPolicy;
use r2r::{Node, QosProfile, WrappedTypesupport};

use crate::ros::RosError;
use crate::ros::rcl::topic_name::topic_name;

/// Longest time in which an end is not noticed.
const POLL: Duration = Duration::from_millis(20);

/// Waits for a message of a topic of which `take` makes something.
///
/// # Errors
/// [`RosError::NoMessage`] after `timeout`, [`RosError::GivenUp`] once `given_up` holds, or rcl's
/// error.
pub fn first_message<T, U>(
    node: &mut Node,
    topic: &str,
    qos: QosProfile,
    timeout: Duration,
    given_up: impl Fn() -> bool,
    mut take: impl FnMut(T) -> Option<U>,
) -> Result<U, RosError>
where
    T: WrappedTypesupport + 'static,
{
    let kept = qos.durability == DurabilityPolicy::TransientLocal;
    let mut messages = node.subscribe::<T>(topic, qos)?;
    let begun = Instant::now();
    loop {
        node.spin_once(POLL);
        while let Some(Some(message)) = messages.next().now_or_never() {
            if let Some(found) = take(message) {
                return Ok(found);
            }
        }
        if given_up() {
            return Err(RosError::GivenUp);
        }
        if begun.elapsed() > timeout {
            let topic = topic_name(node, topic)?;
            let found = node.get_publishers_info_by_topic(&topic, false)?;
            let nodes = found.iter().map(|one| {
                // Who publishes to those present only is not heard by those who come late.
                let deaf = kept && one.qos_profile.durability == DurabilityPolicy::Volatile;
                let why = if deaf { " (not transient local)" } else { "" };
                format!("{}/{}{why}", one.node_namespace.trim_end_matches('/'), one.node_name)
            });
            let nodes = nodes.collect();
            return Err(RosError::NoMessage { topic, waited: timeout, nodes });
        }
    }
}
