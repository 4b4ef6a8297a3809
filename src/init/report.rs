//! What was chosen, and why, for the person who asked.

use std::fmt;
use std::path::PathBuf;

use super::arm::Arm;
use super::limits::Limits;
use super::stroke::FirstStroke;

/// What was chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The configuration that was written.
    pub out: PathBuf,
    /// Limits to fill in before it can be used, by field and joint.
    pub missing: Vec<String>,
    lines: Vec<String>,
}

impl Report {
    pub(super) fn new(out: PathBuf, urdf: PathBuf, arm: &Arm, limits: &Limits, stroke: &FirstStroke) -> Self {
        let joints: Vec<&str> = arm.model.joints().iter().map(|joint| joint.name.as_str()).collect();
        let mut lines = vec![
            format!("robot       {} ({})", arm.model.name(), urdf.display()),
            format!("joints      {} ({})", joints.join(", "), arm.reason),
            format!("tip         {}", arm.tip),
        ];
        lines.extend(arm.notes.iter().map(|note| format!("note        {note}")));
        lines.push(format!(
            "first task  after {} s the tip is to strike through [{}] m, which the demonstration misses by {:.3} m",
            stroke.time,
            stroke.target.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            stroke.miss,
        ));
        Self { out, missing: limits.missing(), lines }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        let out = self.out.display();
        if self.missing.is_empty() {
            return writeln!(f, "\nwritten: {out}; next: moto_controller dry-run --config {out}");
        }
        writeln!(
            f,
            "\nwritten: {out}; the description lacks limits that cannot be guessed. Fill in (null in the file):"
        )?;
        for limit in &self.missing {
            writeln!(f, "  {limit}")?;
        }
        writeln!(f, "then: moto_controller dry-run --config {out}")
    }
}
