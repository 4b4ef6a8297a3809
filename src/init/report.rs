//! Report of the choices and their reasons, for people.

use std::fmt;
use std::path::PathBuf;

use super::arm::Arm;
use super::given::Posture;
use super::limits::Limits;

/// The choices of `init`, with reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Path of the written configuration.
    pub out: PathBuf,
    /// Limits that the user must fill in, by field and joint.
    pub missing: Vec<String>,
    lines: Vec<String>,
}

impl Report {
    pub(super) fn new(
        out: PathBuf,
        urdf: PathBuf,
        arm: &Arm,
        limits: &Limits,
        given: Option<&Posture>,
        first: String,
    ) -> Self {
        let joints: Vec<&str> = arm.model.joints().iter().map(|joint| joint.name.as_str()).collect();
        let mut lines = vec![
            format!("robot       {} ({})", arm.model.name(), urdf.display()),
            format!("joints      {} ({})", joints.join(", "), arm.reason),
            format!("tip         {}", arm.tip),
        ];
        lines.extend(given.map(|given| format!("start       {}", given.source())));
        lines.extend(arm.notes.iter().map(|note| format!("note        {note}")));
        lines.push(first);
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
