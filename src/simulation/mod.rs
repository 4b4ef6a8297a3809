//! The simulated arm, the integrators that move it, the driver before it, and a hand that leads it.

pub mod integrator;

mod arm;
mod driver;
mod hand;
mod period;

pub use arm::{Arm, ArmConfig};
pub use driver::Driver;
pub use hand::{Hand, Motion};
pub use period::physics_period;
