//! A swing-up as a strip of stick figures.

use plotters::prelude::*;
use serde::{Deserialize, Serialize};

use super::panel::{DrawError, Drawing, Drawn, FONT, GRID, INK, PALETTE, svg};

const FIGURES: usize = 12;
const COLUMN: u32 = 110;
const ROW: u32 = 128;

/// Motion of a planar chain of links of equal length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwingMotion {
    /// Time from one entry of `angles` to the next, s.
    pub step: f64,
    /// Relative joint angles, 0 upright, rad (time, joint).
    pub angles: Vec<Vec<f64>>,
}

impl SwingMotion {
    /// Ending of the file names of motions.
    pub const ENDING: &'static str = "motion.json";

    /// Ends of the links at an entry, from the base, in link lengths (x to the right, y up).
    pub fn joints(&self, entry: usize) -> Vec<(f64, f64)> {
        let mut joints = vec![(0., 0.)];
        let (mut x, mut y, mut angle) = (0., 0., 0.);
        for turn in &self.angles[entry] {
            angle += turn;
            x -= f64::sin(angle);
            y += f64::cos(angle);
            joints.push((x, y));
        }
        joints
    }
}

/// Motions as SVG, one row each. The row shows the chain at equally spaced times. Lighter lines
/// before each show the positions that led there.
///
/// # Errors
/// If the drawing library fails.
pub fn motion_svg(title: &str, motions: &[(String, SwingMotion)]) -> Result<String, DrawError> {
    let rows = motions.len().max(1);
    svg(title, (COLUMN * FIGURES as u32 + 20, (ROW + 24) * rows as u32 + 36), |root| {
        let areas = root.split_evenly((rows, 1));
        motions.iter().zip(&areas).enumerate().try_for_each(|(i, ((label, motion), area))| {
            let area = area.titled(label, (FONT, 15).into_font().color(&INK))?;
            strip(&area, motion, PALETTE[i % PALETTE.len()])
        })
    })
}

fn strip(area: &Drawing, motion: &SwingMotion, color: RGBColor) -> Drawn<()> {
    let last = motion.angles.len().saturating_sub(1);
    let cells = area.split_evenly((1, FIGURES));
    let apart = last as f64 / (FIGURES - 1) as f64;
    let joints = motion.angles.first().map_or(1, Vec::len);
    for (i, cell) in cells.iter().enumerate() {
        let entry = (i as f64 * apart).round() as usize;
        if entry > last || motion.angles.is_empty() {
            break;
        }
        let (width, height) = cell.dim_in_pixel();
        let centre = (width as i32 / 2, (height as i32 - 18) / 2);
        let scale = f64::from(centre.0.min(centre.1) - 4) / joints as f64;
        let place = |(x, y): (f64, f64)| (centre.0 + (x * scale).round() as i32, centre.1 - (y * scale).round() as i32);
        let reach = (joints as f64 * scale) as i32;
        cell.draw(&Circle::new(centre, reach, GRID))?;
        // The motion since the previous figure, as a fading trail.
        let since = entry.saturating_sub(apart as usize);
        for trail in (since..entry).step_by(2) {
            let fade = 0.06 + 0.24 * (trail - since) as f64 / apart.max(1.);
            let points: Vec<_> = motion.joints(trail).into_iter().map(place).collect();
            cell.draw(&PathElement::new(points, color.mix(fade).stroke_width(2)))?;
        }
        let points: Vec<_> = motion.joints(entry).into_iter().map(place).collect();
        for point in &points {
            cell.draw(&Circle::new(*point, 3, color.filled()))?;
        }
        cell.draw(&PathElement::new(points, color.stroke_width(3)))?;
        let time = format!("{:.1} s", entry as f64 * motion.step);
        let style = (FONT, 13).into_font().color(&INK);
        let (text_width, _) = cell.estimate_text_size(&time, &style)?;
        cell.draw_text(&time, &style, (centre.0 - text_width as i32 / 2, height as i32 - 16))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn near(a: (f64, f64), b: (f64, f64)) -> bool {
        (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12
    }

    #[test]
    fn a_chain_hangs_at_pi_and_stands_at_zero() {
        let motion = SwingMotion { step: 0.05, angles: vec![vec![PI, 0.], vec![PI / 2., -PI / 2.], vec![0., 0.]] };
        assert!(near(motion.joints(0)[2], (0., -2.)));
        assert!(near(motion.joints(1)[1], (-1., 0.)) && near(motion.joints(1)[2], (-1., 1.)));
        assert!(near(motion.joints(2)[2], (0., 2.)));
    }

    #[test]
    fn draws_a_figure_per_time_and_survives_an_empty_motion() {
        let angles = (0..=100).map(|i| vec![PI * (1. - f64::from(i) / 100.), 0.]).collect();
        let picture = motion_svg("swing-up", &[("MOTO".into(), SwingMotion { step: 0.05, angles })]).unwrap();
        for text in ["0.0 s", "5.0 s", "MOTO", "swing-up"] {
            assert!(picture.contains(text), "{text} is missing");
        }
        assert!(picture.matches("<polyline").count() > FIGURES);
        assert!(motion_svg("none", &[("empty".into(), SwingMotion { step: 0.05, angles: vec![] })]).is_ok());
    }
}
