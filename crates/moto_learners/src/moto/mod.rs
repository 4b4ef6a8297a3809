//! MOTO (Akrour et al. 2018) refits a quadratic Q-function per step and solves a policy update with
//! exact KL and entropy constraints. The module uses no threads but rayon's over steps, no input or
//! output, and no clock but for the reported times: same input, same bits.

mod band;
mod bisection;
mod cholesky;
mod config;
mod control_variate;
mod density;
mod error;
mod forecast;
mod guard;
mod importance;
mod kernel;
mod learner;
mod plan;
mod reflector;
mod regression;
mod report;
mod ridge;
mod spare;
mod states;
mod step_fit;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod theory;
mod triangle;
mod trust_region;
mod update;
mod vector_outcomes;

pub use crate::quadratic::{Quadratic, StateDistribution, backup};
pub use config::{
    FirstStates, ForecastConfig, GuardConfig, MotoConfig, Outcomes, Reuse, Ridge, StateDiagonal, StateScales, Targets,
    TrustRegion,
};
pub use error::MotoError;
pub use guard::ReturnSummary;
pub use learner::Moto;
pub(crate) use regression::Design;
pub use report::{IterationReport, StageSeconds, StepReport};
pub use theory::{StepOutcome, expected_advantage};
pub use trust_region::multipliers;
pub use update::StepUpdate;
