//! What the page of a run shows.

use serde::Serialize;

use super::{Deadlines, PageArm, PageMark, PageTrial};
use crate::control::LimitsConfig;
use crate::dynamics::{Joint, JointKind, Model};
use crate::policy::StoredLaw;
use crate::report::IterationMetrics;
use crate::storage::RunInfo;

/// A run, as the page's data.
#[derive(Clone, Debug, Serialize)]
pub struct RunPage {
    /// What is learned.
    pub title: String,
    /// Robot, task, seed and command line.
    pub info: RunInfo,
    /// Text of the configuration.
    pub config: String,
    /// The joints, in the order of all values of joints.
    pub joints: Vec<PageJoint>,
    /// The arm.
    pub arm: PageArm,
    /// Duration of a policy step, s.
    pub step: f64,
    /// The iterations. Those before the last are without their values per step.
    pub iterations: Vec<IterationMetrics>,
    /// The law learned last; `None` if it has no gains per step.
    pub gains: Option<PageGains>,
    /// Trials to look at, in the order of their numbers.
    pub trials: Vec<PageTrial>,
    /// Where strokes came, of trials spread over the run.
    pub marks: Vec<PageMark>,
    /// The loop's deadlines; empty if no trial ran on the wall clock.
    pub deadlines: Vec<Deadlines>,
    /// Files of trials: their number and their size, bytes.
    pub stored: (usize, u64),
}

/// A joint.
#[derive(Clone, Debug, Serialize)]
pub struct PageJoint {
    /// Its name.
    pub name: String,
    /// Whether it slides.
    pub prismatic: bool,
    /// Largest effort that the limits let through, N m or N.
    pub effort: Option<f64>,
}

impl PageJoint {
    /// The joints of a robot under these limits.
    pub fn all(model: &Model, limits: &LimitsConfig) -> Vec<Self> {
        let joint = |(joint, effort): (&Joint, &f64)| Self {
            name: joint.name.clone(),
            prismatic: joint.kind == JointKind::Prismatic,
            effort: effort.is_finite().then_some(*effort),
        };
        model.joints().iter().zip(&limits.effort).map(joint).collect()
    }
}

/// Feedback and exploration of a linear-Gaussian policy, of each joint's action to its own position
/// and velocity, in units of the action.
#[derive(Clone, Debug, Serialize)]
pub struct PageGains {
    /// Action per position (step, joint).
    position: Vec<Vec<f64>>,
    /// Action per velocity (step, joint).
    velocity: Vec<Vec<f64>>,
    /// Standard deviation of the exploration (step, joint).
    deviation: Vec<Vec<f64>>,
}

impl PageGains {
    /// The gains of a law whose state begins with the positions and velocities of `joints` joints.
    pub fn of(law: &StoredLaw, joints: usize) -> Option<Self> {
        let StoredLaw::Policy(policy) = law else { return None };
        let fits = policy.state_dim() >= 2 * joints && policy.action_dim() == joints;
        let row = |value: &dyn Fn(usize) -> f64| (0..joints).map(value).collect::<Vec<f64>>();
        fits.then(|| Self {
            position: policy.steps.iter().map(|law| row(&|j| law.gain[(j, j)])).collect(),
            velocity: policy.steps.iter().map(|law| row(&|j| law.gain[(j, joints + j)])).collect(),
            deviation: policy.steps.iter().map(|law| row(&|j| law.covariance[(j, j)].sqrt())).collect(),
        })
    }
}
