//! What passes between the control loop and a robot, simulated or real: readings one way, commands the other, over
//! wait-free triple buffers in which the newest wins and neither side can hold up the other.

mod clock;
mod delivery;
mod exploration;
mod observed;
mod plant;
mod remote;

pub use clock::Clock;
pub use delivery::Delivery;
pub use exploration::{exploration_noise, trial_random};
pub use observed::{Form, Observed};
pub use plant::{Plant, PlantDriver, PlantRequest, TrialKey, TrialKind};
pub use remote::{LinkError, RemoteRobot};

use std::sync::Arc;
use std::time::Duration;

/// What the robot reported at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When it was measured, in the time of the loop's clock.
    pub stamp: Duration,
    /// Counts the readings; the loop sees by it whether this one is new.
    pub sequence: u64,
    /// Joint positions (joint), rad or m.
    pub position: Box<[f64]>,
    /// Joint velocities (joint), rad/s or m/s.
    pub velocity: Box<[f64]>,
    /// What the task observes besides the joints (task state), e.g. the ball's position and velocity; may be empty.
    pub task: Box<[f64]>,
    /// When `task` was measured, in the time of the loop's clock.
    pub task_stamp: Duration,
}

impl Reading {
    /// A reading of zeros with room for the given numbers of joints and task values. Sequence 0 means "none yet".
    pub fn zeros(joints: usize, task: usize) -> Self {
        Self {
            stamp: Duration::ZERO,
            sequence: 0,
            position: vec![0.; joints].into(),
            velocity: vec![0.; joints].into(),
            task: vec![0.; task].into(),
            task_stamp: Duration::ZERO,
        }
    }
}

/// What the loop asks the robot to do until the next command.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// When the loop sent it, in the time of its clock.
    pub stamp: Duration,
    /// Counts the commands, from 1.
    pub sequence: u64,
    /// Joint efforts (joint), N m or N.
    pub effort: Box<[f64]>,
}

impl Command {
    /// A zero-effort command. Sequence 0 means "none yet".
    pub fn zeros(joints: usize) -> Self {
        Self { stamp: Duration::ZERO, sequence: 0, effort: vec![0.; joints].into() }
    }
}

/// The loop's end of the link.
pub struct LoopPort {
    /// Newest reading.
    pub reading: triple_buffer::Output<Reading>,
    /// Newest command.
    pub command: triple_buffer::Input<Command>,
    /// What a simulated plant is asked besides efforts. A robot has no use for it and may leave it unread.
    pub requests: rtrb::Producer<PlantRequest>,
    /// What becomes of the commands, where somebody tells.
    pub delivery: Arc<Delivery>,
}

/// The robot's end of the link.
pub struct RobotPort {
    /// Newest reading.
    pub reading: triple_buffer::Input<Reading>,
    /// Newest command.
    pub command: triple_buffer::Output<Command>,
    /// What a simulated plant is asked besides efforts.
    pub requests: rtrb::Consumer<PlantRequest>,
    /// Where the loop is told what becomes of its commands. A plant that reads them in its own time has nothing to tell.
    pub delivery: Arc<Delivery>,
}

/// Makes the two ends of a link for a robot with the given numbers of joints and task values.
pub fn link(joints: usize, task: usize) -> (LoopPort, RobotPort) {
    let (reading_in, reading_out) = triple_buffer::TripleBuffer::new(&Reading::zeros(joints, task)).split();
    let (command_in, command_out) = triple_buffer::TripleBuffer::new(&Command::zeros(joints)).split();
    let (requests_in, requests_out) = rtrb::RingBuffer::new(PENDING_REQUESTS);
    let delivery = Arc::<Delivery>::default();
    (
        LoopPort { reading: reading_out, command: command_in, requests: requests_in, delivery: delivery.clone() },
        RobotPort { reading: reading_in, command: command_out, requests: requests_out, delivery },
    )
}

/// Requests that fit in a link; the loop makes two per trial.
const PENDING_REQUESTS: usize = 8;
