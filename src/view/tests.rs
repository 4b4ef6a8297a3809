//! Frames against the kinematics.

use nalgebra::{Isometry3, Vector3};
use proptest::prelude::*;

use super::{Arm, Stage, Surroundings, Thing, Transform, scene_urdf};
use crate::dynamics::{Description, Model, Selection, Shape};

const ARM: &str = include_str!("../../urdf/table_tennis_arm.urdf");
const WAM: &str = include_str!("../../urdf/wam_table_tennis.urdf");

/// Pose of a frame in the root of a tree of transforms.
fn chained(transforms: &[Transform], frame: &str) -> Isometry3<f64> {
    match transforms.iter().find(|transform| transform.child == frame) {
        Some(transform) => chained(transforms, &transform.parent) * transform.pose,
        None => Isometry3::identity(),
    }
}

fn stage(urdf: &str, model: &Model, base: Isometry3<f64>) -> Stage {
    let table = Thing::at("table", Vector3::new(0., 0., 0.7), Shape::Box([2., 1., 0.1]), [1.; 4]);
    let things = vec![table, Thing::body("ball", 0.02, [1.; 4])];
    Stage { arm: Arm::new(urdf, model).unwrap().into(), surroundings: Surroundings { base, things } }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_chain_of_frames_is_the_pose_of_each_link(
        wam: bool, q in prop::collection::vec(-3.0..3.0_f64, 9), at in prop::array::uniform3(-2.0..2.0_f64), yaw in -3.0..3.0_f64
    ) {
        let urdf = if wam { WAM } else { ARM };
        let mut model = Model::from_urdf_str(urdf).unwrap();
        let base = Isometry3::new(at.into(), Vector3::z() * yaw);
        let stage = stage(urdf, &model, base);
        model.set_base(&base);
        let (q, mut workspace) = (&q[..model.dof()], model.workspace());
        model.kinematics(&mut workspace, q, &vec![0.; q.len()]);
        let mut transforms = stage.fixed();
        transforms.extend(stage.moving(q, |_| None));
        for link in model.links() {
            let wanted = model.pose(&workspace, model.frame(link).unwrap());
            let found = chained(&transforms, link);
            prop_assert!((found.translation.vector - wanted.translation.vector).norm() < 1e-9, "{link}");
            prop_assert!(found.rotation.angle_to(&wanted.rotation) < 1e-7, "{link}");
        }
    }
}

#[test]
fn each_frame_has_one_parent_and_what_joints_move_is_told_apart() {
    let selection = Selection { joints: Some(vec!["j1".into(), "j2".into()]), ..Selection::default() };
    let (model, _) = Description::parse(ARM).unwrap().model(&selection).unwrap();
    let stage = stage(ARM, &model, Isometry3::identity());
    assert_eq!(stage.world(), "world");
    let (fixed, moving) = (stage.fixed(), stage.moving(&[0.1, 0.2], |_| Some(Vector3::new(1., 2., 3.))));
    let moved: Vec<&str> = moving.iter().map(|transform| transform.child.as_str()).collect();
    assert_eq!(moved.len(), 3, "two joints and the ball: {moved:?}");
    let ball = moving.iter().find(|transform| transform.child == "scene_ball").unwrap();
    assert_eq!((ball.parent.as_str(), ball.pose.translation.vector), ("world", Vector3::new(1., 2., 3.)));
    let mut children: Vec<&str> = fixed.iter().chain(&moving).map(|transform| transform.child.as_str()).collect();
    children.sort_unstable();
    let all = children.len();
    children.dedup();
    assert_eq!(children.len(), all, "a frame has two parents");
    assert_eq!(all, model.links().count() - 1 + 2, "every link below the root, table and ball");
}

#[test]
fn a_root_called_world_that_stands_elsewhere_gets_a_world_around_it() {
    let model = Model::from_urdf_str(ARM).unwrap();
    let stage = stage(ARM, &model, Isometry3::translation(1., 0., 0.));
    let fixed = stage.fixed();
    assert_eq!(chained(&fixed, "world").translation.vector.x, 1.);
    assert_eq!(fixed.iter().find(|transform| transform.child == "scene_table").unwrap().parent, stage.world());
}

#[test]
fn the_scene_is_a_robot_description_that_our_own_reader_takes() {
    let model = Model::from_urdf_str(WAM).unwrap();
    let description = Description::parse(&scene_urdf(&stage(WAM, &model, Isometry3::identity()))).unwrap();
    assert_eq!(description.links().collect::<Vec<_>>(), ["world", "scene_table", "scene_ball"]);
    assert_eq!(description.visuals("scene_ball")[0].shape, Shape::Sphere { radius: 0.02 });
    assert_eq!(description.visuals("scene_table")[0].shape, Shape::Box([2., 1., 0.1]));
}

#[test]
fn an_arm_of_meshes_is_drawn_from_joint_to_joint() {
    let meshes = ARM
        .replace("<cylinder radius", "<mesh filename=\"a.stl\" radius")
        .replace("<sphere radius", "<mesh filename=\"a.stl\" radius")
        .replace("<box size", "<mesh filename=\"a.stl\" size");
    let model = Model::from_urdf_str(&meshes).unwrap();
    let parts = Arm::new(&meshes, &model).unwrap().parts();
    assert!(parts.iter().filter(|part| part.body.is_some()).count() >= 3, "{parts:?}");
    // A bone reaches from the body's origin to the next joint.
    let next =
        model.bodies().find(|body| body.parent.is_some() && body.at_zero.translation.vector.norm() > 0.1).unwrap();
    let bone = parts.iter().find(|part| part.body == next.parent).unwrap();
    let Shape::Cylinder { length, .. } = bone.visual.shape else { panic!("{bone:?}") };
    let ends = [0.5, -0.5].map(|share| bone.visual.pose * nalgebra::Point3::new(0., 0., share * length));
    let to = next.at_zero.translation.vector;
    assert!(
        ends.iter().any(|end| end.coords.norm() < 1e-9) && ends.iter().any(|end| (end.coords - to).norm() < 1e-9),
        "{ends:?}"
    );
}
