//! Histograms of latency as a picture. Both axes are logarithmic, because rare and long delays
//! matter most.

use plotters::prelude::*;

use super::panel::{DrawError, Drawing, Drawn, FONT, GRID, INK, PALETTE, svg};

const SIZE: (u32, u32) = (900, 480);

/// One curve per condition as SVG: cycles against the upper edge of their bin, us.
///
/// # Errors
/// If the drawing library fails.
pub fn latency_histogram_svg(title: &str, curves: &[(&str, Vec<(f64, u64)>)]) -> Result<String, DrawError> {
    svg(title, SIZE, |root| draw(root, curves))
}

fn draw(root: &Drawing, curves: &[(&str, Vec<(f64, u64)>)]) -> Drawn<()> {
    let bins = || curves.iter().flat_map(|(_, bins)| bins).filter(|(edge, count)| *edge > 0. && *count > 0);
    let longest = bins().map(|(edge, _)| *edge).fold(10., f64::max);
    let most = bins().map(|(_, count)| *count).max().unwrap_or(1);
    let mut chart = ChartBuilder::on(root)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d((1.0..2. * longest).log_scale(), (0.5..2. * most as f64).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("microseconds")
        .y_desc("control cycles")
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style((FONT, 13).into_font().color(&INK))
        .draw()?;
    for ((name, bins), colour) in curves.iter().zip(PALETTE) {
        // Each bin is a step at the height of its count, from its lower to its upper edge.
        let mut steps = Vec::new();
        let mut from = 1.;
        for (edge, count) in bins.iter().filter(|(edge, _)| *edge > 1.) {
            let height = (*count as f64).max(0.5);
            steps.extend([(from, height), (*edge, height)]);
            from = *edge;
        }
        let legend = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
        chart.draw_series([PathElement::new(steps, colour.stroke_width(2))])?.label(*name).legend(legend);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, 14).into_font().color(&INK))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_every_condition_also_where_nothing_was_measured() {
        let idle = vec![(2., 10), (4., 1000), (8., 0), (5000., 1)];
        let svg = latency_histogram_svg("Lateness", &[("idle", idle), ("loaded", Vec::new())]).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("idle") && svg.contains("loaded") && !svg.contains("NaN"));
    }
}
