//! The error that a term or a condition measures: the difference of a value of the state from its
//! target.

use std::ops::Range;

use moto_settings::FieldError;
use nalgebra::{Isometry3, Point3, Vector3};

use super::config::{Measured, Posture, Target};
use super::names::Names;
use crate::dynamics::{FrameId, Model};

/// The target of a value.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// Constant numbers.
    Given(Vec<f64>),
    /// Entries of the policy's state.
    State(Range<usize>),
}

impl Wanted {
    fn of<'a>(&'a self, state: &'a [f64]) -> &'a [f64] {
        match self {
            Self::Given(numbers) => numbers,
            Self::State(range) => &state[range.clone()],
        }
    }
}

/// The quantity compared with the target.
#[derive(Clone, Debug, PartialEq)]
enum Quantity {
    Position {
        frame: FrameId,
        point: Point3<f64>,
    },
    Velocity {
        frame: FrameId,
        point: Point3<f64>,
    },
    Direction {
        frame: FrameId,
        axis: Vector3<f64>,
    },
    /// Entries of the policy's state.
    Entries(Vec<usize>),
}

/// The error of a value of the state from its target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measure {
    quantity: Quantity,
    wanted: Wanted,
}

impl Measure {
    /// The measure of the settings under `field`; `None` if they measure nothing.
    ///
    /// # Errors
    /// Unknown names, two measured values, or numbers that do not fit.
    pub fn new(names: &Names<'_>, rest: &[f64], field: &str, config: &Measured) -> Result<Option<Self>, FieldError> {
        let of_link = [
            ("position", config.position.is_some()),
            ("velocity", config.velocity.is_some()),
            ("direction", config.direction.is_some()),
        ];
        let of_others = [
            ("joints", config.joints.is_some()),
            ("joint_velocities", config.joint_velocities.is_some()),
            ("observed", config.observed.is_some()),
        ];
        let given: Vec<&str> =
            of_link.iter().chain(&of_others).filter(|(_, given)| *given).map(|(it, _)| *it).collect();
        if given.len() > 1 {
            let found = given.join(" and ");
            return Err(FieldError::value(field, found, "one of them: make a term of each"));
        }
        let needs = |what: &str, missing: &str, expected: &str| FieldError::Missing {
            field: format!("{field}.{missing}"),
            expected: format!("{expected}, as {what} is given"),
        };
        let with =
            [("link", config.link.is_some()), ("point", config.point.is_some()), ("axis", config.axis.is_some())];
        let none_of_a_link = !of_link.iter().any(|(_, given)| *given);
        if let Some((what, _)) = with.iter().find(|(_, given)| *given && none_of_a_link) {
            return Err(needs(what, "position", "a position, velocity or direction"));
        }
        if config.value.is_some() && config.observed.is_none() {
            return Err(needs("value", "observed", "the name of a value of observe or context"));
        }
        if config.axis.is_some() && config.direction.is_none() {
            return Err(needs("axis", "direction", "the direction it is to have"));
        }
        if config.point.is_some() && config.direction.is_some() {
            return Err(FieldError::value(format!("{field}.point"), "given", "none: a direction has no point"));
        }
        let Some(&what) = given.first() else { return Ok(None) };
        let frame = || {
            let link = config.link.as_deref().ok_or_else(|| needs(what, "link", "the name of a link"))?;
            names.link(&format!("{field}.link"), link)
        };
        let point = Point3::from(config.point.unwrap_or_default());
        let wanted = |target: &Target, count| wanted(names, &format!("{field}.{what}"), target, count);
        let measure = if let Some(target) = &config.position {
            Self { quantity: Quantity::Position { frame: frame()?, point }, wanted: wanted(target, 3)? }
        } else if let Some(target) = &config.velocity {
            Self { quantity: Quantity::Velocity { frame: frame()?, point }, wanted: wanted(target, 3)? }
        } else if let Some(target) = &config.direction {
            let axis = config.axis.ok_or_else(|| needs(what, "axis", "the axis of the link"))?;
            let axis = unit(&format!("{field}.axis"), &axis)?;
            let mut wanted = wanted(target, 3)?;
            if let Wanted::Given(direction) = &mut wanted {
                *direction = unit(&format!("{field}.direction"), direction)?.as_slice().into();
            }
            Self { quantity: Quantity::Direction { frame: frame()?, axis }, wanted }
        } else if let Some(posture) = &config.joints {
            entries(names, &format!("{field}.joints"), posture, 0, rest)?
        } else if let Some(posture) = &config.joint_velocities {
            let n = names.model.dof();
            entries(names, &format!("{field}.joint_velocities"), posture, n, &vec![0.; n])?
        } else {
            // Only an observed value is left.
            let name = config.observed.as_deref().unwrap_or_default();
            let range = names.value(&format!("{field}.observed"), name)?;
            let target = config.value.as_ref().ok_or_else(|| needs(what, "value", "what it is to be"))?;
            let wanted = self::wanted(names, &format!("{field}.value"), target, range.len())?;
            Self { quantity: Quantity::Entries(range.collect()), wanted }
        };
        Ok(Some(measure))
    }

