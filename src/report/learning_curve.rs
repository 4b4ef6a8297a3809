//! The learning curve as a picture.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::types::RangedCoordf64;
use plotters::data::float::FloatPrettyPrinter;
use plotters::prelude::*;

use super::IterationMetrics;

const SIZE: (u32, u32) = (900, 640);
const MEAN: RGBColor = RGBColor(31, 97, 171);
const BEST: RGBColor = RGBColor(217, 121, 30);
const SUCCESS: RGBColor = RGBColor(44, 137, 84);
const INK: RGBColor = RGBColor(60, 60, 60);
const GRID: RGBColor = RGBColor(228, 228, 228);
const FONT: &str = "sans-serif";
const NUMBER: FloatPrettyPrinter = FloatPrettyPrinter { allow_scientific: true, min_decimal: 0, max_decimal: 4 };

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the learning curve: {0}")]
pub struct DrawError(String);

type Drawing<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Panel<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The learning curve as SVG: in the upper panel the return of the rollouts against episodes (mean with one standard
/// deviation, and best), in the lower the share that succeeded. Iterations whose numbers are not finite are left out.
///
/// # Errors
/// If the drawing library fails.
pub fn learning_curve_svg(title: &str, metrics: &[IterationMetrics]) -> Result<String, DrawError> {
    let mut svg = String::new();
    draw(&mut svg, title, metrics).map_err(|e| DrawError(e.to_string()))?;
    Ok(svg)
}

fn draw(svg: &mut String, title: &str, metrics: &[IterationMetrics]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled(title, (FONT, 20).into_font().color(&INK))?;
    let (upper, lower) = root.split_vertically((60).percent_height());
    let episodes = 0.0..metrics.last().map_or(1., |m| (m.episodes as f64).max(1.));
    let points = |value: fn(&IterationMetrics) -> f64| {
        let points = metrics.iter().map(move |m| (m.episodes as f64, value(m)));
        points.filter(|(_, y)| y.is_finite()).collect::<Vec<_>>()
    };
    let (mean, best) = (points(|m| m.return_.mean), points(|m| m.return_.max));
    let spread = |m: &IterationMetrics| if m.return_std.is_finite() { m.return_std } else { 0. };
    let band = metrics.iter().filter(|m| m.return_.mean.is_finite()).collect::<Vec<_>>();
    let edge = |side: f64| move |m: &&IterationMetrics| (m.episodes as f64, m.return_.mean + side * spread(m));
    let outline: Vec<_> = band.iter().map(edge(1.)).chain(band.iter().rev().map(edge(-1.))).collect();

    let range = padded(outline.iter().chain(&best).map(|p| p.1));
    let mut panel = axes(&upper, episodes.clone(), range, "return [sum of rewards]", "", |y| NUMBER.print(*y))?;
    panel.draw_series([Polygon::new(outline, MEAN.mix(0.15))])?;
    curve(&mut panel, best, BEST, "best")?;
    curve(&mut panel, mean, MEAN, "mean ± standard deviation")?;
    panel
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, 14).into_font().color(&INK))
        .draw()?;

    let percent = |y: &f64| format!("{y:.0}");
    let mut panel = axes(&lower, episodes, 0.0..102., "successful [%]", "episodes", percent)?;
    curve(&mut panel, points(|m| 100. * m.success), SUCCESS, "success")?;
    root.present()?;
    Ok(())
}

/// The range of the values with some room; 0 to 1 if there are none.
fn padded(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    if low > high {
        return 0.0..1.;
    }
    let room = if high > low { 0.05 * (high - low) } else { 1e-3 + 0.05 * high.abs() };
    low - room..high + room
}

fn axes<'a, 'b>(
    area: &'a Drawing<'b>,
    x: Range<f64>,
    y: Range<f64>,
    y_name: &str,
    x_name: &str,
    y_label: impl Fn(&f64) -> String,
) -> Result<Panel<'a, 'b>, Box<dyn std::error::Error>>
where
    'b: 'a,
{
    let text = |size: u32| (FONT, size).into_font().color(&INK);
    let mut panel = ChartBuilder::on(area)
        .margin(10)
        .margin_right(24)
        .x_label_area_size(if x_name.is_empty() { 22 } else { 44 })
        .y_label_area_size(76)
        .build_cartesian_2d(x, y)?;
    panel
        .configure_mesh()
        .x_labels(8)
        .y_labels(6)
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&y_label)
        .label_style(text(14))
        .axis_desc_style(text(15))
        .x_desc(x_name)
        .y_desc(y_name)
        .draw()?;
    Ok(panel)
}

fn curve(
    panel: &mut Panel,
    points: Vec<(f64, f64)>,
    color: RGBColor,
    name: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let dots: Vec<_> = points.iter().map(|p| Circle::new(*p, 2, color.filled())).collect();
    panel
        .draw_series(LineSeries::new(points, color.stroke_width(2)))?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    panel.draw_series(dots)?;
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
            discarded: Vec::new(),
            guard: None,
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
