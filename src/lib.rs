//! A real-time robot controller that learns strokes on the robot.
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod baselines;
pub mod cli;
pub mod control;
pub mod daemon;
pub mod dynamics;
pub mod experiment;
pub mod moto;
pub mod policy;
pub mod report;
pub mod robot;
#[cfg(feature = "ros")]
pub mod ros;
pub mod signals;
pub mod simulation;
pub mod storage;
pub mod tasks;
