//! The policy that a learner improves.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// The law of one step, `N(gain s + bias, covariance)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearGaussian {
    /// Feedback gain K (action x state).
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub gain: DMatrix<f64>,
    /// Bias k (action).
    pub bias: DVector<f64>,
    /// Exploration covariance Sigma (action x action), symmetric positive definite.
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub covariance: DMatrix<f64>,
}

/// One linear-Gaussian law per policy step.
///
/// ```
/// use moto_learners::policy::{CompiledPolicy, LinearGaussian, Policy};
/// use nalgebra::{dmatrix, dvector};
///
/// let law = LinearGaussian { gain: dmatrix![-2., -1.], bias: dvector![0.5], covariance: dmatrix![0.25] };
/// let policy = Policy { steps: vec![law; 10] };
/// assert_eq!((policy.horizon(), policy.state_dim(), policy.action_dim()), (10, 2, 1));
///
/// // The mean action at a state, and an action one standard deviation above the mean.
/// let compiled = CompiledPolicy::new(&policy)?;
/// let mut action = [0.];
/// compiled.action(3, &[1., 0.], &[0.], &mut action);
/// assert_eq!(action, [-1.5]);
/// compiled.action(3, &[1., 0.], &[1.], &mut action);
/// assert_eq!(action, [-1.]);
/// # Ok::<(), moto_learners::policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The laws, step 0 first (horizon).
    pub steps: Vec<LinearGaussian>,
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The policy has no step.
    #[error("the policy has no step")]
    Empty,
    /// A matrix has the wrong shape.
    #[error("policy step {step}: {field} is {rows} x {columns}, expected {expected_rows} x {expected_columns}")]
    Shape {
        /// Policy step.
        step: usize,
        /// `gain`, `bias` or `covariance`.
        field: &'static str,
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
        /// Rows expected.
        expected_rows: usize,
        /// Columns expected.
        expected_columns: usize,
    },
    /// An entry is NaN or infinite.
    #[error("policy step {step}: {field} has a non-finite entry")]
    NonFinite {
        /// Policy step.
        step: usize,
        /// `gain`, `bias` or `covariance`.
        field: &'static str,
    },
    /// The parts of a movement are inconsistent or not finite.
    #[error(
        "the movement has {cycles} cycles of {joints} joints and {parameters} parameters for {horizon} policy steps: expected \
         finite trajectories, cycles a multiple of the steps, and two parameters per joint"
    )]
    Movement {
        /// Control cycles of the primitive.
        cycles: usize,
        /// Number of joints of the primitive.
        joints: usize,
        /// Dimension of the parameters' distribution.
        parameters: usize,
        /// Policy steps.
        horizon: usize,
    },
    /// The parts of a network are inconsistent, too wide or not finite.
    #[error(
        "the policy's network has {inputs} inputs, {hidden} units per hidden layer, {outputs} outputs and {weights} weights: \
         expected a layer of 1 to 64 for the state and the time, for each hidden layer and for the action, finite weights that \
         fill them, and positive scales"
    )]
    Network {
        /// Inputs of the network.
        inputs: usize,
        /// Units per hidden layer.
        hidden: usize,
        /// Outputs of the network.
        outputs: usize,
        /// Number of weights.
        weights: usize,
    },
    /// The covariance has no Cholesky factor.
    #[error("policy step {step}: the covariance is not positive definite")]
    NotPositiveDefinite {
        /// Policy step.
        step: usize,
    },
}

impl Policy {
    /// Number of policy steps T.
    pub fn horizon(&self) -> usize {
        self.steps.len()
    }

    /// State dimension d_s (0 for an empty policy).
    pub fn state_dim(&self) -> usize {
        self.steps.first().map_or(0, |s| s.gain.ncols())
    }

    /// Action dimension d_a (0 for an empty policy).
    pub fn action_dim(&self) -> usize {
        self.steps.first().map_or(0, |s| s.gain.nrows())
    }

    /// Checks shapes, finiteness and positive definiteness of every step.
    ///
    /// # Errors
    /// The first step and field that is wrong.
    pub fn validate(&self) -> Result<(), PolicyError> {
        if self.steps.is_empty() {
            return Err(PolicyError::Empty);
        }
        let (da, ds) = (self.action_dim(), self.state_dim());
        for (step, law) in self.steps.iter().enumerate() {
            let shapes = [
                ("gain", law.gain.shape(), (da, ds)),
                ("bias", law.bias.shape(), (da, 1)),
                ("covariance", law.covariance.shape(), (da, da)),
            ];
            for (field, (rows, columns), (expected_rows, expected_columns)) in shapes {
                if (rows, columns) != (expected_rows, expected_columns) {
                    return Err(PolicyError::Shape { step, field, rows, columns, expected_rows, expected_columns });
                }
            }
            let finite = [
                ("gain", law.gain.iter().all(|x| x.is_finite())),
                ("bias", law.bias.iter().all(|x| x.is_finite())),
                ("covariance", law.covariance.iter().all(|x| x.is_finite())),
            ];
            if let Some((field, _)) = finite.into_iter().find(|(_, ok)| !ok) {
                return Err(PolicyError::NonFinite { step, field });
            }
            if law.covariance.clone().cholesky().is_none() {
                return Err(PolicyError::NotPositiveDefinite { step });
            }
        }
        Ok(())
    }
}
