//! What a run tells its user: the metrics of each iteration, and the learning curve.

mod learning_curve;
mod metrics;

pub use learning_curve::{DrawError, learning_curve_svg};
pub use metrics::{DiscardedTrial, GuardDecision, IterationMetrics, PerStep, Summary, Timing};
