//! Armature as inertia of the links: Gazebo has none.
//!
//! Armature adds to its own joint's entry of the mass matrix alone. A body fixed to the driven link
//! adds to the joint's entry too, and to those of the joints before it. So the bodies are chosen from the
//! tip to the root, each for what the ones behind it leave over. At the start posture the diagonal of the
//! mass matrix is then that of the armature. What remains is a coupling of joints whose axes are nearly
//! parallel.

use nalgebra::{Point3, Unit, Vector3};

use crate::dynamics::{FrameId, JointKind, Model};

/// A moving joint and the link that it moves.
pub(super) struct Driven {
    /// Place of the joint in vectors of joint values.
    pub joint: usize,
    /// Number of joints before this one in its chain.
    pub depth: usize,
    /// The link.
    pub link: FrameId,
    /// The joint's axis in the link's frame.
    pub axis: Unit<Vector3<f64>>,
}

/// Inertia of the bodies that stand for the drives (joint), at the posture `q` (joint): for a sliding joint the mass of a
/// weightless point at the link's origin, kg; for a turning joint the moment of inertia of a massless ring around its axis,
/// kg m^2.
pub(super) fn inertias(model: &Model, driven: &[Driven], q: &[f64]) -> Vec<f64> {
    let mut workspace = model.workspace();
    let mut order: Vec<&Driven> = driven.iter().collect();
    order.sort_by_key(|driven| std::cmp::Reverse(driven.depth));
    let mut found = vec![0.; q.len()];
    for Driven { joint, .. } in order {
        let mut moves = vec![0.; q.len()];
        moves[*joint] = 1.;
        model.kinematics(&mut workspace, q, &moves);
        let behind = driven.iter().map(|other| {
            let pose = model.pose(&workspace, other.link);
            let (velocity, turning) = model.velocity_at(&workspace, other.link, Point3::from(pose.translation.vector));
            let share = match model.joints()[other.joint].kind {
                JointKind::Prismatic => velocity.norm_squared(),
                _ => {
                    // Across its axis a ring has half of its moment of inertia.
                    let along = turning.dot(&(pose.rotation * *other.axis)).powi(2);
                    0.5 * (along + turning.norm_squared())
                }
            };
            found[other.joint] * share
        });
        found[*joint] = (model.joints()[*joint].passive.armature - behind.sum::<f64>()).max(0.);
    }
    found
}
