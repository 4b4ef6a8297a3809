//! A real-time robot controller that learns strokes on the robot.
//!
//! The library has two main parts. A control loop with a hard deadline applies the policy of a
//! stroke to the newest reading, through limits that fail closed. A learner improves the policy
//! between the strokes. A supervisor orders trials, stores everything, and leaves the robot safe
//! however a run ends.
//!
//! | to do this | look at |
//! |---|---|
//! | learn a task on the simulated robot | [`commands::dry_run`] |
//! | learn on your own robot | [`robot::RemoteRobot`], [`supervisor::RobotRun`] |
//! | write a task | [`tasks::Task`], with a [`robot::Plant`] and a [`control::Stroke`] |
//! | describe robot and world for Gazebo | [`gazebo::write`] |
//! | write a learner, or use one alone | the crate [`moto_learners`] |
//! | use the control loop alone | [`control::spawn`], [`control::LoopClient`] |
//! | read the files of a run | [`storage::RunView`] |
//! | read and check a configuration | [`setup::Setup`] |
//! | dynamics of a URDF tree | [`dynamics::Model`] |
//!
//! The program of the same name offers most of this on the command line, and as a ROS 2 node with
//! the feature `ros`. `examples/` has programs as a user would write them. ARCHITECTURE.md describes
//! the modules and their dependencies.
//!
//! # A swing-up, learned
//!
//! Two links hang at rest. The run makes two iterations of three trials and an update of the policy.
//! The example then reads the last trial.
//!
//! ```
//! use std::sync::Arc;
//!
//! use moto_controller::commands::{DryRunOptions, dry_run};
//! use moto_controller::supervisor::{Beginning, ConfigSource};
//! use moto_controller::storage::{RunView, files::Disk};
//!
//! let place = tempfile::tempdir()?;
//! let folder = place.path().join("run");
//! let report = dry_run(DryRunOptions {
//!     config: ConfigSource::File(concat!(env!("CARGO_MANIFEST_DIR"), "/config/double_link.yaml").into()),
//!     adjust: Box::new(|config| {
//!         (config.run.rollouts, config.run.iterations) = (3, 2);
//!         (config.run.evaluation_strokes, config.run.realtime_strokes) = (1, 0);
//!     }),
//!     realtime: false,
//!     out: Some(folder.clone()),
//!     beginning: Beginning::Demonstration,
//!     live: None,
//! })?;
//! assert!(!report.interrupted());
//!
//! let run = RunView::open(Arc::new(Disk), &folder)?;
//! let (_, last) = run.trials()?.pop().expect("six trials were stored");
//! let (stroke, meta) = run.read_trial(&last)?;
//! assert_eq!((stroke.joints, meta.iteration), (2, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod cli;
pub mod commands;
pub mod control;
pub mod dynamics;
pub mod experiment;
pub mod gazebo;
pub mod init;
pub mod live;
pub mod memory;
pub mod programs;
pub mod report;
pub mod robot;
#[cfg(feature = "ros")]
mod ros;
pub mod setup;
pub mod signals;
pub mod simulation;
pub mod storage;
pub mod supervisor;
pub mod tasks;
pub mod terminal;
pub mod view;

pub use moto_learners::policy;
