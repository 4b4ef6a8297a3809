//! Parameters of the swing-ups.

use super::SwingUpError;
use crate::simulation::check_range;
use serde::{Deserialize, Serialize};

/// The chain that swings up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// Two links.
    Double,
    /// Four links.
    Quad,
}

/// How the mass of a link is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkInertia {
    /// m l^2 / 3 about the centre of mass, as in the figures published for these tasks.
    Published,
    /// m l^2 / 12, a uniform rod: the links answer faster and the task is harder.
    UniformRods,
}

/// A soft limit of the joints but the first: beyond it the policy's torque is ignored and a linear feedback controller pushes
/// the joint back, within the torque limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointLimit {
    /// Largest angle to either side, rad, in (0, 2 pi]. Default 2 pi / 3.
    pub angle: f64,
    /// Torque per angle beyond the limit, N m/rad, in (0, 1e4]. Default 100.
    pub stiffness: f64,
    /// Torque against the joint's velocity beyond the limit, N m s/rad, in [0, 1e3]. Default 10.
    pub damping: f64,
}

impl Default for JointLimit {
    fn default() -> Self {
        Self { angle: 2. / 3. * std::f64::consts::PI, stiffness: 100., damping: 10. }
    }
}

/// A swing-up (Akrour et al. 2018, section 6.1; what the paper leaves open is this project's choice).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwingUpConfig {
    /// The chain.
    pub chain: Chain,
    /// How the mass of its links is spread.
    pub inertia: LinkInertia,
    /// Policy steps T, in [1, 10000]. Default 100.
    pub horizon: usize,
    /// Duration of a policy step, s, in [1e-4, 1]; the torque is held in it. Default 0.05.
    pub step: f64,
    /// Runge-Kutta steps in a policy step, in [1, 1000]. Default 5.
    pub substeps: usize,
    /// Largest torque at a joint, N m, in (0, 1e4]. Default 25.
    pub torque_limit: f64,
    /// Soft limit of the joints but the first; none by default.
    pub joint_limit: Option<JointLimit>,
    /// Standard deviation of every component of the start around hanging at rest, rad and rad/s, in [0, 1]. Default 0.01.
    pub start_deviation: f64,
    /// Steps at the end in which the distance from the goal costs, in [0, horizon]; the final state costs as well. Default 20.
    pub rewarded_steps: usize,
    /// Cost of a squared angle, 1/rad^2, in [0, 1e6]. Default 1.
    pub position_weight: f64,
    /// Cost of a squared velocity, s^2/rad^2, in [0, 1e6]. Default 0.1.
    pub velocity_weight: f64,
    /// Cost of a squared torque, before it is limited, 1/(N m)^2, in [0, 1e6]; at every step. Default 1e-4.
    pub action_weight: f64,
    /// Standard deviation of the first policy's torques, N m, in (0, 1e4]. Default 5.
    pub initial_deviation: f64,
    /// A swing-up succeeded if every angle is this near to upright at the end, rad, in (0, pi]. Default 0.2.
    pub success_angle: f64,
}

impl Default for SwingUpConfig {
    fn default() -> Self {
        Self {
            chain: Chain::Double,
            inertia: LinkInertia::Published,
            horizon: 100,
            step: 0.05,
            substeps: 5,
            torque_limit: 25.,
            joint_limit: None,
            start_deviation: 0.01,
            rewarded_steps: 20,
            position_weight: 1.,
            velocity_weight: 0.1,
            action_weight: 1e-4,
            initial_deviation: 5.,
            success_angle: 0.2,
        }
    }
}

impl SwingUpConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn validate(&self) -> Result<(), SwingUpError> {
        const LEAST: f64 = f64::MIN_POSITIVE;
        check_range("horizon", self.horizon as f64, 1., 1e4)?;
        check_range("step", self.step, 1e-4, 1.)?;
        check_range("substeps", self.substeps as f64, 1., 1e3)?;
        check_range("torque_limit", self.torque_limit, LEAST, 1e4)?;
        check_range("start_deviation", self.start_deviation, 0., 1.)?;
        check_range("rewarded_steps", self.rewarded_steps as f64, 0., self.horizon as f64)?;
        check_range("position_weight", self.position_weight, 0., 1e6)?;
        check_range("velocity_weight", self.velocity_weight, 0., 1e6)?;
        check_range("action_weight", self.action_weight, 0., 1e6)?;
        check_range("initial_deviation", self.initial_deviation, LEAST, 1e4)?;
        check_range("success_angle", self.success_angle, LEAST, std::f64::consts::PI)?;
        if let Some(limit) = &self.joint_limit {
            check_range("joint_limit.angle", limit.angle, LEAST, std::f64::consts::TAU)?;
            check_range("joint_limit.stiffness", limit.stiffness, LEAST, 1e4)?;
            check_range("joint_limit.damping", limit.damping, 0., 1e3)?;
        }
        Ok(())
    }

    /// The robot description of the chain.
    pub(super) fn urdf(&self) -> &'static str {
        match (self.chain, self.inertia) {
            (Chain::Double, LinkInertia::Published) => include_str!("../../../urdf/double_link.urdf"),
            (Chain::Double, LinkInertia::UniformRods) => include_str!("../../../urdf/double_link_rods.urdf"),
            (Chain::Quad, LinkInertia::Published) => include_str!("../../../urdf/quad_link.urdf"),
            (Chain::Quad, LinkInertia::UniformRods) => include_str!("../../../urdf/quad_link_rods.urdf"),
        }
    }
}
