//! The learning curve as a picture.

use plotters::prelude::*;

use super::IterationMetrics;
use super::panel::{Axis, DrawError, Drawing, Drawn, PALETTE, Panel, axes, band, legend, line, padded, svg};

const SIZE: (u32, u32) = (900, 640);
const MEAN: RGBColor = PALETTE[0];
const BEST: RGBColor = PALETTE[1];
const SUCCESS: RGBColor = PALETTE[2];

/// The learning curve as SVG, against episodes. The upper panel has the return of the rollouts
/// (mean with one standard deviation, and best), the lower panel the share that succeeded.
/// Iterations with non-finite numbers are left out.
///
/// # Errors
/// If the drawing library fails.
pub fn learning_curve_svg(title: &str, metrics: &[IterationMetrics]) -> Result<String, DrawError> {
    svg(title, SIZE, |root| draw(root, metrics))
}

fn draw(root: &Drawing, metrics: &[IterationMetrics]) -> Drawn<()> {
    let (upper, lower) = root.split_vertically((60).percent_height());
    let episodes = 0.0..metrics.last().map_or(1., |m| (m.episodes as f64).max(1.));
    let points = |value: fn(&IterationMetrics) -> f64| {
        let points = metrics.iter().map(move |m| (m.episodes as f64, value(m)));
        points.filter(|(_, y)| y.is_finite()).collect::<Vec<_>>()
    };
    let (mean, best) = (points(|m| m.return_.mean), points(|m| m.return_.max));
    let spread = |m: &IterationMetrics| if m.return_std.is_finite() { m.return_std } else { 0. };
    let edges = |m: &IterationMetrics| (m.episodes as f64, m.return_.mean - spread(m), m.return_.mean + spread(m));
    let edges: Vec<_> = metrics.iter().filter(|m| m.return_.mean.is_finite()).map(edges).collect();

    let range = padded(edges.iter().flat_map(|e| [e.1, e.2]).chain(best.iter().map(|p| p.1)));
    let x = Axis::linear(episodes.clone(), "");
    let mut panel = axes(&upper, x, Axis::linear(range, "return [sum of rewards]"))?;
    band(&mut panel, &edges, MEAN)?;
    curve(&mut panel, best, BEST, "best")?;
    curve(&mut panel, mean, MEAN, "mean ± standard deviation")?;
    legend(&mut panel)?;

    let x = Axis::linear(episodes, "episodes");
    let mut panel = axes(&lower, x, Axis::linear(0.0..102., "successful [%]"))?;
    curve(&mut panel, points(|m| 100. * m.success), SUCCESS, "success")
}

/// A line with a dot per iteration.
fn curve(panel: &mut Panel, points: Vec<(f64, f64)>, color: RGBColor, name: &str) -> Drawn<()> {
    line(panel, points.clone(), color, name)?;
    panel.draw_series(points.into_iter().map(|point| Circle::new(point, 2, color.filled())))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{PerStep, Summary, Timing};

    fn line(iteration: u64, mean: f64, success: f64) -> IterationMetrics {
        let steps = PerStep::default();
        IterationMetrics {
            iteration,
            episodes: 20 * iteration,
            return_: Summary { mean, min: mean - 2., max: mean + 1. },
            return_std: 0.5,
            success,
            distance: None,
            clipped_share: 0.,
            predicted_improvement: None,
            measured_improvement: None,
            summary: steps.summary(),
            steps,
            broken_off: 0,
            discarded: Vec::new(),
            guard: None,
            remark: None,
            timing: Timing::default(),
        }
    }

    #[test]
    fn draws_a_dot_per_finite_number_and_names_the_axes() {
        let metrics = [line(1, -3., 0.1), line(2, f64::NAN, 0.5), line(3, -1., 0.9)];
        let svg = learning_curve_svg("a robot's strokes", &metrics).unwrap();
        // Two iterations with a mean and a best return, three with a success.
        assert_eq!(svg.matches("<circle").count(), 2 + 2 + 3);
        for text in ["a robot", "return [sum of rewards]", "successful [%]", "episodes", "best", "standard deviation"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn draws_a_run_without_iterations_and_one_without_spread() {
        assert!(learning_curve_svg("empty", &[]).unwrap().ends_with("</svg>\n"));
        let flat = learning_curve_svg("flat", &[line(1, f64::INFINITY, f64::NAN), line(2, 0., 0.)]).unwrap();
        assert_eq!(flat.matches("<circle").count(), 3);
    }
}
