//! The links and joints of a URDF, which form one tree. Their values are checked at use, so an
//! unused value refuses nothing.

use std::collections::BTreeMap;
use std::path::Path;

use moto_settings::nearest;

use super::error::{ModelError, Owner, Reason};
use super::values::Part;
use super::xml::Element;

/// The types of a URDF joint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JointType {
    Fixed,
    Revolute,
    Continuous,
    Prismatic,
    Floating,
    Planar,
}

impl JointType {
    const ALL: [(&'static str, Self); 6] = [
        ("fixed", Self::Fixed),
        ("revolute", Self::Revolute),
        ("continuous", Self::Continuous),
        ("prismatic", Self::Prismatic),
        ("floating", Self::Floating),
        ("planar", Self::Planar),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether the joint moves along or about one axis.
    pub fn has_axis(self) -> bool {
        matches!(self, Self::Revolute | Self::Continuous | Self::Prismatic)
    }
}

/// A link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub name: String,
    pub element: Element,
    /// The joints that start at this link, in the order of the file.
    pub joints: Vec<usize>,
    /// The joint that moves this link; `None` for the root.
    pub above: Option<usize>,
}

impl Link {
    pub fn part(&self) -> Part<'_> {
        Part::whole("link", &self.name, &self.element)
    }
}

/// A joint between two links.
#[derive(Clone, Debug)]
pub(super) struct JointElement {
    pub name: String,
    pub element: Element,
    pub kind: JointType,
    pub parent: usize,
    pub child: usize,
}

impl JointElement {
    pub fn part(&self) -> Part<'_> {
        Part::whole("joint", &self.name, &self.element)
    }

    /// The joint that this joint mimics.
    pub fn mimics(&self) -> Option<&str> {
        self.element.child("mimic").map(|mimic| mimic.attribute("joint").unwrap_or_default())
    }
}

/// The links and joints of a URDF, which form one tree, and what its links look like. The rest of
/// the file is ignored: collisions, transmissions, sensors and extensions of simulators.
#[derive(Clone, Debug)]
pub struct Description {
    name: String,
    pub(super) links: Vec<Link>,
    pub(super) joints: Vec<JointElement>,
    pub(super) root: usize,
    /// Elements of the robot itself that name a colour.
    pub(super) materials: Vec<Element>,
}

impl Description {
    /// Reads a URDF file. Bytes that are not UTF-8, which old editors leave in comments, do no
    /// harm.
    ///
    /// # Errors
    /// The file cannot be read, or [`Self::parse`] refuses it. The error names the file.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::from(Reason::Read(source)).of(path))?;
        Self::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| error.of(path))
    }

    /// Reads the text of a URDF.
    ///
    /// # Errors
    /// The text is not a URDF, or is xacro that was not expanded; a link or joint has no name, or
    /// another one's name; a joint has an unknown type, or names a link that does not exist; the
    /// links do not form one tree.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let document = Element::parse(text)?;
        let robot = document.child("robot").ok_or(Reason::NoRobot)?;
        if let Some(element) = robot.find(|element| element.tag.starts_with("xacro:")) {
            return Err(ModelError::at(element.line, Reason::Xacro { tag: element.tag.clone() }));
        }
        let mut links: Vec<Link> = vec![];
        let mut joints = vec![];
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        for element in robot.children.iter().filter(|child| child.tag == "link") {
            let name = named("link", element)?;
            if let Some(first) = by_name.insert(name, links.len()) {
                return Err(duplicate("link", element, &links[first].element));
            }
            links.push(Link { name: name.into(), element: element.clone(), joints: vec![], above: None });
        }
        let mut first: BTreeMap<&str, &Element> = BTreeMap::new();
        for element in robot.children.iter().filter(|child| child.tag == "joint") {
            let name = named("joint", element)?;
            if let Some(first) = first.insert(name, element) {
                return Err(duplicate("joint", element, first));
            }
            joints.push(joint(name, element, &by_name)?);
        }
        for (i, joint) in joints.iter().enumerate() {
            links[joint.parent].joints.push(i);
            if let Some(first) = links[joint.child].above.replace(i) {
                let link = links[joint.child].name.clone();
                let reason = Reason::Loop { link, first: joints[first].name.clone(), second: joint.name.clone() };
                return Err(ModelError::at(joint.element.line, reason));
            }
        }
        let root = root(&links, &joints)?;
        let materials = robot.children.iter().filter(|child| child.tag == "material").cloned().collect();
        Ok(Self { name: robot.attribute("name").unwrap_or_default().into(), links, joints, root, materials })
    }

    /// Name of the robot.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The root link, which does not move in the world.
    pub fn root(&self) -> &str {
        &self.links[self.root].name
    }

    /// The links, in the order of the file.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(|link| link.name.as_str())
    }

    /// The joints that may be learned: revolute, continuous and prismatic ones that mimic no other.
    /// They are in order from the root outwards, children in the order of the file.
    pub fn joints(&self) -> impl Iterator<Item = &str> {
        self.outwards().filter_map(|joint| {
            let joint = &self.joints[joint];
            (joint.kind.has_axis() && joint.mimics().is_none()).then_some(joint.name.as_str())
        })
    }

    /// The joints of [`Self::joints`] between the root and a link, from the root outwards; `None`
    /// if there is no such link.
    pub fn joints_to(&self, link: &str) -> Option<Vec<&str>> {
        let mut link = self.links.iter().position(|known| known.name == link)?;
        let mut joints = vec![];
        while let Some(above) = self.links[link].above {
            let joint = &self.joints[above];
            if joint.kind.has_axis() && joint.mimics().is_none() {
                joints.push(joint.name.as_str());
            }
            link = joint.parent;
        }
        joints.reverse();
        Some(joints)
    }

    /// The link that carries a link; `None` for the root, and for a link that does not exist.
    pub fn parent_of(&self, link: &str) -> Option<&str> {
        let joint = self.links.iter().find(|known| known.name == link)?.above?;
        Some(&self.links[self.joints[joint].parent].name)
    }

    /// The link that a joint moves; `None` if there is no such joint.
    pub fn moved_by(&self, joint: &str) -> Option<&str> {
        let joint = self.joints.iter().find(|known| known.name == joint)?;
        Some(&self.links[joint.child].name)
    }

    /// Whether another joint mimics this joint.
    pub fn is_mimicked(&self, joint: &str) -> bool {
        self.joints.iter().any(|other| other.mimics() == Some(joint))
    }

    /// Number of joints of [`Self::joints`] that follow a joint directly, in different branches.
    /// Fixed joints may lie between. 0 if there is no such joint.
    pub fn branches_behind(&self, joint: &str) -> usize {
        let Some(joint) = self.joints.iter().find(|known| known.name == joint) else { return 0 };
        let mut open = vec![joint.child];
        let mut branches = 0;
        while let Some(link) = open.pop() {
            for &next in &self.links[link].joints {
                let next = &self.joints[next];
                if next.kind.has_axis() { branches += 1 } else { open.push(next.child) }
            }
        }
        branches
    }

    /// The last link of the chain of fixed links that starts at a link. At a fork the chain follows
    /// the first link in the order of the file.
    pub fn end_of<'a>(&'a self, link: &'a str) -> &'a str {
        let Some(mut link_at) = self.links.iter().position(|known| known.name == link) else { return link };
        let fixed = |joint: &&usize| self.joints[**joint].kind == JointType::Fixed;
        while let Some(&joint) = self.links[link_at].joints.iter().find(fixed) {
            link_at = self.joints[joint].child;
        }
        &self.links[link_at].name
    }

    /// All joints, from the root outwards, depth first, each link's joints in the order of the
    /// file.
    pub(super) fn outwards(&self) -> impl Iterator<Item = usize> {
        let below = |link: usize| self.links[link].joints.iter().rev().copied();
        let mut open: Vec<usize> = below(self.root).collect();
        std::iter::from_fn(move || {
            let joint = open.pop()?;
            open.extend(below(self.joints[joint].child));
            Some(joint)
        })
    }
}

