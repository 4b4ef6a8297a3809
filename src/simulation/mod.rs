//! The simulated arm, the integrators that move it, and the driver before it.

pub mod integrator;

mod arm;
mod driver;
mod period;

pub use arm::{Arm, ArmConfig};
pub use driver::Driver;
pub use period::physics_period;
