//! Colours, axes and lines of all figures.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::data::float::FloatPrettyPrinter;
use plotters::prelude::*;

/// Colours of the lines, in the order of use. They differ for people with colour blindness too.
pub const PALETTE: [RGBColor; 8] = [
    RGBColor(31, 97, 171),
    RGBColor(217, 121, 30),
    RGBColor(44, 137, 84),
    RGBColor(176, 58, 116),
    RGBColor(110, 110, 110),
    RGBColor(92, 75, 176),
    RGBColor(20, 150, 170),
    RGBColor(150, 105, 40),
];
pub const INK: RGBColor = RGBColor(60, 60, 60);
pub const GRID: RGBColor = RGBColor(228, 228, 228);
pub const FONT: &str = "sans-serif";
/// Number of ticks to aim at on an axis.
const TICKS: f64 = 6.;

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the picture: {0}")]
pub struct DrawError(String);

pub type Drawing<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub type Panel<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Ruler, Ruler>>;
pub type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

/// A picture as SVG, on white, with a title.
///
/// # Errors
/// If the drawing library fails.
pub fn svg(title: &str, size: (u32, u32), draw: impl FnOnce(&Drawing) -> Drawn<()>) -> Result<String, DrawError> {
    let mut svg = String::new();
    let result = || -> Drawn<()> {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let root = root.titled(title, (FONT, 20).into_font().color(&INK))?;
        draw(&root)?;
        root.present()?;
        Ok(())
    };
    result().map_err(|e| DrawError(e.to_string()))?;
    Ok(svg)
}

/// One axis: its range, its label and its ticks.
pub struct Axis {
    pub range: Range<f64>,
    pub name: String,
    ticks: Vec<f64>,
    label: Box<dyn Fn(f64) -> String>,
}

impl Axis {
    /// An axis with round ticks.
    pub fn linear(range: Range<f64>, name: &str) -> Self {
        let raw = (range.end - range.start) / TICKS;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1., 2., 5., 10.].map(|round| round * power).into_iter().find(|step| *step >= raw).unwrap_or(raw);
        let first = (range.start / step).ceil() as i64;
        let ticks: Vec<f64> =
            (first..).map(|i| i as f64 * step).take_while(|tick| *tick <= range.end + 1e-9 * step).collect();
        let allow_scientific = !(1e-3..1e6).contains(&step);
        let number = FloatPrettyPrinter { allow_scientific, min_decimal: 0, max_decimal: 4 };
        Self { range, name: name.into(), ticks, label: Box::new(move |value| number.print(value)) }
    }

    /// An axis of [`log_cost`]; its ticks show the negative returns.
    pub fn log_cost(range: Range<f64>, name: &str) -> Self {
        let digits: &[f64] = if range.end - range.start < 2. { &[1., 2., 5.] } else { &[1.] };
        let decades = (-range.end).floor() as i32..=(-range.start).ceil() as i32;
        let ticks = decades.flat_map(|decade| digits.iter().map(move |digit| -(digit * 10f64.powi(decade)).log10()));
        let ticks = ticks.filter(|tick| range.contains(tick)).collect();
        let label = |value: f64| format!("{}", -(10f64.powf(-value) * 1e6).round() / 1e6);
        Self { range, name: name.into(), ticks, label: Box::new(label) }
    }
}

/// A linear coordinate with the ticks of an [`Axis`].
pub struct Ruler {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Ruler {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Position of a negative return on a logarithmic axis that rises to zero.
pub fn log_cost(value: f64) -> f64 {
    -(-value).log10()
}

/// The range of the values with a margin; 0 to 1 if there are none.
pub fn padded(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    if low > high {
        return 0.0..1.;
    }
    let room = if high > low { 0.05 * (high - low) } else { 1e-3 + 0.05 * high.abs() };
    low - room..high + room
}

/// Draws the axes of a panel.
///
/// # Errors
/// If the drawing library fails.
pub fn axes<'a, 'b: 'a>(area: &'a Drawing<'b>, x: Axis, y: Axis) -> Drawn<Panel<'a, 'b>> {
    let text = |size: u32| (FONT, size).into_font().color(&INK);
    let mut panel = ChartBuilder::on(area)
        .margin(10)
        .margin_right(24)
        .x_label_area_size(if x.name.is_empty() { 22 } else { 44 })
        .y_label_area_size(76)
        .build_cartesian_2d(Ruler { range: x.range, ticks: x.ticks }, Ruler { range: y.range, ticks: y.ticks })?;
    panel
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_label_formatter(&|value| (x.label)(*value))
        .y_label_formatter(&|value| (y.label)(*value))
        .label_style(text(14))
        .axis_desc_style(text(15))
        .x_desc(x.name)
        .y_desc(y.name)
        .draw()?;
    Ok(panel)
}

/// Draws a line with its entry in the legend.
///
/// # Errors
/// If the drawing library fails.
pub fn line(panel: &mut Panel, points: Vec<(f64, f64)>, color: RGBColor, name: &str) -> Drawn<()> {
    panel
        .draw_series(LineSeries::new(points, color.stroke_width(2)))?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    Ok(())
}

/// Draws a dashed line with its entry in the legend.
///
/// # Errors
/// If the drawing library fails.
pub fn dashed_line(panel: &mut Panel, points: Vec<(f64, f64)>, color: RGBColor, name: &str) -> Drawn<()> {
    panel.draw_series(DashedLineSeries::new(points, 6, 4, color.stroke_width(2)))?.label(name).legend(move |(x, y)| {
        plotters::element::DashedPathElement::new([(x, y), (x + 18, y)], 6, 4, color.stroke_width(2))
    });
    Ok(())
}

/// Fills the area between a lower and an upper line, (x, low, high).
///
/// # Errors
/// If the drawing library fails.
pub fn band(panel: &mut Panel, edges: &[(f64, f64, f64)], color: RGBColor) -> Drawn<()> {
    let lower = edges.iter().map(|(x, low, _)| (*x, *low));
    let upper = edges.iter().rev().map(|(x, _, high)| (*x, *high));
    panel.draw_series([Polygon::new(lower.chain(upper).collect::<Vec<_>>(), color.mix(0.15))])?;
    Ok(())
}

/// Draws the legend in the lower right corner.
///
/// # Errors
/// If the drawing library fails.
pub fn legend<'a, 'b: 'a>(panel: &mut Panel<'a, 'b>) -> Drawn<()> {
    panel
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, 14).into_font().color(&INK))
        .draw()?;
    Ok(())
}
