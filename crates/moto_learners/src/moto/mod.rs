//! MOTO (Akrour et al. 2018) refits a quadratic Q-function per step and solves a policy update with
//! exact KL and entropy constraints. The module uses no threads but rayon's over steps, no input or
//! output, and no clock but for the reported times: same input, same bits.

mod band;
mod columns;
mod config;
mod control_variate;
mod density;
mod error;
mod forecast;
mod guard;
mod importance;
mod kernel;
mod learner;
mod quadratic;
mod reflector;
mod regression;
mod report;
mod ridge;
mod state_distribution;
mod step_fit;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod theory;
mod triangle;
mod trust_region;
mod update;
mod value;
mod vector_outcomes;

pub(crate) use columns::Columns;
pub use config::{
    FirstStates, ForecastConfig, GuardConfig, MotoConfig, Outcomes, Reuse, Ridge, StateDiagonal, StateScales, Targets,
    TrustRegion,
};
pub use error::MotoError;
pub use guard::ReturnSummary;
pub use learner::Moto;
pub use quadratic::Quadratic;
pub(crate) use regression::Design;
pub use report::{IterationReport, StageSeconds, StepReport};
pub use state_distribution::StateDistribution;
pub use theory::{StepOutcome, expected_advantage};
pub use trust_region::multipliers;
pub use update::StepUpdate;
pub(crate) use value::QBlocks;
pub use value::backup;
