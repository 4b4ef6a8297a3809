//! Resolves names in the settings to links, joints and entries of the policy's state.

use std::collections::BTreeMap;
use std::ops::Range;

use moto_settings::{FieldError, nearest};

use super::StrokeTaskConfig;
use crate::dynamics::{FrameId, Model};
use crate::tasks::links;

/// The robot, and the layout of the policy's state: joint positions (n), joint velocities (n),
/// observed values in the order of the settings, and context in the alphabetical order of its
/// names.
pub(super) struct Names<'a> {
    pub model: &'a Model,
    values: Vec<(&'a str, Range<usize>)>,
    /// Entries of the state that hold the observed values.
    pub observed: Range<usize>,
    /// Entries of the state that hold the trial's context.
    pub context: Range<usize>,
}

impl<'a> Names<'a> {
    pub fn new(model: &'a Model, config: &'a StrokeTaskConfig) -> Self {
        let observed = config.observe.iter().map(|value| (value.name.as_str(), value.observed().len()));
        let context = config.context.iter().map(|(name, value)| (name.as_str(), value.low.len()));
        let mut next = 2 * model.dof();
        let mut place = |(name, size)| {
            next += size;
            (name, next - size..next)
        };
        let mut values: Vec<_> = observed.map(&mut place).collect();
        values.extend(context.map(&mut place));
        let first = 2 * model.dof();
        let middle = first + config.observe.iter().map(|value| value.observed().len()).sum::<usize>();
        Self { model, values, observed: first..middle, context: middle..next }
    }

    /// The frame of a link.
    pub fn link(&self, field: &str, link: &str) -> Result<FrameId, FieldError> {
        links::link(self.model, field, link)
    }

    /// The joints of a group with their numbers (joint, number), in the order of the robot.
    pub fn joints(&self, field: &str, group: &BTreeMap<String, f64>) -> Result<Vec<(usize, f64)>, FieldError> {
        if group.is_empty() {
            return Err(FieldError::Missing { field: field.into(), expected: "a joint at least".into() });
        }
        let joints = self.model.joints();
        let mut found = vec![];
        for (name, value) in group {
            let Some(joint) = joints.iter().position(|joint| joint.name == *name) else {
                let names: Vec<&str> = joints.iter().map(|joint| joint.name.as_str()).collect();
                let hint = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean {field}.{near}?"),
                    None => format!("the joints are {}", names.join(", ")),
                };
                return Err(FieldError::Unknown { field: format!("{field}.{name}"), hint });
            };
            found.push((joint, *value));
        }
        found.sort_by_key(|(joint, _)| *joint);
        Ok(found)
    }

    /// The entries of the policy's state with this name.
    pub fn value(&self, field: &str, name: &str) -> Result<Range<usize>, FieldError> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, range)| range.clone()).ok_or_else(|| {
            let names: Vec<&str> = self.values.iter().map(|(name, _)| *name).collect();
            let hint = links::near(name, &names);
            FieldError::value(field, format!("{name:?}"), format!("a name of context or observe{hint}"))
        })
    }
}
