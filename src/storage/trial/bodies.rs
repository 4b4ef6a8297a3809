//! Observed bodies as messages of their own, for the eye: what is read back is `/moto/task`.

use std::time::Duration;

use super::*;
use crate::storage::messages::PoseStamped;

/// A body that the task observes.
pub(super) struct Body<'a> {
    pub topic: String,
    /// Its velocity is observed too.
    pub moves: bool,
    observed: &'a Observed,
    /// Its first number among the task's values.
    first: usize,
}

/// The bodies that a trial's task observes.
pub(super) fn bodies(meta: &TrialMeta) -> Vec<Body<'_>> {
    let mut first = 0;
    let mut bodies = vec![];
    for observed in &meta.observed {
        if !matches!(observed.form, Form::Values(_)) {
            let topic = format!("/{}", observed.name);
            bodies.push(Body { topic, moves: observed.form == Form::Odometry, observed, first });
        }
        first += observed.len();
    }
    bodies
}

impl Body<'_> {
    /// Writes the body as observed in one of the rows of the task's values.
    pub fn write(&self, row: &[f64], wall: Duration, bytes: &mut Vec<u8>) -> Result<(), cdr_encoding::Error> {
        let header = Header::new(wall, &self.observed.frame);
        let axes = |at: usize| [row[at], row[at + 1], row[at + 2]];
        if self.moves {
            Odometry::new(header, &self.observed.name, axes(self.first), axes(self.first + 3)).write_cdr(bytes)
        } else {
            PoseStamped::new(header, axes(self.first)).write_cdr(bytes)
        }
    }
}
