//! A demonstration through via points. Each joint follows quintics between its knots.

use moto_settings::FieldError;
use nalgebra::{Point3, Vector3};

use super::config::ViaPoint;
use super::inverse_kinematics::{OutOfReach, Reach};
use super::moment::Steps;
use super::names::Names;
use super::reference::Reference;
use crate::control::ControlConfig;
use crate::tasks::Quintic;

/// A position and time that a joint passes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Knot {
    time: f64,
    position: f64,
    /// `None` for a smooth passage.
    velocity: Option<f64>,
}

/// The motion under construction: the knots of each joint (n), the first at the start.
struct Way<'a> {
    names: &'a Names<'a>,
    control: &'a ControlConfig,
    knots: Vec<Vec<Knot>>,
    /// Bounds of the joints, less their margins (n).
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// Speed limits of the joints, 1 for a joint without a limit (n).
    ease: Vec<f64>,
}

/// The motion from the start posture through the points, which are the entries of `field`.
///
/// # Errors
/// A point that means nothing or is out of reach, by its field.
pub(super) fn through(
    names: &Names<'_>,
    control: &ControlConfig,
    steps: &Steps,
    (field, points): (&str, &[ViaPoint]),
) -> Result<Reference, FieldError> {
    let limits = &control.limits;
    let within = |bounds: &[f64], sign: f64| bounds.iter().zip(&limits.margin).map(|(b, m)| b + sign * m).collect();
    let start = |position: &f64| vec![Knot { time: 0., position: *position, velocity: Some(0.) }];
    let mut way = Way {
        names,
        control,
        knots: control.start_posture.iter().map(start).collect(),
        lower: within(&limits.lower, 1.),
        upper: within(&limits.upper, -1.),
        ease: limits.velocity.iter().map(|v| if v.is_finite() { *v } else { 1. }).collect(),
    };
    let mut before = 0.;
    for (i, point) in points.iter().enumerate() {
        let field = format!("{field}[{i}]");
        if point.time <= before {
            let expected = format!("later than the point before, {before} s");
            return Err(FieldError::value(format!("{field}.time"), point.time, expected));
        }
        if point.time > steps.length() + 1e-9 {
            let expected = format!("at most the stroke's end, {} s", steps.length());
            return Err(FieldError::value(format!("{field}.time"), point.time, expected));
        }
        way.pass(&field, point)?;
        before = point.time;
    }
    way.stop_by(steps.length());
    let cycles = steps.horizon * control.decimation;
    let motions: Vec<JointPath> = way.knots.iter().map(|knots| JointPath::through(knots)).collect();
    let mut reference =
        Reference { goal_time: if before > 0. { before } else { steps.length() }, ..Reference::default() };
    for cycle in 0..=cycles {
        reference.push(motions.iter().map(|motion| motion.at(cycle as f64 * control.period)));
    }
    Ok(reference)
}

