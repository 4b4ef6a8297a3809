//! The simulated arm, and the integrators that move it.

pub mod integrator;

mod arm;

pub use arm::{Arm, ArmConfig};
