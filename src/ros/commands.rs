//! Commands on their way to the robot.

use std::thread::JoinHandle;
use std::time::Duration;

use r2r::std_msgs::msg::{Float64MultiArray, MultiArrayDimension, MultiArrayLayout};
use r2r::{Publisher, QosProfile};

use super::executor::Executor;
use super::joints::Joints;
use super::serve::Server;
use super::{RosConfig, RosError};
use crate::control::{Clock, WallClock};
use crate::robot::{Command, PlantRequest};

/// Publishes commands.
#[derive(Clone)]
pub struct Commander {
    publisher: Publisher<Float64MultiArray>,
    joints: Joints,
}

impl Commander {
    /// On the topic the configuration names, before the executor runs.
    ///
    /// # Errors
    /// rcl's.
    pub fn new(executor: &mut Executor, config: &RosConfig, joints: Joints) -> Result<Self, RosError> {
        let qos = QosProfile::default().reliable().keep_last(1);
        let publisher = executor.node().create_publisher(&config.command_topic, qos)?;
        Ok(Self { publisher, joints })
    }

    /// Sends efforts (joint, the model's units). `answers`: in lockstep, the stamp of the joint state this is the answer
    /// to; it is the label of the message's one dimension, so that a command that was sent twice is known as such.
    pub fn send(&self, effort: &[f64], answers: Option<Duration>) {
        let data = self.joints.command(effort);
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let label = answers.map_or_else(|| "effort".into(), label);
        let layout = MultiArrayLayout { dim: vec![MultiArrayDimension { label, size, stride: size }], data_offset: 0 };
        if let Err(error) = self.publisher.publish(&Float64MultiArray { layout, data }) {
            tracing::error!("a command could not be published: {error}");
        }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        // Where rcl cannot say, nobody is known to.
        self.publisher.get_inter_process_subscription_count().unwrap_or(0)
    }

    /// Sends zero efforts.
    pub fn send_zero(&self) {
        self.send(&vec![0.; self.joints.names().len()], None);
    }
}

/// The label of a command that answers the joint state with this stamp.
pub fn label(stamp: Duration) -> String {
    format!("{}.{:09}", stamp.as_secs(), stamp.subsec_nanos())
}

/// When a command is looked for first, after the loop's release, and how often from then on.
const FIRST_LOOK: Duration = Duration::from_micros(60);
const LOOK: Duration = Duration::from_micros(40);

/// The thread that sends the loop's commands. The loop makes no system call to wake it: it wakes by itself a little after each of
/// the loop's releases, and looks until the command is there. It ends when the loop is gone, however that came about.
pub struct CommandThread(JoinHandle<()>);

/// What a loop sends to its robot.
pub struct Outgoing {
    /// Efforts.
    pub command: triple_buffer::Output<Command>,
    /// Requests.
    pub requests: rtrb::Consumer<PlantRequest>,
}

impl Outgoing {
    /// Whether the loop is gone.
    fn is_over(&self) -> bool {
        self.requests.is_abandoned()
    }

    /// Passes on what the loop asks of the world around the robot.
    pub fn serve(&mut self, server: &Server) {
        while let Ok(request) = self.requests.pop() {
            // How a trial begins is the robot's own affair.
            if request == PlantRequest::Launch {
                server.ask();
            }
        }
    }
}

impl CommandThread {
    /// Starts it, for a loop on `clock` with releases at whole multiples of `period`.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn spawn(
        mut outgoing: Outgoing,
        commander: Commander,
        server: Server,
        mut clock: WallClock,
        period: Duration,
    ) -> Result<Self, RosError> {
        let run = move || {
            let _last = LastWords { commander: &commander, clock, period };
            let mut sent = 0;
            loop {
                // Asked first: what the loop sent last is then still read.
                let over = outgoing.is_over();
                let command = outgoing.command.read();
                let now = clock.now();
                let release = Duration::from_nanos((now.as_nanos() / period.as_nanos() * period.as_nanos()) as u64);
                if command.sequence != sent {
                    sent = command.sequence;
                    commander.send(&command.effort, None);
                    outgoing.serve(&server);
                    clock.sleep_until(release + period + FIRST_LOOK, false);
                } else if over {
                    return;
                } else {
                    clock.sleep_until(now + LOOK, false);
                }
            }
        };
        let thread = std::thread::Builder::new().name("ros_commands".into()).spawn(run).map_err(RosError::Thread)?;
        Ok(Self(thread))
    }

    /// Whether it still runs. While the loop does, it ends only by a panic.
    pub fn is_alive(&self) -> bool {
        !self.0.is_finished()
    }

    /// Waits until the loop is gone and the robot has its last command and zero.
    pub fn join(self) {
        // A panic there was reported when it happened.
        let _ = self.0.join();
    }
}

/// Sends zero when it is dropped, by a panic too. Silence is no stop, and this may be the last the robot hears: it hears it more
/// than once.
struct LastWords<'a> {
    commander: &'a Commander,
    clock: WallClock,
    period: Duration,
}

impl Drop for LastWords<'_> {
    fn drop(&mut self) {
        for _ in 0..LAST_WORDS {
            self.commander.send_zero();
            let next = self.clock.now() + self.period;
            self.clock.sleep_until(next, false);
        }
    }
}

/// How often the final zero is sent.
pub const LAST_WORDS: u32 = 5;
