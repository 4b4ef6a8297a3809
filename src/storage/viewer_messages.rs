//! The ROS 2 messages by which viewers draw a trial: frames and descriptions.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::messages::{Header, Message};
use crate::view::Transform;

#[derive(Serialize, Deserialize)]
pub(super) struct TfMessage {
    pub transforms: Vec<TransformStamped>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TransformStamped {
    pub header: Header,
    pub child_frame_id: String,
    /// Translation, then rotation (x, y, z, w).
    pub transform: ([f64; 3], [f64; 4]),
}

impl TfMessage {
    /// The transforms at one time.
    pub fn new(since_epoch: Duration, transforms: Vec<Transform>) -> Self {
        let stamped = |Transform { parent, child, pose }: Transform| TransformStamped {
            header: Header::new(since_epoch, &parent),
            child_frame_id: child,
            transform: (pose.translation.vector.into(), pose.rotation.coords.into()),
        };
        Self { transforms: transforms.into_iter().map(stamped).collect() }
    }
}

impl Message for TfMessage {
    const NAME: &'static str = "tf2_msgs/msg/TFMessage";
    const DEFINITION: &'static str = "\
geometry_msgs/TransformStamped[] transforms
================================================================================
MSG: geometry_msgs/TransformStamped
std_msgs/Header header
string child_frame_id
geometry_msgs/Transform transform
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: geometry_msgs/Transform
geometry_msgs/Vector3 translation
geometry_msgs/Quaternion rotation
================================================================================
MSG: geometry_msgs/Vector3
float64 x
float64 y
float64 z
================================================================================
MSG: geometry_msgs/Quaternion
float64 x
float64 y
float64 z
float64 w
";
}

#[derive(Serialize, Deserialize)]
pub(super) struct Text {
    pub data: String,
}

impl Message for Text {
    const NAME: &'static str = "std_msgs/msg/String";
    const DEFINITION: &'static str = "string data\n";
}
