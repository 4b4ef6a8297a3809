//! A real-time robot controller that learns strokes on the robot.
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod cli;
pub mod control;
pub mod daemon;
pub mod dynamics;
pub mod experiment;
pub mod init;
pub mod report;
pub mod robot;
#[cfg(feature = "ros")]
pub mod ros;
pub mod setup;
pub mod signals;
pub mod simulation;
pub mod storage;
pub mod tasks;

pub use moto_learners::policy;
pub use moto_settings as schema;

/// The learners, by the names that the rest of this crate knows them by.
pub mod moto {
    pub use moto_learners::moto::*;
    pub use moto_learners::moto::{Moto as Learner, MotoConfig as LearnerConfig};
    pub use moto_learners::{Batch, Reward, Verdict};
}

/// The other learners.
pub mod baselines {
    pub use moto_learners::episodic;
    pub use moto_learners::episodic::{more, reps, samples};
    pub use moto_learners::gps;
    /// Movement primitives.
    pub mod dmp {
        pub use moto_learners::policy::{Demonstration, Dmp, DmpConfig, DmpError};
    }
}
