//! The fault campaign: whatever breaks, the command stays within the limits, the robot gets into its safe state within the cycles
//! stated, the message names the cause, and nothing that was recorded is lost. Each test prints rows of a table:
//!
//! ```sh
//! cargo test --release --test fault_campaign -- --nocapture --test-threads 1 | grep '^|'
//! MOTO_FAULTS=35 cargo test ...       # as many times the injections: 1,000 kills and more
//! ```
//!
//! Seeded, on the simulated clock wherever there is one. What a learner does wrong is tried within the crate
//! (`src/supervisor/learning/faults.rs`), where it can be put in the sound one's place.
#![cfg(target_os = "linux")]

#[path = "../control_support/mod.rs"]
mod control_support;
#[path = "../dry_run_support/mod.rs"]
mod dry_run_support;

mod disk;
mod files;
mod flight;
mod hanging_disk;
mod law;
mod readings;
mod sending;
mod signals;
mod table;
mod timing;
