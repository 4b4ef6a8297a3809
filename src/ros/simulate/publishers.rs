//! What the simulated robot publishes: joint states, observations, and its time.

use std::time::Duration;

use r2r::rosgraph_msgs::msg::Clock as ClockMsg;
use r2r::sensor_msgs::msg::JointState;
use r2r::std_msgs::msg::Header;
use r2r::{Publisher, QosProfile};

use crate::robot::{Command, Observed, Reading};
use crate::ros::link::joints::Joints;
use crate::ros::link::observation_publishers::ObservationPublishers;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::message_time::message_time;
use crate::ros::{RosConfig, RosError, system_time};

/// The publishers of a simulated robot with these joints.
pub(super) struct Publishers {
    pub joints: Joints,
    states: Publisher<JointState>,
    observed: ObservationPublishers,
    clock: Option<Publisher<ClockMsg>>,
    /// Stamps are this plus the simulation's time.
    epoch: Duration,
}

impl Publishers {
    /// Stamps are the simulation's time where others follow it: in `lockstep`, or on `/clock`.
    /// Otherwise the time `start` of the simulation is now.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(
        executor: &mut Executor,
        ros: &RosConfig,
        joints: Joints,
        observed: Vec<Observed>,
        qos: &QosProfile,
        start: Option<Duration>,
    ) -> Result<Self, RosError> {
        let node = executor.node();
        let clock = ros.publish_clock.then(|| node.create_publisher("/clock", qos.clone())).transpose()?;
        let start = start.filter(|_| clock.is_none());
        Ok(Self {
            joints,
            states: node.create_publisher("joint_states", qos.clone())?,
            observed: ObservationPublishers::new(node, observed, ros.ball.source, qos)?,
            clock,
            epoch: start.map_or(Duration::ZERO, |start| system_time() - start),
        })
    }

    /// Publishes a reading, and the command in force.
    pub fn publish(&self, reading: &Reading, command: &Command) {
        let stamp = message_time(self.epoch + reading.stamp);
        let header = |frame: &str| Header { stamp: stamp.clone(), frame_id: frame.into() };
        if let Some(clock) = &self.clock {
            report(clock.publish(&ClockMsg { clock: stamp.clone() }));
        }
        report(self.observed.publish(&reading.task, &header("")));
        let (position, velocity) = self.joints.report(&reading.position, &reading.velocity);
        let message = JointState {
            header: header(""),
            name: self.joints.names().to_vec(),
            position,
            velocity,
            effort: self.joints.command(&command.effort),
        };
        report(self.states.publish(&message));
    }
}

fn report(published: r2r::Result<()>) {
    if let Err(error) = published {
        tracing::error!("a message could not be published: {error}");
    }
}
