//! The simulated arm, the integrators that move it, the driver and the delay before it, and a hand that leads it.

pub mod integrator;

mod arm;
mod delay;
mod driver;
mod hand;
mod period;

pub use arm::{Arm, ArmConfig};
pub use delay::Delayed;
pub use driver::Driver;
pub use hand::{Hand, Motion};
pub use period::physics_period;
