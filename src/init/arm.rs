//! Chooses the joints of the arm, and its tip.

use std::collections::BTreeMap;

use moto_settings::{FieldError, nearest};
use nalgebra::Point3;

use super::{InitError, Options};
use crate::dynamics::{Description, FrameId, Model, Note, Reason, Selection, Workspace};

/// Most joints of a finger or a thumb. A chain that branches into nothing longer is a hand.
const FINGER: usize = 4;
/// Fewest joints of an arm after its hand is removed.
const ARM: usize = 2;

/// The arm.
#[derive(Clone, Debug)]
pub(super) struct Arm {
    pub model: Model,
    pub notes: Vec<Note>,
    pub tip: String,
    pub frame: FrameId,
    /// Point that represents the tip, in the tip's frame, m.
    pub point: Point3<f64>,
    /// The reason for the choice of joints, for people.
    pub reason: String,
}

impl Arm {
    /// Position of the tip's point in the state of the workspace, m.
    pub fn tip_at(&self, workspace: &Workspace) -> Point3<f64> {
        self.model.pose(workspace, self.frame) * self.point
    }

    /// Chooses the joints in `options.joints`, or the joints between the root and the tip. The
    /// second choice omits joints that mimic another joint, belong to the hand behind the arm, or
    /// move no mass.
    pub fn choose(description: &Description, options: &Options) -> Result<Self, InitError> {
        let tip = match &options.tip {
            Some(tip) => known(description, "--tip", tip)?,
            None => tip_of(description, options.joints.as_deref()),
        };
        let mut joints: Vec<String> = match &options.joints {
            Some(joints) => joints.clone(),
            None => {
                let path = description.joints_to(&tip).unwrap_or_default();
                path.into_iter().filter(|joint| !description.is_mimicked(joint)).map(String::from).collect()
            }
        };
        let mut reason = match (&options.joints, &options.tip) {
            (Some(_), _) => "as asked for".to_owned(),
            (None, Some(tip)) => format!("between the root and {tip}"),
            (None, None) => format!("the longest chain without a hand, between the root and {tip}"),
        };
        loop {
            let locked = match &options.start {
                Some(start) => start.locked(description, &joints)?,
                None => BTreeMap::new(),
            };
            let selection =
                Selection { joints: Some(joints.clone()), locked, repair_inertias: options.repair_inertias };
            match description.model(&selection) {
                Ok((model, notes)) if model.dof() > 0 => {
                    let frame = model.frame(&tip).ok_or_else(|| unknown(description, "--tip", &tip))?;
                    let point = point_of(&model, frame);
                    return Ok(Self { model, notes, tip, frame, point, reason });
                }
                Ok(_) => return Err(unmoved(description, &tip).into()),
                Err(error) => match *error.reason {
                    Reason::Massless { ref joint, .. } if options.joints.is_none() => {
                        reason += &format!("; {joint} moves no mass and is locked");
                        joints.retain(|other| other != joint);
                    }
                    Reason::Selection(error) => return Err(InitError::Option(error)),
                    _ => return Err(error.into()),
                },
            }
        }
    }
}

/// The tip's point: the origin of its frame. If the origin lies in the tip's joint, which does not
/// move it, the far end of the body instead. For a rod, this is twice as far as the centre of mass.
fn point_of(model: &Model, frame: FrameId) -> Point3<f64> {
    let mut workspace = model.workspace();
    let zeros = vec![0.; model.dof()];
    model.kinematics(&mut workspace, &zeros, &zeros);
    let pose = model.pose(&workspace, frame);
    let centre = pose.inverse_transform_point(&model.centre_of_mass(&workspace, frame));
    if model.is_at_its_joint(frame) { (centre * 2.).map(|x| (x * 1e3).round() / 1e3) } else { Point3::origin() }
}

/// The link at the end of the requested joints, or of the longest chain after its hand is removed.
fn tip_of(description: &Description, joints: Option<&[String]>) -> String {
    let root = || description.root().to_owned();
    if let Some(joints) = joints {
        let depth = |joint: &&String| {
            let link = description.moved_by(joint);
            link.and_then(|link| description.joints_to(link)).map_or(0, |path| path.len())
        };
        let last = joints.iter().max_by_key(depth).and_then(|joint| description.moved_by(joint));
        return last.map_or_else(root, |link| description.end_of(link).to_owned());
    }
    let mut longest: Vec<&str> = vec![];
    for link in description.links() {
        let mut path = description.joints_to(link).unwrap_or_default();
        path.retain(|joint| !description.is_mimicked(joint));
        if path.len() > longest.len() {
            longest = path;
        }
    }
    let chain = without_hand(description, &longest);
    let last = chain.last().and_then(|joint| description.moved_by(joint));
    last.map_or_else(root, |link| description.end_of(link).to_owned())
}

/// A chain up to the point where it branches into fingers, which are chains of a few joints each.
fn without_hand<'a>(description: &Description, chain: &'a [&'a str]) -> &'a [&'a str] {
    for kept in ARM.max(chain.len().saturating_sub(FINGER))..chain.len() {
        if description.branches_behind(chain[kept - 1]) > 1 {
            return &chain[..kept];
        }
    }
    chain
}

/// The link that an option names, if there is one.
pub(super) fn known(description: &Description, option: &str, link: &str) -> Result<String, FieldError> {
    description.links().find(|known| *known == link).map(String::from).ok_or_else(|| unknown(description, option, link))
}

fn unknown(description: &Description, option: &str, link: &str) -> FieldError {
    let hint = match nearest(link, description.links()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", description.links().collect::<Vec<_>>().join(", ")),
    };
    FieldError::value(option, link, format!("a link of the robot description; {hint}"))
}

fn unmoved(description: &Description, tip: &str) -> FieldError {
    let joints: Vec<&str> = description.joints().collect();
    let expected = format!("a link that joints move; there are the joints {}", joints.join(", "));
    FieldError::value("--tip", tip, expected)
}