impl Way<'_> {
    fn add(&mut self, joint: usize, knot: Knot) {
        self.knots[joint].push(knot);
    }

    /// Positions of the joints at their last knots (n).
    fn posture(&self) -> Vec<f64> {
        self.knots.iter().filter_map(|knots| knots.last()).map(|knot| knot.position).collect()
    }

    /// Adds the knots of a point.
    fn pass(&mut self, field: &str, point: &ViaPoint) -> Result<(), FieldError> {
        let ViaPoint { time, joints, joint_velocities, link, point: _, position, velocity } = point;
        match (joints, link) {
            (Some(_), Some(_)) => Err(FieldError::value(field, "joints and link", "one of them")),
            (None, None) => Err(FieldError::Missing {
                field: format!("{field}.joints"),
                expected: "joints, or link and position".into(),
            }),
            (Some(posture), None) => {
                if position.is_some() || velocity.is_some() || point.point.is_some() {
                    let expected = "the name of a link, as its point, position or velocity is given".into();
                    return Err(FieldError::Missing { field: format!("{field}.link"), expected });
                }
                let positions = match posture.named() {
                    Some(named) => self.names.joints(&format!("{field}.joints"), named)?,
                    None => self.control.start_posture.iter().copied().enumerate().collect(),
                };
                let velocities_field = format!("{field}.joint_velocities");
                let velocities = match joint_velocities {
                    Some(named) => self.names.joints(&velocities_field, named)?,
                    None => vec![],
                };
                if let Some((joint, _)) =
                    velocities.iter().find(|(j, _)| !positions.iter().any(|(other, _)| other == j))
                {
                    let name = &self.names.model.joints()[*joint].name;
                    let hint = format!("it has no position in {field}.joints");
                    return Err(FieldError::Unknown { field: format!("{velocities_field}.{name}"), hint });
                }
                for (joint, position) in positions {
                    let velocity = velocities.iter().find(|(other, _)| *other == joint).map(|(_, velocity)| *velocity);
                    self.add(joint, Knot { time: *time, position, velocity });
                }
                Ok(())
            }
            (None, Some(link)) => {
                if joint_velocities.is_some() {
                    let expected = "none beside a link: its own velocity is `velocity`";
                    return Err(FieldError::value(format!("{field}.joint_velocities"), "given", expected));
                }
                self.reach(field, point, link)
            }
        }
    }

    fn reach(&mut self, field: &str, point: &ViaPoint, link: &str) -> Result<(), FieldError> {
        let frame = self.names.link(&format!("{field}.link"), link)?;
        let Some(goal) = point.position else {
            let expected = "where the link is to be (x, y, z)".into();
            return Err(FieldError::Missing { field: format!("{field}.position"), expected });
        };
        let reach = Reach {
            model: self.names.model,
            frame,
            point: Point3::from(point.point.unwrap_or_default()),
            lower: &self.lower,
            upper: &self.upper,
            ease: &self.ease,
        };
        let written = |v: &Vector3<f64>| format!("({:.3}, {:.3}, {:.3})", v.x, v.y, v.z);
        let goal = Vector3::from(goal);
        let positions = reach.positions(&goal, &self.posture()).map_err(|OutOfReach { by, nearest }| {
            let expected = format!(
                "a point in reach of {link}: within the joints' bounds it comes no nearer than {by:.3} m, at {} m",
                written(&nearest)
            );
            FieldError::value(format!("{field}.position"), written(&goal), expected)
        })?;
        let velocities = match point.velocity.map(Vector3::from) {
            None => None,
            Some(velocity) => Some(reach.velocities(&positions, &velocity).map_err(|most| {
                let expected = format!("a velocity that {link} can have there: the nearest is {} m/s", written(&most));
                FieldError::value(format!("{field}.velocity"), written(&velocity), expected)
            })?),
        };
        for (joint, position) in positions.into_iter().enumerate() {
            let velocity = velocities.as_ref().map(|velocities| velocities[joint]);
            self.add(joint, Knot { time: point.time, position, velocity });
        }
        Ok(())
    }

    /// Brings every joint to rest by `end`. A joint without a velocity at its last knot stops
    /// there. Any other joint moves on, within its bounds, until `end`.
    fn stop_by(&mut self, end: f64) {
        for (joint, knots) in self.knots.iter_mut().enumerate() {
            let Some(last) = knots.last_mut() else { continue };
            let velocity = *last.velocity.get_or_insert(0.);
            let left = end - last.time;
            if velocity != 0. && left > 1e-9 {
                let position = last.position + 0.5 * velocity * left;
                // The configuration check ensures that the bounds are further apart than their
                // margins.
                let position = position.max(self.lower[joint]).min(self.upper[joint]);
                knots.push(Knot { time: end, position, velocity: Some(0.) });
            }
        }
    }
}

/// The motion of one joint.
struct JointPath {
    /// Start of each piece.
    pieces: Vec<(f64, Quintic)>,
    start: f64,
}

impl JointPath {
    fn through(knots: &[Knot]) -> Self {
        let velocities: Vec<f64> = (0..knots.len()).map(|i| velocity(knots, i)).collect();
        let piece = |i: usize| {
            let (from, to) = (&knots[i], &knots[i + 1]);
            let quintic =
                Quintic::new((from.position, velocities[i]), (to.position, velocities[i + 1]), to.time - from.time);
            (from.time, quintic)
        };
        Self { pieces: (0..knots.len() - 1).map(piece).collect(), start: knots[0].position }
    }

    /// Position, velocity and acceleration.
    fn at(&self, time: f64) -> (f64, f64, f64) {
        let piece = self.pieces.iter().rev().find(|(begin, _)| *begin <= time);
        piece.map_or((self.start, 0., 0.), |(begin, quintic)| quintic.at(time - begin))
    }
}

/// The velocity at a knot: the given one, or that of a smooth passage. A smooth passage has the
/// weighted harmonic mean of the mean velocities before and after the knot, and zero where the
/// joint reverses (Fritsch and Butland 1984).
fn velocity(knots: &[Knot], i: usize) -> f64 {
    let slope = |a: &Knot, b: &Knot| (b.position - a.position) / (b.time - a.time);
    match (knots[i].velocity, i.checked_sub(1).map(|before| &knots[before]), knots.get(i + 1)) {
        (Some(velocity), ..) => velocity,
        (None, Some(before), Some(after)) => {
            let (left, right) = (slope(before, &knots[i]), slope(&knots[i], after));
            if left * right <= 0. {
                return 0.;
            }
            let (a, b) = (knots[i].time - before.time, after.time - knots[i].time);
            3. * (a + b) / ((2. * b + a) / left + (b + 2. * a) / right)
        }
        // The first and the last knot have a given velocity.
        _ => 0.,
    }
}
