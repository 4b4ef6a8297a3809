//! Settings of the swing-ups.

use moto_settings::{FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The chain that swings up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// Two links.
    Double,
    /// Four links.
    Quad,
}

/// Distribution of a link's mass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkInertia {
    /// m l^2 / 3 about the centre of mass, as in the published figures of these tasks.
    Published,
    /// m l^2 / 12, a uniform rod. The links answer faster, which makes the task harder.
    UniformRods,
}

/// A soft limit of every joint but the first. Beyond the limit a linear feedback controller
/// replaces the policy's torque and pushes the joint back, within the torque limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JointLimit {
    /// Largest angle to either side.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = std::f64::consts::TAU, "x-unit" = "rad"))]
    pub angle: f64,
    /// Torque per angle beyond the limit.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10000, "x-unit" = "N m/rad"))]
    pub stiffness: f64,
    /// Torque per joint velocity, against the velocity, beyond the limit.
    #[schemars(extend("minimum" = 0, "maximum" = 1000, "x-unit" = "N m s/rad"))]
    pub damping: f64,
}

impl Default for JointLimit {
    fn default() -> Self {
        Self { angle: 2. / 3. * std::f64::consts::PI, stiffness: 100., damping: 10. }
    }
}

/// State that the reward is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The chain upright at rest, in the last `rewarded_steps` steps and at the end.
    RestAtTheEnd,
    /// The tip above the first joint, at every step and at the end: the squared distance of the tip
    /// from upright, whatever the velocity (the reward of the paper's comparison with TRPO).
    TipAlways,
}

/// A swing-up (Akrour et al. 2018, section 6.1). Choices that the paper leaves open are this
/// project's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SwingUpConfig {
    /// The chain.
    pub chain: Chain,
    /// Distribution of the links' mass.
    pub inertia: LinkInertia,
    /// Number of policy steps T.
    #[schemars(extend("minimum" = 1, "maximum" = 10000))]
    pub horizon: usize,
    /// Duration of a policy step. The torque is constant within a step.
    #[schemars(extend("minimum" = 1e-4, "maximum" = 1, "x-unit" = "s"))]
    pub step: f64,
    /// Runge-Kutta steps per policy step.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub substeps: usize,
    /// Largest torque at a joint.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10000, "x-unit" = "N m"))]
    pub torque_limit: f64,
    /// Soft limit of every joint but the first. The default is no limit.
    pub joint_limit: Option<JointLimit>,
    /// Standard deviation of each angle and velocity at the start, around hanging at rest.
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "rad and rad/s"))]
    pub start_deviation: f64,
    /// State that the reward is for.
    pub goal: Goal,
    /// Number of final steps in which the distance from the goal has a cost, at most `horizon`. The
    /// final state has this cost too. Not used by the goal `tip_always`.
    #[schemars(extend("minimum" = 0))]
    pub rewarded_steps: usize,
    /// Cost of a squared angle. Not used by the goal `tip_always`.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000, "x-unit" = "1/rad^2"))]
    pub position_weight: f64,
    /// Cost of a squared velocity. Not used by the goal `tip_always`.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000, "x-unit" = "s^2/rad^2"))]
    pub velocity_weight: f64,
    /// Cost of the tip's squared distance from upright, in lengths of a link. Used by the goal
    /// `tip_always`.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000, "x-unit" = "per squared link"))]
    pub tip_weight: f64,
    /// Cost of a squared torque at every step. The torque counts before it is limited.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000, "x-unit" = "1/(N m)^2"))]
    pub action_weight: f64,
    /// Standard deviation of the first policy's torques.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10000, "x-unit" = "N m"))]
    pub initial_deviation: f64,
    /// Largest distance of every angle from upright at the end of a successful swing-up.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3.2, "x-unit" = "rad"))]
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
            goal: Goal::RestAtTheEnd,
            rewarded_steps: 20,
            position_weight: 1.,
            velocity_weight: 0.1,
            tip_weight: 1.,
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
    pub fn validate(&self) -> Result<(), FieldError> {
        check(self, Joints::Unknown)?;
        let Self { rewarded_steps, horizon, .. } = *self;
        if rewarded_steps > horizon {
            return Err(FieldError::value("rewarded_steps", rewarded_steps, format!("at most the horizon, {horizon}")));
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
