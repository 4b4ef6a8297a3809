//! Settings of the learner.

use super::{Descent, NaturalStep, Trpo};
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Form of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyForm {
    /// The mean is a network of state and time; one deviation per action entry.
    Neural,
    /// A linear law per step; one deviation per action entry and step.
    LinearGaussian,
}

/// Form of the value function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueForm {
    /// A network of state and time.
    Neural,
    /// A quadratic per step, by backward regression with a cross-validated ridge.
    Quadratic,
}

/// Trust region policy optimisation (Schulman et al. 2015), with generalised advantages.
///
/// A policy, of either form, draws in units of the exploration of the task's first policy, around
/// its mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrpoConfig {
    /// Form of the policy.
    pub policy: PolicyForm,
    /// Form of the value function.
    pub value: ValueForm,
    /// Bound on the mean KL of the old from the new policy. The line search accepts up to 1.5 times
    /// as much.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats per step"))]
    pub max_kl: f64,
    /// Most iterations of conjugate gradients.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub conjugate_gradients: usize,
    /// Multiple of the identity that is added to the Fisher matrix. A linear-Gaussian policy needs
    /// a small one: each step has parameters of its own, with a small share of the samples.
    #[schemars(extend("minimum" = 0, "maximum" = 1000))]
    pub damping: f64,
    /// The Fisher matrix is that of every n-th sample. Must be 1 for a linear-Gaussian policy, which
    /// has parameters of its own at every step.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub fisher_every: usize,
    /// Discount of later rewards in advantages and values. Returns are reported without.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub discount: f64,
    /// Decay of later temporal differences in the advantages.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub lambda: f64,
    /// Units in each of the two hidden layers of a network.
    #[schemars(extend("minimum" = 1, "maximum" = 64))]
    pub hidden: usize,
    /// Passes over a batch in the fit of a neural value function.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub value_epochs: usize,
    /// Samples of a gradient in the fit of a neural value function.
    #[schemars(extend("minimum" = 1, "maximum" = 1000000))]
    pub value_batch: usize,
    /// Step size of Adam in the fit of a neural value function.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub value_rate: f64,
}

impl Default for TrpoConfig {
    fn default() -> Self {
        Self {
            policy: PolicyForm::Neural,
            value: ValueForm::Neural,
            max_kl: 0.01,
            conjugate_gradients: 10,
            damping: 0.1,
            fisher_every: 5,
            discount: 0.99,
            lambda: 0.98,
            hidden: 32,
            value_epochs: 5,
            value_batch: 64,
            value_rate: 1e-3,
        }
    }
}

impl TrpoConfig {
    /// Parameters of the policy's step.
    pub fn step(&self) -> NaturalStep {
        let Self { max_kl, conjugate_gradients: iterations, damping, fisher_every, .. } = *self;
        NaturalStep { max_kl, iterations, damping, fisher_every }
    }

    /// Parameters of the value network's fit.
    pub fn descent(&self) -> Descent {
        Descent { epochs: self.value_epochs, batch: self.value_batch, rate: self.value_rate }
    }
}

impl LearnerSettings for TrpoConfig {
    const NAME: &'static str = "trpo";

    fn check(&self) -> Result<(), FieldError> {
        if self.policy == PolicyForm::LinearGaussian && self.fisher_every != 1 {
            let expected = "1 with policy: linear_gaussian, which has parameters of its own at every step";
            return Err(FieldError::value("fisher_every", self.fisher_every, expected));
        }
        Ok(())
    }

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(Trpo::new(self.clone(), start)?))
    }
}
