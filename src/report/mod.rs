//! Output for the user of a run or an experiment: the metrics of each iteration, and figures.

mod comparison;
mod latency_histogram;
mod learning_curve;
mod metrics;
mod motion;
mod panel;

pub use comparison::{ComparisonCurve, ComparisonPanel, comparison_svg};
pub use latency_histogram::latency_histogram_svg;
pub use learning_curve::learning_curve_svg;
pub use metrics::{DiscardedTrial, GuardDecision, IterationMetrics, PerStep, Summary, Timing};
pub use motion::{SwingMotion, motion_svg};
pub use panel::DrawError;