fn named<'a>(kind: &'static str, element: &'a Element) -> Result<&'a str, ModelError> {
    let name = element.attribute("name").filter(|name| !name.is_empty());
    name.ok_or_else(|| ModelError::at(element.line, Reason::Unnamed { element: kind }))
}

fn duplicate(kind: &'static str, element: &Element, first: &Element) -> ModelError {
    let owner = Owner { element: kind, name: element.attribute("name").unwrap_or_default().into() };
    ModelError::at(element.line, Reason::Duplicate { owner, other: first.line })
}

fn joint(name: &str, element: &Element, links: &BTreeMap<&str, usize>) -> Result<JointElement, ModelError> {
    let whole = Part::whole("joint", name, element);
    let kinds = JointType::ALL.map(|(name, _)| name).join(", ");
    let Some(written) = whole.text("type") else {
        return Err(whole.missing("type", &format!("must be one of {kinds}")));
    };
    let known = JointType::ALL.iter().find(|(name, _)| *name == written);
    let kind = known.ok_or_else(|| whole.refuse("type", written, &format!("must be one of {kinds}")))?.1;
    let link = |end: &'static str| {
        let part = whole.required(end, "must name a link (<parent link=\"...\"/>, <child link=\"...\"/>)")?;
        let link = part.text("link").ok_or_else(|| part.missing("link", "must be the name of a link"))?;
        links.get(link).copied().ok_or_else(|| {
            let near = nearest(link, links.keys().copied());
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            part.refuse("link", link, &format!("there is no such link{hint}"))
        })
    };
    let (parent, child) = (link("parent")?, link("child")?);
    Ok(JointElement { name: name.into(), element: element.clone(), kind, parent, child })
}

/// The only link without a joint above it, from which every other link is reached.
fn root(links: &[Link], joints: &[JointElement]) -> Result<usize, ModelError> {
    let roots: Vec<usize> = (0..links.len()).filter(|&link| links[link].above.is_none()).collect();
    let [root] = roots[..] else {
        let roots = roots.iter().map(|&link| links[link].name.clone()).collect();
        return Err(Reason::Root { roots }.into());
    };
    let mut reached = vec![false; links.len()];
    let mut open = vec![root];
    while let Some(link) = open.pop() {
        reached[link] = true;
        open.extend(links[link].joints.iter().map(|&joint| joints[joint].child));
    }
    match links.iter().zip(&reached).find(|(_, reached)| !**reached) {
        None => Ok(root),
        Some((link, _)) => {
            let reason = Reason::Unreachable { link: link.name.clone(), root: links[root].name.clone() };
            Err(ModelError::at(link.element.line, reason))
        }
    }
}
