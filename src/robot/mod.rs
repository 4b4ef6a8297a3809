//! The link between the control loop and a robot, simulated or real. Readings go one way and
//! commands the other, over wait-free triple buffers: the newest wins, and neither side can delay
//! the other.

mod clock;
mod delivery;
mod exploration;
mod observed;
mod plant;
mod remote;
mod tracker;

pub use clock::Clock;
pub use delivery::Delivery;
pub use exploration::{exploration_noise, trial_random};
pub use observed::{Form, Observed};
pub use plant::{Plant, PlantDriver, PlantRequest, TrialKey, TrialKind};
pub use remote::{LinkError, RemoteRobot};
pub use tracker::{Track, TrackState, Tracker, TrackerConfig};

use std::sync::Arc;
use std::time::Duration;

/// The robot's report of one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Time of the measurement of the joints, in the loop clock's time.
    pub stamp: Duration,
    /// Number of the reading, by which the loop recognises new ones.
    pub sequence: u64,
    /// Joint positions (joint), rad or m.
    pub position: Box<[f64]>,
    /// Joint velocities (joint), rad/s or m/s.
    pub velocity: Box<[f64]>,
    /// The task's observations besides the joints (task state), e.g. the ball's position and
    /// velocity; may be empty.
    pub task: Box<[f64]>,
    /// Time of the measurement of `task`, in the loop clock's time; of the oldest value if they
    /// differ.
    pub task_stamp: Duration,
    /// Time of the measurement of each observed value, in the task's order and the loop clock's
    /// time; empty if all were measured at `task_stamp`.
    pub observed_stamps: Box<[Duration]>,
}

impl Reading {
    /// A reading of zeros with room for the given numbers of joints and task values. Sequence 0
    /// means "none yet".
    pub fn zeros(joints: usize, task: usize) -> Self {
        Self {
            stamp: Duration::ZERO,
            sequence: 0,
            position: vec![0.; joints].into(),
            velocity: vec![0.; joints].into(),
            task: vec![0.; task].into(),
            task_stamp: Duration::ZERO,
            observed_stamps: Box::default(),
        }
    }
}

/// The loop's command to the robot, valid until the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Time the loop sent the command, in its clock's time.
    pub stamp: Duration,
    /// Number of the command, from 1.
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
    /// Requests to a simulated plant. A robot may leave them unread.
    pub requests: rtrb::Producer<PlantRequest>,
    /// Delivery of the commands, if a sender reports it.
    pub delivery: Arc<Delivery>,
}

/// The robot's end of the link.
pub struct RobotPort {
    /// Newest reading.
    pub reading: triple_buffer::Input<Reading>,
    /// Newest command.
    pub command: triple_buffer::Output<Command>,
    /// Requests to a simulated plant.
    pub requests: rtrb::Consumer<PlantRequest>,
    /// Delivery of the commands, reported to the loop. A plant that reads commands in its own time
    /// has nothing to report.
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

/// Capacity of the ring of requests. The loop makes two requests per trial.
const PENDING_REQUESTS: usize = 8;
