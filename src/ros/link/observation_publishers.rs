//! What a simulated world shows of itself: the task's observations, as a robot's sensors would publish them.

use r2r::geometry_msgs::msg::PoseStamped;
use r2r::nav_msgs::msg::Odometry;
use r2r::std_msgs::msg::{Float64MultiArray, Header};
use r2r::{Publisher, QosProfile};

use super::observations::{message_form, topic};
use crate::robot::{Form, Observed};
use crate::ros::{BallSource, RosError};

enum Kind {
    Odometry(Publisher<Odometry>),
    Position(Publisher<PoseStamped>),
    Values(Publisher<Float64MultiArray>),
}

/// A publisher for each observation of a task.
pub struct ObservationPublishers(Vec<(Observed, Kind)>);

impl ObservationPublishers {
    /// The publishers, on the topics that the node subscribes.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(
        node: &mut r2r::Node,
        observed: Vec<Observed>,
        source: BallSource,
        qos: &QosProfile,
    ) -> Result<Self, RosError> {
        let mut publishers = Vec::new();
        for observed in observed {
            let topic = topic(&observed);
            let kind = match message_form(observed.form, source) {
                Form::Odometry => Kind::Odometry(node.create_publisher(&topic, qos.clone())?),
                Form::Position => Kind::Position(node.create_publisher(&topic, qos.clone())?),
                Form::Values(_) => Kind::Values(node.create_publisher(&topic, qos.clone())?),
            };
            publishers.push((observed, kind));
        }
        Ok(Self(publishers))
    }

    /// Publishes the task's values of a reading, stamped as `header` has it.
    ///
    /// # Errors
    /// rcl's error.
    pub fn publish(&self, mut values: &[f64], header: &Header) -> r2r::Result<()> {
        for (observed, publisher) in &self.0 {
            let Some((own, rest)) = values.split_at_checked(observed.len()) else { return Ok(()) };
            values = rest;
            let header = Header { frame_id: observed.frame.clone(), ..header.clone() };
            match publisher {
                Kind::Odometry(publisher) => {
                    let mut message = Odometry { header, child_frame_id: observed.name.clone(), ..Odometry::default() };
                    let (at, velocity) = (&mut message.pose.pose, &mut message.twist.twist.linear);
                    (at.position.x, at.position.y, at.position.z, at.orientation.w) = (own[0], own[1], own[2], 1.);
                    (velocity.x, velocity.y, velocity.z) = (own[3], own[4], own[5]);
                    publisher.publish(&message)?;
                }
                Kind::Position(publisher) => {
                    let mut message = PoseStamped { header, ..PoseStamped::default() };
                    let at = &mut message.pose;
                    (at.position.x, at.position.y, at.position.z, at.orientation.w) = (own[0], own[1], own[2], 1.);
                    publisher.publish(&message)?;
                }
                Kind::Values(publisher) => {
                    publisher.publish(&Float64MultiArray { data: own.into(), ..Float64MultiArray::default() })?;
                }
            }
        }
        Ok(())
    }
}
