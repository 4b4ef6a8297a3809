//! Commands on their way to the robot.

use std::time::Duration;

use r2r::std_msgs::msg::{Float64MultiArray, MultiArrayDimension, MultiArrayLayout};
use r2r::{Publisher, QosProfile};

use super::joints::Joints;
use super::task_starter::TaskStarter;
use crate::control::CommandSink;
use crate::robot::PlantRequest;
use crate::ros::rcl::executor::Executor;
use crate::ros::{RosConfig, RosError};

/// Publishes commands.
#[derive(Clone)]
pub struct Commander {
    publisher: Publisher<Float64MultiArray>,
    joints: Joints,
}

impl Commander {
    /// A publisher on the topic named in the configuration. Call it before the executor runs.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(executor: &mut Executor, config: &RosConfig, joints: Joints) -> Result<Self, RosError> {
        let qos = QosProfile::default().reliable().keep_last(1);
        let publisher = executor.node().create_publisher(&config.command_topic, qos)?;
        Ok(Self { publisher, joints })
    }

    /// Sends efforts (joint, the model's units). `answers`: in lockstep, the stamp of the joint
    /// state that this command answers. It becomes the label of the message's one dimension, by
    /// which a repeated command is recognised.
    pub fn send(&self, effort: &[f64], answers: Option<Duration>) {
        let data = self.joints.command(effort);
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let label = answers.map_or_else(|| "effort".into(), label);
        let layout = MultiArrayLayout { dim: vec![MultiArrayDimension { label, size, stride: size }], data_offset: 0 };
        if let Err(error) = self.publisher.publish(&Float64MultiArray { layout, data }) {
            tracing::error!("a command could not be published: {error}");
        }
    }

    /// Number of subscribers.
    pub fn listeners(&self) -> usize {
        // If rcl does not know, there are no known subscribers.
        self.publisher.get_inter_process_subscription_count().unwrap_or(0)
    }

    /// Sends zero efforts.
    pub fn send_zero(&self) {
        self.send(&vec![0.; self.joints.names().len()], None);
    }
}

/// The label of a command that answers the joint state of this stamp.
pub fn label(stamp: Duration) -> String {
    format!("{}.{:09}", stamp.as_secs(), stamp.subsec_nanos())
}

/// Destination of a loop's commands and requests.
#[derive(Clone)]
pub struct RosSink {
    /// Sends efforts.
    pub commander: Commander,
    /// Sends requests to start the task.
    pub starter: TaskStarter,
}

impl CommandSink for RosSink {
    fn send(&mut self, effort: &[f64]) {
        self.commander.send(effort, None);
    }

    fn request(&mut self, request: PlantRequest) {
        // The robot itself decides how a trial begins.
        if request == PlantRequest::Launch {
            self.starter.ask();
        }
    }
}
