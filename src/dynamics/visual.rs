//! What the links of a description look like.

use nalgebra::{Isometry3, UnitQuaternion};

use super::description::Description;
use super::error::ModelError;
use super::values::Part;
use super::xml::Element;

/// The shape of a body, about its own origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Edges along x, y and z, m.
    Box([f64; 3]),
    /// A cylinder along z, m.
    Cylinder {
        /// Radius, m.
        radius: f64,
        /// Length, m.
        length: f64,
    },
    /// A sphere.
    Sphere {
        /// Radius, m.
        radius: f64,
    },
}

/// A shape on a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visual {
    /// Pose in the link's frame.
    pub pose: Isometry3<f64>,
    /// The shape.
    pub shape: Shape,
    /// Red, green, blue and opacity, each 0 to 1; `None` if the description gives no colour.
    pub color: Option<[f64; 4]>,
}

impl Description {
    /// The boxes, cylinders and spheres that a link is drawn with. Meshes are left out, and so are
    /// values that cannot be read: a robot may move whatever it looks like.
    pub fn visuals(&self, link: &str) -> Vec<Visual> {
        let Some(link) = self.links.iter().find(|known| known.name == link) else { return vec![] };
        let visuals = link.element.children.iter().filter(|child| child.tag == "visual");
        visuals.filter_map(|visual| self.visual(&link.name, visual).ok().flatten()).collect()
    }

    fn visual(&self, link: &str, visual: &Element) -> Result<Option<Visual>, ModelError> {
        let part = Part::whole("link", link, visual);
        let Some(shape) = part.child("geometry").map(|geometry| shape(&geometry)).transpose()?.flatten() else {
            return Ok(None);
        };
        let origin = part.origin()?;
        let rotation = UnitQuaternion::from_matrix(&origin.rotation);
        let color = visual.child("material").map(|material| self.color(material)).transpose()?.flatten();
        Ok(Some(Visual { pose: Isometry3::from_parts(origin.translation.into(), rotation), shape, color }))
    }

    /// The colour of a material: its own, or that of the robot's material of its name.
    fn color(&self, material: &Element) -> Result<Option<[f64; 4]>, ModelError> {
        let named = || self.materials.iter().find(|known| known.attribute("name") == material.attribute("name"));
        let Some(color) = material.child("color").or_else(|| named()?.child("color")) else { return Ok(None) };
        Part::whole("material", "", color).numbers("rgba")
    }
}

fn shape(geometry: &Part<'_>) -> Result<Option<Shape>, ModelError> {
    let positive = |value: Option<f64>| value.filter(|value| value.is_finite() && *value > 0.);
    if let Some(of) = geometry.child("box") {
        let edges = of.numbers::<3>("size")?.filter(|edges| edges.iter().all(|edge| *edge > 0.));
        return Ok(edges.map(Shape::Box));
    }
    if let Some(of) = geometry.child("cylinder") {
        let (radius, length) = (positive(of.number("radius")?), positive(of.number("length")?));
        return Ok(radius.zip(length).map(|(radius, length)| Shape::Cylinder { radius, length }));
    }
    if let Some(of) = geometry.child("sphere") {
        return Ok(positive(of.number("radius")?).map(|radius| Shape::Sphere { radius }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROBOT: &str = r#"<robot name="r"><material name="red"><color rgba="1 0 0 1"/></material>
        <link name="a"><visual><origin xyz="0 0 1" rpy="0 0 0"/><geometry><box size="1 2 3"/></geometry>
          <material name="red"/></visual>
        <visual><geometry><mesh filename="a.stl"/></geometry></visual>
        <visual><geometry><sphere radius="wide"/></geometry></visual>
        <visual><geometry><cylinder radius="0.1" length="-1"/></geometry></visual>
        <visual><geometry><sphere radius="0.5"/></geometry><material name="own"><color rgba="0 1 0 0.5"/></material></visual>
        </link></robot>"#;

    #[test]
    fn shapes_are_read_with_their_colours_and_what_cannot_be_drawn_is_left_out() {
        let visuals = Description::parse(ROBOT).unwrap().visuals("a");
        let shapes: Vec<_> = visuals.iter().map(|visual| (visual.shape, visual.color)).collect();
        let sphere = (Shape::Sphere { radius: 0.5 }, Some([0., 1., 0., 0.5]));
        assert_eq!(shapes, [(Shape::Box([1., 2., 3.]), Some([1., 0., 0., 1.])), sphere]);
        assert_eq!(visuals[0].pose.translation.vector.z, 1.);
    }
}
