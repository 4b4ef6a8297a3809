//! Output for the user of a run or an experiment: the metrics of each iteration, and figures.

mod comparison;
mod latency_histogram;
mod learning_curve;
mod metrics;
mod motion;
pub mod page;
mod panel;

pub(crate) use comparison::{ComparisonCurve, ComparisonPanel, comparison_svg};
pub(crate) use latency_histogram::latency_histogram_svg;
pub(crate) use learning_curve::learning_curve_svg;
pub use metrics::{DiscardedTrial, GuardDecision, IterationMetrics, PerStep, Summary, Timing};
pub(crate) use motion::{SwingMotion, motion_svg};
pub use panel::DrawError;
