//! The selection of the learned joints, and the positions of the locked ones.

use std::collections::BTreeMap;

use moto_settings::{FieldError, nearest};

use super::description::{Description, JointElement, JointType};
use super::error::{ModelError, Reason};
use super::limits::position_bounds;
use super::note::Note;

/// The joints of a description that move, and the positions of the locked joints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The joints that move, in the order of every vector of joint values, which may differ from
    /// the tree's order. `None` selects all of [`Description::joints`].
    pub joints: Option<Vec<String>>,
    /// Positions of locked joints, rad or m. Any other joint is locked at zero or, if zero is
    /// outside its limits, at the nearer bound. A joint that mimics another follows that joint.
    pub locked: BTreeMap<String, f64>,
    /// Whether an inertia that no body can have is replaced by the nearest possible one.
    pub repair_inertias: bool,
}

/// The role of a joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    /// The joint is fixed in the file.
    Fixed,
    /// The joint moves; the value is its place in the vectors of joint values.
    Moves(usize),
    /// The joint is locked at this position, rad or m.
    Locked(f64),
}

/// The role of every joint, in the order of the file.
///
/// # Errors
/// A joint that does not exist, or does not suit its use.
pub(super) fn roles(
    description: &Description,
    selection: &Selection,
    notes: &mut Vec<Note>,
) -> Result<Vec<Role>, ModelError> {
    let chosen: Vec<String> = match &selection.joints {
        Some(joints) => joints.clone(),
        None => description.joints().map(String::from).collect(),
    };
    let mut places = BTreeMap::new();
    for (place, name) in chosen.iter().enumerate() {
        let field = format!("joints[{place}]");
        let joint = find(description, &field, name)?;
        if let Some(of) = joint.mimics() {
            return Err(mimic(joint, of));
        }
        if !joint.kind.has_axis() {
            let expected = format!("a revolute, continuous or prismatic joint; this one is {}", joint.kind.name());
            return Err(refuse(field, name, expected));
        }
        if places.insert(name.as_str(), place).is_some() {
            return Err(refuse(field, name, "each joint once".into()));
        }
    }
    check_locked(description, selection, &places)?;
    let roles = Roles { description, selection, places };
    let mut out = vec![];
    for joint in &description.joints {
        out.push(roles.of(joint, notes)?);
    }
    Ok(out)
}

fn check_locked(
    description: &Description,
    selection: &Selection,
    places: &BTreeMap<&str, usize>,
) -> Result<(), ModelError> {
    for (name, &position) in &selection.locked {
        let joint = find(description, "locked", name)?;
        let field = || format!("locked.{name}");
        if places.contains_key(name.as_str()) {
            return Err(refuse(field(), position, "no value: the joint is one of robot.joints".into()));
        }
        if let Some(of) = joint.mimics() {
            return Err(refuse(
                field(),
                position,
                format!("no value: the joint mimics {of}, whose value holds for it"),
            ));
        }
        if !joint.kind.has_axis() {
            return Err(refuse(field(), position, format!("no value: the joint is {}", joint.kind.name())));
        }
        let (lower, upper) = position_bounds(joint)?;
        if !(lower <= position && position <= upper && position.is_finite()) {
            let unit = if joint.kind == JointType::Prismatic { "m" } else { "rad" };
            return Err(refuse(field(), position, format!("{lower} to {upper} {unit}, the joint's limits")));
        }
    }
    Ok(())
}

struct Roles<'a> {
    description: &'a Description,
    selection: &'a Selection,
    places: BTreeMap<&'a str, usize>,
}

impl Roles<'_> {
    fn of(&self, joint: &JointElement, notes: &mut Vec<Note>) -> Result<Role, ModelError> {
        if let Some(&place) = self.places.get(joint.name.as_str()) {
            return Ok(Role::Moves(place));
        }
        match joint.kind {
            JointType::Fixed => Ok(Role::Fixed),
            JointType::Floating | JointType::Planar if self.is_of_the_root(joint) => {
                notes.push(Note::FixedAtRoot { joint: joint.name.clone(), kind: joint.kind.name() });
                Ok(Role::Fixed)
            }
            JointType::Floating | JointType::Planar => {
                let rule = "only the root's joint may be of this type, and is then fixed; make this one fixed, or \
                            revolute, continuous or prismatic";
                Err(joint.part().refuse("type", joint.kind.name(), rule))
            }
            _ => {
                let (position, mimics) = self.position(joint)?;
                let unit = if joint.kind == JointType::Prismatic { "m" } else { "rad" };
                notes.push(Note::Locked { joint: joint.name.clone(), position, unit, mimics });
                Ok(Role::Locked(position))
            }
        }
    }

    /// Position of a locked joint, rad or m, and the joint that it mimics there.
    fn position(&self, joint: &JointElement) -> Result<(f64, Option<String>), ModelError> {
        // Follows the mimic chain to the leader of all its joints.
        let (mut scale, mut shift, mut leader) = (1., 0., joint);
        for _ in &self.description.joints {
            let Some(of) = leader.mimics() else { break };
            if self.places.contains_key(of) {
                return Err(mimic(leader, of));
            }
            // The file may lack the mimicked joint.
            let Some(next) = self.description.joints.iter().find(|joint| joint.name == of) else { break };
            let part = leader.part().required("mimic", "")?;
            shift += scale * part.number("offset")?.unwrap_or(0.);
            scale *= part.number("multiplier")?.unwrap_or(1.);
            leader = next;
        }
        let own = match self.selection.locked.get(&leader.name) {
            Some(position) => *position,
            None => {
                let (lower, upper) = position_bounds(leader)?;
                0_f64.clamp(lower, upper)
            }
        };
        let position = scale * own + shift;
        if !position.is_finite() {
            return Err(joint.part().refuse("mimic", position, "multiplier and offset must be finite"));
        }
        Ok((position, (leader.name != joint.name).then(|| leader.name.clone())))
    }

    /// Whether only fixed joints lie between the root and this joint.
    fn is_of_the_root(&self, joint: &JointElement) -> bool {
        let mut link = joint.parent;
        while let Some(above) = self.description.links[link].above {
            let above = &self.description.joints[above];
            if above.kind != JointType::Fixed {
                return false;
            }
            link = above.parent;
        }
        true
    }
}

fn find<'a>(description: &'a Description, field: &str, name: &str) -> Result<&'a JointElement, ModelError> {
    description.joints.iter().find(|joint| joint.name == name).ok_or_else(|| {
        let known = || description.joints();
        let hint = match nearest(name, known()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
        };
        refuse(field.into(), name, format!("a joint of the robot description; {hint}"))
    })
}

fn refuse(field: String, found: impl ToString, expected: String) -> ModelError {
    Reason::Selection(FieldError::value(field, found, expected)).into()
}

fn mimic(joint: &JointElement, of: &str) -> ModelError {
    ModelError::at(joint.element.line, Reason::Mimic { joint: joint.name.clone(), of: of.into() })
}
