//! What the page of an experiment shows.

use serde::Serialize;

use crate::report::ComparisonPanel;
use crate::report::comparison::interval;

/// An experiment, as the page's data.
#[derive(Clone, Debug, Serialize)]
pub struct ExperimentPage {
    /// What is compared.
    pub title: String,
    /// The command line.
    pub command_line: Vec<String>,
    /// Text of the configuration.
    pub config: String,
    /// The statistics as a table of fixed width.
    pub table: String,
    /// The curves.
    pub panels: Vec<PagePanel>,
    /// Pictures of motions, as SVG; empty if there are none.
    pub motions: String,
}

/// Curves that share their axes.
#[derive(Clone, Debug, Serialize)]
pub struct PagePanel {
    title: String,
    value: String,
    across: String,
    curves: Vec<PageCurve>,
}

/// Mean and 95 % confidence interval over the seeds.
#[derive(Clone, Debug, Serialize)]
struct PageCurve {
    label: String,
    /// Episodes, mean, lower and upper end.
    points: Vec<(f64, f64, f64, f64)>,
}

impl From<&ComparisonPanel> for PagePanel {
    fn from(panel: &ComparisonPanel) -> Self {
        let curves = panel.curves.iter().map(|curve| PageCurve {
            label: curve.label.clone(),
            points: (0..curve.episodes.len()).filter_map(|point| interval(curve, point, |y| y)).collect(),
        });
        Self {
            title: panel.title.clone(),
            value: panel.value.clone(),
            across: panel.across.clone(),
            curves: curves.collect(),
        }
    }
}
