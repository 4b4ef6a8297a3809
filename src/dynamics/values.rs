//! Values of a link or joint. Errors name the place of the value.

use nalgebra::{Matrix3, Quaternion, Rotation3, UnitQuaternion, Vector3};

use super::error::{ModelError, Owner, Reason};
use super::xml::Element;

/// A part of a link or joint: an element, its name within the owner, and the owner.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    element: &'a Element,
    /// Name for messages, e.g. `limit`; empty for the link or joint itself.
    name: &'static str,
    owner: (&'static str, &'a str),
}

impl<'a> Part<'a> {
    /// A link or joint as a whole.
    pub fn whole(kind: &'static str, name: &'a str, element: &'a Element) -> Self {
        Self { element, name: "", owner: (kind, name) }
    }

    /// The first child element of this name.
    pub fn child(&self, tag: &'static str) -> Option<Self> {
        self.element.child(tag).map(|element| Self { element, name: tag, ..*self })
    }

    /// The first child element of this name, which is required.
    pub fn required(&self, tag: &'static str, rule: &str) -> Result<Self, ModelError> {
        self.child(tag).ok_or_else(|| {
            let reason = Reason::Missing { owner: self.owner(), field: self.field(tag), rule: rule.into() };
            ModelError::at(self.element.line, reason)
        })
    }

    /// The text of an attribute.
    pub fn text(&self, attribute: &str) -> Option<&'a str> {
        self.element.attribute(attribute)
    }

    /// The number of an attribute; `None` if there is no such attribute.
    pub fn number(&self, attribute: &str) -> Result<Option<f64>, ModelError> {
        let Some(text) = self.text(attribute) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| self.refuse(attribute, text, "must be a number"))
    }

    /// The numbers of an attribute, separated by blanks.
    pub fn numbers<const N: usize>(&self, attribute: &str) -> Result<Option<[f64; N]>, ModelError> {
        let Some(text) = self.text(attribute) else { return Ok(None) };
        let parsed: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
        let numbers = parsed.ok().and_then(|numbers| <[f64; N]>::try_from(numbers).ok());
        let Some(numbers) = numbers else {
            return Err(self.refuse(attribute, text, &format!("must be {N} numbers with blanks between them")));
        };
        match numbers.iter().find(|number| !number.is_finite()) {
            Some(number) => Err(self.refuse(attribute, number, "must be finite")),
            None => Ok(Some(numbers)),
        }
    }

    /// The three numbers of an attribute.
    pub fn vector(&self, attribute: &str) -> Result<Option<Vector3<f64>>, ModelError> {
        Ok(self.numbers::<3>(attribute)?.map(Vector3::from))
    }

    /// The child element `origin`; no displacement if there is none.
    pub fn origin(&self) -> Result<Placement, ModelError> {
        let Some(origin) = self.child("origin") else { return Ok(Placement::IDENTITY) };
        let translation = origin.vector("xyz")?.unwrap_or_default();
        let rotation = match origin.numbers::<4>("quat_xyzw")? {
            Some([x, y, z, w]) if [x, y, z, w] != [0.; 4] => {
                UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z)).to_rotation_matrix()
            }
            Some(_) => return Err(origin.refuse("quat_xyzw", "0 0 0 0", "must not be all 0")),
            None => {
                let [roll, pitch, yaw] = origin.numbers("rpy")?.unwrap_or_default();
                Rotation3::from_euler_angles(roll, pitch, yaw)
            }
        };
        Ok(Placement { rotation: rotation.into_inner(), translation })
    }

    /// The error for an attribute with a value that is refused.
    pub fn refuse(&self, attribute: &str, value: impl ToString, rule: &str) -> ModelError {
        let (field, value) = (self.field(attribute), value.to_string());
        ModelError::at(self.element.line, Reason::Value { owner: self.owner(), field, value, rule: rule.into() })
    }

    /// The error for a missing attribute.
    pub fn missing(&self, attribute: &str, rule: &str) -> ModelError {
        let reason = Reason::Missing { owner: self.owner(), field: self.field(attribute), rule: rule.into() };
        ModelError::at(self.element.line, reason)
    }

    fn owner(&self) -> Owner {
        Owner { element: self.owner.0, name: self.owner.1.into() }
    }

    fn field(&self, attribute: &str) -> String {
        [self.name, attribute].join(" ").trim().into()
    }
}

/// Axes and origin of a frame in an outer frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    pub rotation: Matrix3<f64>,
    pub translation: Vector3<f64>,
}

impl Placement {
    pub const IDENTITY: Self =
        Self { rotation: Matrix3::new(1., 0., 0., 0., 1., 0., 0., 0., 1.), translation: Vector3::new(0., 0., 0.) };

    /// Composes placements: `other` is given in this frame, the result in the outer frame.
    pub fn then(&self, other: &Self) -> Self {
        Self {
            rotation: self.rotation * other.rotation,
            translation: self.translation + self.rotation * other.translation,
        }
    }
}