    /// Number of entries of the error.
    pub fn dim(&self) -> usize {
        if let Quantity::Entries(entries) = &self.quantity { entries.len() } else { 3 }
    }

    /// For the position of a link: its target and where it is in a state (state), m in the world.
    pub fn place(&self, model: &Model, state: &[f64]) -> Option<(Vector3<f64>, Vector3<f64>)> {
        matches!(self.quantity, Quantity::Position { .. }).then(|| {
            let target = Vector3::from_column_slice(self.wanted.of(state));
            (target, target + Vector3::from_column_slice(&self.error(model, state)))
        })
    }

    /// The error in a state (state): value minus target.
    pub fn error(&self, model: &Model, state: &[f64]) -> Vec<f64> {
        let wanted = self.wanted.of(state);
        let minus = |found: Vector3<f64>, wanted: Vector3<f64>| (found - wanted).as_slice().to_vec();
        let kinematics = || {
            let (n, mut workspace) = (model.dof(), model.workspace());
            model.kinematics(&mut workspace, &state[..n], &state[n..2 * n]);
            workspace
        };
        match &self.quantity {
            Quantity::Position { frame, point } => {
                let pose: Isometry3<f64> = model.pose(&kinematics(), *frame);
                minus((pose * point).coords, Vector3::from_column_slice(wanted))
            }
            Quantity::Velocity { frame, point } => {
                let workspace = kinematics();
                let at = model.pose(&workspace, *frame) * point;
                minus(model.velocity_at(&workspace, *frame, at).0, Vector3::from_column_slice(wanted))
            }
            Quantity::Direction { frame, axis } => {
                let found = model.pose(&kinematics(), *frame).rotation * axis;
                // A direction from the state may have any length. A zero vector has no direction.
                let wanted = Vector3::from_column_slice(wanted).try_normalize(0.).unwrap_or_default();
                minus(found, wanted)
            }
            Quantity::Entries(entries) => {
                entries.iter().zip(wanted).map(|(entry, wanted)| state[*entry] - wanted).collect()
            }
        }
    }
}

/// Joints whose entries begin at `first`. `rest` is their values at rest.
fn entries(
    names: &Names<'_>,
    field: &str,
    posture: &Posture,
    first: usize,
    rest: &[f64],
) -> Result<Measure, FieldError> {
    let (joints, wanted): (Vec<usize>, Vec<f64>) = match posture.named() {
        Some(named) => names.joints(field, named)?.into_iter().unzip(),
        None => rest.iter().copied().enumerate().unzip(),
    };
    let quantity = Quantity::Entries(joints.into_iter().map(|joint| first + joint).collect());
    Ok(Measure { quantity, wanted: Wanted::Given(wanted) })
}

fn wanted(names: &Names<'_>, field: &str, target: &Target, count: usize) -> Result<Wanted, FieldError> {
    let wanted = match target {
        Target::Given(numbers) => Wanted::Given(numbers.clone()),
        Target::Named(name) => Wanted::State(names.value(field, name)?),
    };
    let found = match &wanted {
        Wanted::Given(numbers) => numbers.len(),
        Wanted::State(range) => range.len(),
    };
    if found == count {
        return Ok(wanted);
    }
    Err(FieldError::Length { field: field.into(), found, expected: format!("expected {count}") })
}

fn unit(field: &str, vector: &[f64]) -> Result<Vector3<f64>, FieldError> {
    let unit = Vector3::from_column_slice(vector).try_normalize(1e-9);
    unit.ok_or_else(|| FieldError::value(field, format!("{vector:?}"), "a vector with a length above 0"))
}
