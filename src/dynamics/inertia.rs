//! The inertia of a link: a check that a body can have it, and the nearest possible inertia.

use nalgebra::{Matrix3, SymmetricEigen, Vector3};

use super::description::Link;
use super::error::ModelError;
use super::note::Note;
use super::spatial::Inertia;
use super::values::{Part, Placement};

/// Largest negative principal moment that counts as rounding: as a share of the moments' sum, and
/// in kg m^2.
const TOLERANCE: f64 = 1e-6;
const ROUNDING: f64 = 1e-12;

/// A link's inertia in the frame of the body that `placement` is on; no mass if the link states
/// none.
///
/// # Errors
/// A value is not finite, the mass is negative, or no body can have the inertia and `repair` is
/// false.
pub(super) fn of_link(
    link: &Link,
    placement: &Placement,
    repair: bool,
    notes: &mut Vec<Note>,
) -> Result<Inertia<f64>, ModelError> {
    let Some(inertial) = link.part().child("inertial") else {
        return Ok(Inertia::of(0., &placement.translation, &Matrix3::zeros()));
    };
    let part = inertial.required("mass", "a link that moves must have one (<mass value=\"...\"/>, kg)")?;
    let mass = part.number("value")?.ok_or_else(|| part.missing("value", "must be the mass, kg"))?;
    if !(mass >= 0. && mass.is_finite()) {
        return Err(part.refuse("value", mass, "must be finite and not negative"));
    }
    let mut tensor = tensor(&inertial)?;
    if let Some(Repair { moments, taken, tensor: possible }) = Repair::of(&tensor) {
        if !repair {
            let rule = format!(
                "no body has this inertia: of its principal moments, [{:.3e}, {:.3e}, {:.3e}] kg m^2, none may be \
                 negative; correct ixx .. izz, or set robot.repair_inertias: true (init --repair-inertias), which \
                 takes the nearest inertia that a body can have",
                moments[0], moments[1], moments[2]
            );
            let part = inertial.required("inertia", "")?;
            return Err(part.refuse("principal moment", format!("{:.3e}", moments.min()), &rule));
        }
        notes.push(Note::Repaired { link: link.name.clone(), moments: moments.into(), taken: taken.into() });
        tensor = possible;
    }
    let at = placement.then(&inertial.origin()?);
    Ok(Inertia::of(mass, &at.translation, &(at.rotation * tensor * at.rotation.transpose())))
}

/// As [`Description::repaired_inertia`](super::description::Description::repaired_inertia), of a link.
///
/// # Errors
/// A value is missing or not a number.
pub(super) fn repaired(link: &Link) -> Result<Option<Matrix3<f64>>, ModelError> {
    let Some(inertial) = link.part().child("inertial") else { return Ok(None) };
    Ok(Repair::of(&tensor(&inertial)?).map(|repair| repair.tensor))
}

/// The repair of an inertia that no body can have: its principal moments, those that are taken, and the
/// inertia that they make.
struct Repair {
    moments: Vector3<f64>,
    taken: Vector3<f64>,
    tensor: Matrix3<f64>,
}

impl Repair {
    fn of(tensor: &Matrix3<f64>) -> Option<Self> {
        let eigen = SymmetricEigen::new(*tensor);
        let moments = eigen.eigenvalues;
        (moments.min() < -TOLERANCE * moments.sum().abs() - ROUNDING).then(|| {
            let (taken, axes) = (nearest_possible(&moments), eigen.eigenvectors);
            Self { moments, taken, tensor: axes * Matrix3::from_diagonal(&taken) * axes.transpose() }
        })
    }
}

/// The rotational inertia about the centre of mass, kg m^2.
fn tensor(inertial: &Part<'_>) -> Result<Matrix3<f64>, ModelError> {
    let part = inertial.required("inertia", "must have ixx, ixy, ixz, iyy, iyz, izz, kg m^2")?;
    let entry = |attribute: &str| {
        let value = part.number(attribute)?.ok_or_else(|| part.missing(attribute, "must be a number, kg m^2"))?;
        if value.is_finite() { Ok(value) } else { Err(part.refuse(attribute, value, "must be finite")) }
    };
    let (xx, xy, xz) = (entry("ixx")?, entry("ixy")?, entry("ixz")?);
    let (yy, yz, zz) = (entry("iyy")?, entry("iyz")?, entry("izz")?);
    Ok(Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz))
}

/// The possible principal moments nearest to `moments` by least squares. With the same principal
/// axes they give the nearest tensor in the Frobenius norm. A body's moments are sums of two of its
/// three second moments of mass, which are at least 0. The best choice has some second moments at 0
/// and the others free.
fn nearest_possible(moments: &Vector3<f64>) -> Vector3<f64> {
    let sums = Matrix3::new(0., 1., 1., 1., 0., 1., 1., 1., 0.);
    let candidates = (0..8_u8).filter_map(|free| {
        // The normal equations for the free second moments, and the identity for the others.
        let mask = Matrix3::from_diagonal(&Vector3::from_fn(|i, _| f64::from(free >> i & 1)));
        let columns = sums * mask;
        let normal = columns.transpose() * columns + Matrix3::identity() - mask;
        let second = normal.try_inverse()? * columns.transpose() * moments;
        (second.min() >= 0.).then(|| sums * second)
    });
    let distance = |candidate: &Vector3<f64>| (candidate - moments).norm();
    // Zero mass (`free` is 0) is always possible.
    candidates.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The nearest moments are a projection onto a convex cone. Possible moments map to
        /// themselves. The residual is orthogonal to the projection and points away from all
        /// possible moments.
        #[test]
        fn the_nearest_possible_moments_are_a_projection(
            moments in prop::array::uniform3(-1.0..1.0), other in prop::array::uniform3(0.0..1.0),
        ) {
            let moments = Vector3::from(moments);
            let found = nearest_possible(&moments);
            for (i, j, k) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)] {
                prop_assert!(found[i] <= found[j] + found[k] + 1e-12, "{found:?}");
            }
            let rest = moments - found;
            prop_assert!(rest.dot(&found).abs() < 1e-12, "{found:?}");
            let [a, b, c] = other;
            prop_assert!(rest.dot(&Vector3::new(b + c, a + c, a + b)) < 1e-12, "{found:?}");
            prop_assert!((nearest_possible(&found) - found).norm() < 1e-12);
        }
    }
}
