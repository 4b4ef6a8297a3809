//! The figure of an experiment: methods side by side.

use plotters::prelude::*;

use super::panel::{
    Axis, DrawError, Drawing, Drawn, FONT, INK, PALETTE, axes, band, dashed_line, legend, line, log_cost, padded, svg,
};

const PANEL: (u32, u32) = (900, 420);
/// A panel whose returns are all negative and span more than this factor is drawn with a
/// logarithmic axis.
const SPAN: f64 = 8.;

/// A line with its band.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonCurve {
    /// Name in the legend.
    pub label: String,
    /// Colour, as an index into the figure's.
    pub color: usize,
    /// Whether the line is dashed.
    pub dashed: bool,
    /// Number of episodes at each point.
    pub episodes: Vec<f64>,
    /// Values of each seed at each point (seed, point); non-finite values are left out.
    pub values: Vec<Vec<f64>>,
}

/// Curves that share their axes.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonPanel {
    /// Title of the panel; empty if the figure's title is enough.
    pub title: String,
    /// The quantity on the vertical axis.
    pub value: String,
    /// What the horizontal axis counts.
    pub across: String,
    /// The curves.
    pub curves: Vec<ComparisonCurve>,
}

/// The curves as SVG, one panel below the other, against episodes: mean over the seeds with its 95
/// % confidence band. With few seeds the band is cut off at the best and the worst seed. If all
/// values are negative and span decades, the axis is logarithmic, and mean and band are computed on
/// the logarithms.
///
/// # Errors
/// If the drawing library fails.
pub fn comparison_svg(title: &str, panels: &[ComparisonPanel]) -> Result<String, DrawError> {
    let rows = panels.len().max(1);
    svg(title, (PANEL.0, PANEL.1 * rows as u32 + 30), |root| {
        let areas = root.split_evenly((rows, 1));
        panels.iter().zip(&areas).try_for_each(|(panel, area)| draw(area, panel))
    })
}

fn draw(area: &Drawing, panel: &ComparisonPanel) -> Drawn<()> {
    let titled;
    let area = if panel.title.is_empty() {
        area
    } else {
        titled = area.titled(&panel.title, (FONT, 16).into_font().color(&INK))?;
        &titled
    };
    let values = || panel.curves.iter().flat_map(|c| c.values.iter().flatten()).copied().filter(|y| y.is_finite());
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    let logarithmic = high < 0. && low / high > SPAN;
    let scale = |y: f64| if logarithmic { log_cost(y) } else { y };
    let bands: Vec<Vec<(f64, f64, f64, f64)>> =
        panel.curves.iter().map(|c| (0..c.episodes.len()).filter_map(|i| interval(c, i, scale)).collect()).collect();
    let range = padded(bands.iter().flatten().flat_map(|p| [p.2, p.3]));
    let end = panel.curves.iter().filter_map(|c| c.episodes.last()).fold(1f64, |a, b| a.max(*b));
    let y = if logarithmic { Axis::log_cost(range, &panel.value) } else { Axis::linear(range, &panel.value) };
    let mut chart = axes(area, Axis::linear(0.0..end, &panel.across), y)?;
    let color = |curve: &ComparisonCurve| PALETTE[curve.color % PALETTE.len()];
    for (curve, points) in panel.curves.iter().zip(&bands) {
        band(&mut chart, &points.iter().map(|p| (p.0, p.2, p.3)).collect::<Vec<_>>(), color(curve))?;
    }
    for (curve, points) in panel.curves.iter().zip(&bands) {
        let draw = if curve.dashed { dashed_line } else { line };
        draw(&mut chart, points.iter().map(|p| (p.0, p.1)).collect(), color(curve), &curve.label)?;
    }
    legend(&mut chart)
}

/// Episodes, mean over the seeds, and ends of its 95 % confidence interval (Student's t) at a
/// point.
pub fn interval(curve: &ComparisonCurve, point: usize, scale: impl Fn(f64) -> f64) -> Option<(f64, f64, f64, f64)> {
    let values: Vec<f64> =
        curve.values.iter().filter_map(|seed| seed.get(point)).map(|y| scale(*y)).filter(|y| y.is_finite()).collect();
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n.max(2) - 1) as f64;
    let half = quantile(n) * (variance / n as f64).sqrt();
    let (worst, best) = values.iter().fold((mean, mean), |(l, h), y| (l.min(*y), h.max(*y)));
    Some((curve.episodes[point], mean, (mean - half).max(worst), (mean + half).min(best)))
}

/// The 97.5 % quantile of Student's t for `n` values; 0 for a single value, which has no confidence
/// interval.
fn quantile(n: usize) -> f64 {
    const TABLE: [f64; 20] = [
        0., 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093,
    ];
    match n {
        0 => 0.,
        n => TABLE.get(n - 1).copied().unwrap_or(1.96 + 2.6 / (n - 1) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: Vec<Vec<f64>>) -> ComparisonCurve {
        let episodes = (1..=values[0].len()).map(|i| 20. * i as f64).collect();
        ComparisonCurve { label: "MOTO".into(), color: 0, dashed: false, episodes, values }
    }

    #[test]
    fn the_band_is_the_confidence_interval_of_the_mean() {
        let values: Vec<_> = [-1., -2., -3., -4., -5.].map(|value| vec![value]).into();
        let (_, mean, low, high) = interval(&curve(values), 0, |y| y).unwrap();
        let half = 2.776 * (2.5f64 / 5.).sqrt();
        assert!((mean + 3.).abs() < 1e-12 && (high - mean - half).abs() < 1e-12 && (mean - low - half).abs() < 1e-12);
        let few = interval(&curve(vec![vec![-1.], vec![-2.]]), 0, |y| y).unwrap();
        assert_eq!(few, (20., -1.5, -2., -1.));
        let single = interval(&curve(vec![vec![-1.], vec![f64::NAN]]), 0, |y| y).unwrap();
        assert_eq!(single, (20., -1., -1., -1.));
        assert!(interval(&curve(vec![vec![f64::NAN]]), 0, |y| y).is_none());
    }

    #[test]
    fn returns_over_decades_get_a_logarithmic_axis() {
        let panel = |values| ComparisonPanel {
            title: String::new(),
            value: "return".into(),
            across: "episodes of 100 steps".into(),
            curves: vec![curve(vec![values])],
        };
        let wide = comparison_svg("wide", &[panel(vec![-1000., -30., -0.5])]).unwrap();
        for tick in [">\n-1000\n<", ">\n-100\n<", ">\n-10\n<", ">\n-1\n<"] {
            assert!(wide.contains(tick), "{tick} is missing");
        }
        let narrow = comparison_svg("narrow", &[panel(vec![-30., -20., -10.])]).unwrap();
        assert!(narrow.contains(">\n-25\n<") && narrow.contains(">\n-15\n<"));
        assert!(narrow.contains("MOTO") && narrow.contains("episodes of 100 steps") && narrow.contains("narrow"));
    }
}
