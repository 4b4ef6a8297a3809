//! Guided policy search, the trajectory-optimisation part (Levine and Abbeel 2014, "Learning Neural
//! Network Policies with Guided Policy Search under Unknown Dynamics", sections 3 and 4).
//!
//! An iteration has three parts:
//! - It fits linear-Gaussian dynamics to the rollouts of each step under a normal-inverse-Wishart
//!   prior ([`LinearDynamics`], [`NormalInverseWishart`]). A Gaussian mixture over the transitions
//!   of all steps may give the prior ([`Mixture`]).
//! - It expands the reward to second order around the mean trajectory.
//! - It maximises the expected return under that model, with a bound on the KL of the new from the
//!   old trajectory distribution. LQR backward passes run inside a one-dimensional search over the
//!   bound's multiplier.
//!
//! The bound adapts to the ratio between the last prediction and the improvement that followed.
//! Same input gives same bits, at any number of threads.

mod config;
mod dynamics;
mod error;
mod gaussians;
mod kmeans;
mod learner;
mod mixture;
mod prior;
mod report;
mod step_size;
#[cfg(test)]
mod tests;

pub use crate::planning::{LinearDynamics, PlanError};
pub use config::{GpsConfig, MixtureConfig, StepSizeConfig};
pub use error::GpsError;
pub use learner::Gps;
pub use mixture::Mixture;
pub use prior::NormalInverseWishart;
pub use report::{GpsReport, GpsStepReport};
