//! Planning of a whole trajectory under a local model (Levine and Abbeel 2014, section 3):
//! linear-Gaussian dynamics, an expansion of the reward around the mean trajectory, and LQR backward
//! passes in a one-dimensional search over the multiplier of the trajectory's KL.

mod dynamics;
mod error;
mod expansion;
mod lqr;
mod model;
#[cfg(test)]
mod tests;
mod trust_region;

pub use dynamics::LinearDynamics;
pub use error::PlanError;
pub(crate) use model::{Model, spreads, transitions};
pub(crate) use trust_region::constrained_update;
