//! Links of the robot description, by the names in a task's settings.

use moto_settings::{FieldError, nearest};

use crate::dynamics::{FrameId, Model};

/// The frame of the link that `field` names.
///
/// # Errors
/// The robot has no such link; the error names the nearest one.
pub(super) fn link(model: &Model, field: &str, name: &str) -> Result<FrameId, FieldError> {
    model.frame(name).ok_or_else(|| {
        let links: Vec<&str> = model.links().collect();
        FieldError::value(field, format!("{name:?}"), format!("a link of the robot description{}", near(name, &links)))
    })
}

/// The nearest name, or all names, as the end of a sentence.
pub(super) fn near(wrong: &str, names: &[&str]) -> String {
    match nearest(wrong, names.iter().copied()) {
        Some(near) => format!(" (did you mean {near}?)"),
        None if names.is_empty() => " (there is none)".into(),
        None => format!(" (there are {})", names.join(", ")),
    }
}
