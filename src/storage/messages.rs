//! The ROS 2 messages of a trial file: their definitions as rosbag2 stores them, and their CDR
//! form.

use std::time::Duration;

use byteorder::LittleEndian;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Encapsulation header of little-endian plain CDR, before every message.
const CDR_LE: [u8; 4] = [0, 1, 0, 0];

/// A message type with its name and definition.
pub(super) trait Message: Serialize + DeserializeOwned {
    /// Full name, `package/msg/Type`.
    const NAME: &'static str;
    /// Definition with its dependencies, as rosbag2 concatenates them.
    const DEFINITION: &'static str;

    /// The message in CDR.
    fn to_cdr(&self) -> Result<Vec<u8>, cdr_encoding::Error> {
        let mut bytes = Vec::new();
        self.write_cdr(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes the message in CDR in the place of `bytes`.
    fn write_cdr(&self, bytes: &mut Vec<u8>) -> Result<(), cdr_encoding::Error> {
        bytes.clear();
        bytes.extend(CDR_LE);
        cdr_encoding::to_writer::<Self, LittleEndian, _>(bytes, self)
    }

    /// Reads the message from CDR bytes that hold exactly one message.
    fn from_cdr(bytes: &[u8]) -> Result<Self, String> {
        let body = bytes.strip_prefix(&CDR_LE).ok_or("not little-endian CDR")?;
        let (message, used) = cdr_encoding::from_bytes::<Self, LittleEndian>(body).map_err(|e| e.to_string())?;
        if used == body.len() { Ok(message) } else { Err(format!("{} bytes too many", body.len() - used)) }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Time {
    pub sec: i32,
    pub nanosec: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub stamp: Time,
    pub frame_id: String,
}

impl Header {
    /// A header stamped `since_epoch`; the stamp's 32-bit seconds saturate.
    pub fn new(since_epoch: Duration, frame_id: &str) -> Self {
        let sec = i32::try_from(since_epoch.as_secs()).unwrap_or(i32::MAX);
        Self { stamp: Time { sec, nanosec: since_epoch.subsec_nanos() }, frame_id: frame_id.into() }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct JointState {
    pub header: Header,
    pub name: Vec<String>,
    pub position: Vec<f64>,
    pub velocity: Vec<f64>,
    pub effort: Vec<f64>,
}

impl Message for JointState {
    const NAME: &'static str = "sensor_msgs/msg/JointState";
    const DEFINITION: &'static str = "\
std_msgs/Header header
string[] name
float64[] position
float64[] velocity
float64[] effort
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
";
}

#[derive(Serialize, Deserialize)]
pub(super) struct Float64MultiArray {
    pub layout: Layout,
    pub data: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Layout {
    pub dim: Vec<Dimension>,
    pub data_offset: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Dimension {
    pub label: String,
    pub size: u32,
    pub stride: u32,
}

impl Float64MultiArray {
    /// A vector.
    pub fn new(data: &[f64]) -> Self {
        Self { layout: Layout { dim: Vec::new(), data_offset: 0 }, data: data.into() }
    }
}

impl Message for Float64MultiArray {
    const NAME: &'static str = "std_msgs/msg/Float64MultiArray";
    const DEFINITION: &'static str = "\
std_msgs/MultiArrayLayout layout
float64[] data
================================================================================
MSG: std_msgs/MultiArrayLayout
std_msgs/MultiArrayDimension[] dim
uint32 data_offset
================================================================================
MSG: std_msgs/MultiArrayDimension
string label
uint32 size
uint32 stride
";
}

#[derive(Serialize, Deserialize)]
pub(super) struct Odometry {
    pub header: Header,
    pub child_frame_id: String,
    /// Position, then orientation (x, y, z, w).
    pub pose: ([f64; 3], [f64; 4]),
    pub pose_covariance: [[f64; 6]; 6],
    /// Linear, then angular velocity.
    pub twist: ([f64; 3], [f64; 3]),
    pub twist_covariance: [[f64; 6]; 6],
}

impl Odometry {
    /// A body with position and velocity; its rotation is unknown.
    pub fn new(header: Header, body: &str, position: [f64; 3], velocity: [f64; 3]) -> Self {
        Self {
            header,
            child_frame_id: body.into(),
            pose: (position, [0., 0., 0., 1.]),
            pose_covariance: [[0.; 6]; 6],
            twist: (velocity, [0.; 3]),
            twist_covariance: [[0.; 6]; 6],
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PoseStamped {
    pub header: Header,
    /// Position, then orientation (x, y, z, w).
    pub pose: ([f64; 3], [f64; 4]),
}

impl PoseStamped {
    /// A body at a position; its rotation is unknown.
    pub fn new(header: Header, position: [f64; 3]) -> Self {
        Self { header, pose: (position, [0., 0., 0., 1.]) }
    }
}

impl Message for PoseStamped {
    const NAME: &'static str = "geometry_msgs/msg/PoseStamped";
    const DEFINITION: &'static str = "\
std_msgs/Header header
geometry_msgs/Pose pose
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: geometry_msgs/Pose
geometry_msgs/Point position
geometry_msgs/Quaternion orientation
================================================================================
MSG: geometry_msgs/Point
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

impl Message for Odometry {
    const NAME: &'static str = "nav_msgs/msg/Odometry";
    const DEFINITION: &'static str = "\
std_msgs/Header header
string child_frame_id
geometry_msgs/PoseWithCovariance pose
geometry_msgs/TwistWithCovariance twist
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: geometry_msgs/PoseWithCovariance
geometry_msgs/Pose pose
float64[36] covariance
================================================================================
MSG: geometry_msgs/Pose
geometry_msgs/Point position
geometry_msgs/Quaternion orientation
================================================================================
MSG: geometry_msgs/Point
float64 x
float64 y
float64 z
================================================================================
MSG: geometry_msgs/Quaternion
float64 x
float64 y
float64 z
float64 w
================================================================================
MSG: geometry_msgs/TwistWithCovariance
geometry_msgs/Twist twist
float64[36] covariance
================================================================================
MSG: geometry_msgs/Twist
geometry_msgs/Vector3 linear
geometry_msgs/Vector3 angular
================================================================================
MSG: geometry_msgs/Vector3
float64 x
float64 y
float64 z
";
}
