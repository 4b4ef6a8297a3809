//! Methods that the learner is compared with.

pub mod dmp;
pub mod episodic;
pub mod more;
pub mod reps;
pub mod samples;
