//! Movement primitives in the form of the control loop: joint trajectories that are linear in a few
//! parameters. The parameters are drawn once per stroke.
//!
//! Position, velocity and acceleration of joint j at each cycle are
//! `base_j + response_goal * g_j + response_velocity * v_j`, with the parameters `(g, v)` of all
//! joints (2 n). A dynamic movement primitive gives such trajectories for goals g and goal
//! velocities v, if the goal does not scale its forcing term ([`super::Dmp`]). The parameters are
//! linear-Gaussian in the policy's state at the start of the stroke, so they may depend on the
//! task's values at that time (Kupcsik et al. 2013).

use super::{CompiledPolicy, LinearGaussian, Policy, PolicyError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Position, velocity and acceleration.
pub type Motion = [f64; 3];

/// The shape of a movement: joint trajectories linear in goals and goal velocities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Primitive {
    /// Trajectory at zero goals and goal velocities (cycle x joint).
    pub base: Vec<Vec<Motion>>,
    /// Change of a joint's trajectory per unit of its goal (cycle); the same for all joints.
    pub goal_response: Vec<Motion>,
    /// Change of a joint's trajectory per unit of its goal velocity (cycle); the same for all
    /// joints.
    pub velocity_response: Vec<Motion>,
}

impl Primitive {
    /// Joints n.
    pub fn joints(&self) -> usize {
        self.base.first().map_or(0, Vec::len)
    }

    /// Number of control cycles.
    pub fn cycles(&self) -> usize {
        self.base.len()
    }

    /// Desired state of joint `joint` in a cycle under `parameters` (2 n: goals, goal velocities).
    /// Real-time safe.
    ///
    /// # Panics
    /// If an index is out of range. The loop checks the indices when it accepts a trial.
    pub fn at(&self, cycle: usize, joint: usize, parameters: &[f64]) -> Motion {
        let (goal, velocity) = (parameters[joint], parameters[parameters.len() / 2 + joint]);
        let (base, goals, velocities) =
            (&self.base[cycle][joint], &self.goal_response[cycle], &self.velocity_response[cycle]);
        std::array::from_fn(|k| base[k] + goals[k] * goal + velocities[k] * velocity)
    }

    fn is_finite(&self) -> bool {
        let all = self.base.iter().flatten().chain(&self.goal_response).chain(&self.velocity_response);
        all.flatten().all(|x| x.is_finite())
    }
}

/// A movement laid out for the control loop.
#[derive(Clone, Debug)]
pub struct CompiledMovement {
    primitive: Arc<Primitive>,
    /// A policy of one step: parameters (2 n) from the state at the start of the stroke.
    parameters: CompiledPolicy,
    horizon: usize,
}

impl CompiledMovement {
    /// A movement of `horizon` policy steps. Its parameters are drawn from `search`, N(gain s +
    /// bias, covariance), where s is the state at the start of the stroke (2 n x state).
    ///
    /// # Errors
    /// An invalid distribution or primitive.
    pub fn new(primitive: Arc<Primitive>, search: LinearGaussian, horizon: usize) -> Result<Self, PolicyError> {
        let parameters = CompiledPolicy::new(&Policy { steps: vec![search] })?;
        let (joints, cycles) = (primitive.joints(), primitive.cycles());
        let even = primitive.base.iter().all(|row| row.len() == joints)
            && primitive.goal_response.len() == cycles
            && primitive.velocity_response.len() == cycles
            && parameters.action_dim() == 2 * joints
            && horizon > 0
            && cycles.is_multiple_of(horizon);
        if !even || !primitive.is_finite() {
            return Err(PolicyError::Movement { cycles, joints, parameters: parameters.action_dim(), horizon });
        }
        Ok(Self { primitive, parameters, horizon })
    }

    /// The trajectory's shape.
    pub fn primitive(&self) -> &Primitive {
        &self.primitive
    }

    /// Draws the parameters (2 n) from a state and standard normal draws (2 n). Real-time safe.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn draw(&self, state: &[f64], noise: &[f64], parameters: &mut [f64]) {
        self.parameters.action(0, state, noise, parameters);
    }
}

/// The law of a stroke.
#[derive(Clone, Debug)]
pub enum Law {
    /// Feedback on the state, step by step. The effort is held within a step.
    Policy(Arc<CompiledPolicy>),
    /// A trajectory that is fixed at the start of the stroke and tracked in every cycle.
    Movement(Arc<CompiledMovement>),
}

impl Law {
    /// Number of policy steps T.
    pub fn horizon(&self) -> usize {
        match self {
            Self::Policy(policy) => policy.horizon(),
            Self::Movement(movement) => movement.horizon,
        }
    }

    /// State dimension d_s.
    pub fn state_dim(&self) -> usize {
        match self {
            Self::Policy(policy) => policy.state_dim(),
            Self::Movement(movement) => movement.parameters.state_dim(),
        }
    }

    /// Action dimension d_a: the number of joints.
    pub fn action_dim(&self) -> usize {
        match self {
            Self::Policy(policy) => policy.action_dim(),
            Self::Movement(movement) => movement.primitive.joints(),
        }
    }

    /// Number of standard normal draws of a stroke: one per step and action entry, or one per
    /// parameter of the movement.
    pub fn noise_len(&self) -> usize {
        match self {
            Self::Policy(policy) => policy.horizon() * policy.action_dim(),
            Self::Movement(movement) => movement.parameters.action_dim(),
        }
    }

    /// Parameters that a rollout draws once, from its first state and its standard normal draws;
    /// empty if the law draws at every step.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn parameters(&self, state: &[f64], noise: &[f64]) -> Vec<f64> {
        match self {
            Self::Policy(_) => Vec::new(),
            Self::Movement(movement) => {
                let mut parameters = vec![0.; noise.len()];
                movement.draw(state, noise, &mut parameters);
                parameters
            }
        }
    }

    /// Number of control cycles of the law; `None` if the law fits any number.
    pub fn cycles(&self) -> Option<usize> {
        match self {
            Self::Policy(_) => None,
            Self::Movement(movement) => Some(movement.primitive.cycles()),
        }
    }
}

impl From<Arc<CompiledPolicy>> for Law {
    fn from(policy: Arc<CompiledPolicy>) -> Self {
        Self::Policy(policy)
    }
}

impl From<CompiledPolicy> for Law {
    fn from(policy: CompiledPolicy) -> Self {
        Self::Policy(Arc::new(policy))
    }
}

impl From<CompiledMovement> for Law {
    fn from(movement: CompiledMovement) -> Self {
        Self::Movement(Arc::new(movement))
    }
}
