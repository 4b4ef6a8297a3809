//! Episodic policy search: a Gaussian over the parameters of an episode, improved iteration by
//! iteration.
//!
//! [`MovementSearch`] searches the parameters of a movement primitive ([`Dmp`](crate::policy::Dmp))
//! by one of three methods: relative entropy policy search with or without context ([`reps`]),
//! model-based relative entropy stochastic search ([`more`]), or the latter by coordinate ascent
//! with step-size adaptation, with or without context ([`cas_more`]). Each method is a learner with
//! its own settings, [`RepsConfig`], [`MoreConfig`] and [`CasMoreConfig`].

pub mod cas_more;
pub mod more;
pub mod reps;
pub mod samples;

mod movement;
mod surrogate;

pub use movement::{MovementConfig, MovementSearch};

use self::cas_more::{CasMoreUpdate, EvolutionPath};
use self::more::MoreUpdate;
use self::reps::RepsUpdate;
use self::samples::{Episodes, Samples, effective};
use crate::learner::TOO_MANY;
use crate::moto::{MotoError, Ridge};
use crate::policy::{LinearGaussian, Policy, PolicyError};
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::{FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// REPS over the parameters of a movement primitive (Peters, Muelling and Altun 2010), with or
/// without context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepsConfig {
    /// Bound on the KL of the samples' weights.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon: f64,
    /// Number of iterations whose samples are used.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub stored_iterations: usize,
    /// Weight of a sample per iteration of age.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Share of the old covariance in the new covariance. It keeps the new covariance from
    /// collapsing onto few samples.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub inertia: f64,
    /// Whether the squares and products of the context are matched too. Without context there is
    /// nothing to match.
    pub quadratic_features: bool,
    /// The movement whose parameters are searched. Not used by a bare `EpisodicSearch`.
    pub movement: MovementConfig,
}

impl Default for RepsConfig {
    fn default() -> Self {
        Self {
            epsilon: 0.7,
            stored_iterations: 10,
            sample_decay: 0.9,
            inertia: 0.3,
            quadratic_features: false,
            movement: MovementConfig::default(),
        }
    }
}

/// MORE over the parameters of a movement primitive (Abdolmaleki et al. 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MoreConfig {
    /// Bound on the KL of the search distribution.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon: f64,
    /// Largest loss of entropy per iteration.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub beta0: f64,
    /// Number of iterations whose samples are used.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub stored_iterations: usize,
    /// Weight of a sample per iteration of age.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Penalty of the surrogate's linear terms relative to its quadratic terms.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub linear_penalty: f64,
    /// The movement whose parameters are searched, without context. Not used by a bare
    /// `EpisodicSearch`.
    pub movement: MovementConfig,
}

impl Default for MoreConfig {
    fn default() -> Self {
        Self {
            epsilon: 1.,
            beta0: 0.5,
            stored_iterations: 10,
            sample_decay: 0.9,
            linear_penalty: 0.1,
            movement: MovementConfig::default(),
        }
    }
}

/// CAS-MORE over the parameters of a movement primitive (Huettenrauch and Neumann 2024), with or
/// without context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CasMoreConfig {
    /// Bound on the KL of the mean.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon_mean: f64,
    /// Bound on the KL of the covariance; null for `1.5 / (10 + n^1.5)` with n parameters.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon_covariance: Option<f64>,
    /// Share of the newest step in the evolution path; null for `1 / (2 + n^0.7)`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub path_share: Option<f64>,
    /// Number of iterations whose samples are used.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub stored_iterations: usize,
    /// Weight of a sample per iteration of age.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Penalty of the surrogate's linear terms relative to its quadratic terms.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub linear_penalty: f64,
    /// The movement whose parameters are searched. Not used by a bare `EpisodicSearch`.
    pub movement: MovementConfig,
}

impl Default for CasMoreConfig {
    fn default() -> Self {
        Self {
            epsilon_mean: 0.5,
            epsilon_covariance: None,
            path_share: None,
            stored_iterations: 10,
            sample_decay: 1.,
            linear_penalty: 0.1,
            movement: MovementConfig::default(),
        }
    }
}

impl CasMoreConfig {
    /// The update of a search over this number of parameters, with the paper's rules where a value
    /// is left open.
    pub fn update(&self, parameters: usize) -> CasMoreUpdate {
        let n = parameters as f64;
        CasMoreUpdate {
            epsilon_mean: self.epsilon_mean,
            epsilon_covariance: self.epsilon_covariance.unwrap_or(1.5 / (10. + n.powf(1.5))),
            path_share: self.path_share.unwrap_or(1. / (2. + n.powf(0.7))),
            ridge: Ridge::CrossValidated,
            linear_penalty: self.linear_penalty,
        }
    }
}

impl LearnerSettings for CasMoreConfig {
    const NAME: &'static str = "cas_more";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(MovementSearch::new(EpisodicMethod::CasMore(self.clone()), start)?))
    }
}

impl LearnerSettings for RepsConfig {
    const NAME: &'static str = "reps";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(MovementSearch::new(EpisodicMethod::Reps(self.clone()), start)?))
    }
}

impl LearnerSettings for MoreConfig {
    const NAME: &'static str = "more";

    fn check(&self) -> Result<(), FieldError> {
        if self.movement.context {
            return Err(FieldError::value("movement.context", true, "false: MORE searches without context"));
        }
        Ok(())
    }

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(MovementSearch::new(EpisodicMethod::More(self.clone()), start)?))
    }
}

/// A method of episodic search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EpisodicMethod {
    /// [`reps`].
    Reps(RepsConfig),
    /// [`more`].
    More(MoreConfig),
    /// [`cas_more`].
    CasMore(CasMoreConfig),
}

/// Why a search cannot start or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EpisodicError {
    /// A parameter is out of range.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// The initial distribution cannot be used.
    #[error("the initial distribution: {0}")]
    Initial(#[from] PolicyError),
    /// MORE takes no context; the value is the number of context entries.
    #[error("MORE searches without context, but the distribution has a context of dimension {0}")]
    Context(usize),
    /// The episodes do not fit the distribution, or hold a non-finite value.
    #[error(
        "episodes of {parameters} parameters, {contexts} context values and {returns} returns, expected {expected_parameters}, \
         {expected_contexts} and one finite return per episode"
    )]
    Episodes {
        /// Rows of parameters.
        parameters: usize,
        /// Rows of contexts.
        contexts: usize,
        /// Number of returns.
        returns: usize,
        /// Rows of parameters expected.
        expected_parameters: usize,
        /// Rows of contexts expected.
        expected_contexts: usize,
    },
    /// The surrogate or the update of MORE or CAS-MORE cannot be computed.
    #[error("the search: {0}")]
    More(#[from] MotoError),
}

impl EpisodicMethod {
    fn reuse(&self) -> (usize, f64) {
        match self {
            Self::Reps(c) => (c.stored_iterations, c.sample_decay),
            Self::More(c) => (c.stored_iterations, c.sample_decay),
            Self::CasMore(c) => (c.stored_iterations, c.sample_decay),
        }
    }

    fn movement(&self) -> &MovementConfig {
        match self {
            Self::Reps(c) => &c.movement,
            Self::More(c) => &c.movement,
            Self::CasMore(c) => &c.movement,
        }
    }
}

/// Report of an iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodicReport {
    /// KL of the update, nats: of the samples' weights (REPS) or of the search distribution (MORE); the
    /// sum of both bounded KLs (CAS-MORE).
    pub kl: f64,
    /// Entropy of the new search distribution, nats.
    pub entropy: f64,
    /// Effective sample size of the fit.
    pub effective_samples: f64,
    /// Whether the samples were too few to fit a distribution. The old distribution was then kept.
    pub too_few: bool,
}

/// A search with its full state. A serialised copy continues elsewhere to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodicSearch {
    method: EpisodicMethod,
    law: LinearGaussian,
    iteration: usize,
    /// Stored iterations, oldest first.
    store: Vec<Episodes>,
    /// Evolution path of [`cas_more`]; the others leave it as it is.
    path: EvolutionPath,
}

impl EpisodicSearch {
    /// A search that starts from a linear-Gaussian distribution of the parameters (parameter x
    /// context).
    ///
    /// # Errors
    /// The first parameter that is out of range, or a distribution that cannot be used.
    pub fn new(method: EpisodicMethod, initial: LinearGaussian) -> Result<Self, EpisodicError> {
        check(&method, Joints::Unknown)?;
        let policy = Policy { steps: vec![initial.clone()] };
        policy.validate()?;
        match method {
            EpisodicMethod::More(_) if policy.state_dim() > 0 => Err(EpisodicError::Context(policy.state_dim())),
            _ => {
                let path = EvolutionPath::new(initial.bias.len());
                Ok(Self { method, law: initial, iteration: 0, store: Vec::new(), path })
            }
        }
    }

    /// The method.
    pub fn method(&self) -> &EpisodicMethod {
        &self.method
    }

    /// The distribution of the next episodes' parameters.
    pub fn law(&self) -> &LinearGaussian {
        &self.law
    }

    /// Number of updates so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// One iteration from the episodes of [`Self::law`].
    ///
    /// # Errors
    /// Episodes of the wrong shape, or a surrogate that is not finite. The search is then
    /// unchanged.
    pub fn update(&mut self, episodes: Episodes) -> Result<EpisodicReport, EpisodicError> {
        self.check(&episodes)?;
        let (stored, decay) = self.method.reuse();
        let mut store = self.store.clone();
        store.push(episodes);
        store.drain(..store.len().saturating_sub(stored));
        let samples = Samples::new(&store, decay);
        let mut path = self.path.clone();
        let (law, kl, effective_samples) = match &self.method {
            EpisodicMethod::Reps(config) => {
                let RepsConfig { epsilon, quadratic_features, inertia, .. } = *config;
                let (law, solution) = RepsUpdate { epsilon, quadratic_features, inertia }.apply(&self.law, &samples);
                (law, solution.kl, solution.effective_samples())
            }
            EpisodicMethod::More(config) => {
                let MoreConfig { epsilon, beta0, linear_penalty, .. } = *config;
                let update = MoreUpdate { epsilon, beta0, ridge: Ridge::CrossValidated, linear_penalty };
                let (law, solution) = update.apply(&self.law, &samples)?;
                (Some(law), solution.kl, effective(&samples.weights))
            }
            EpisodicMethod::CasMore(config) => {
                let update = config.update(self.law.bias.len());
                let (law, new_path, solution) = update.apply(&self.law, &path, &samples)?;
                path = new_path;
                (Some(law), solution.kl_mean + solution.kl_covariance, effective(&samples.weights))
            }
        };
        let too_few = law.is_none();
        self.law = law.unwrap_or_else(|| self.law.clone());
        self.store = store;
        self.path = path;
        self.iteration += 1;
        let kl = if too_few { 0. } else { kl };
        Ok(EpisodicReport { kl, entropy: entropy(&self.law), effective_samples, too_few })
    }

    /// Whether a search that was read back is consistent, and has the same settings and dimensions
    /// as `other`. A sound search can be updated without a panic.
    fn is_sound(&self, other: &Self) -> bool {
        let policy = Policy { steps: vec![self.law.clone()] };
        self.method == other.method
            && self.law.gain.shape() == other.law.gain.shape()
            && policy.validate().is_ok()
            && self.iteration < TOO_MANY
            && self.path.is_sound(self.law.bias.len())
            && self.store.iter().all(|episodes| self.check(episodes).is_ok())
    }

    fn check(&self, episodes: &Episodes) -> Result<(), EpisodicError> {
        let Episodes { contexts, parameters, returns } = episodes;
        let count = returns.len();
        let shapes = (parameters.shape(), contexts.shape());
        let expected = ((self.law.gain.nrows(), count), (self.law.gain.ncols(), count));
        let finite = returns.iter().chain(parameters.iter()).chain(contexts.iter()).all(|x| x.is_finite());
        if shapes == expected && finite && count > 0 {
            return Ok(());
        }
        Err(EpisodicError::Episodes {
            parameters: parameters.nrows(),
            contexts: contexts.nrows(),
            returns: count,
            expected_parameters: self.law.gain.nrows(),
            expected_contexts: self.law.gain.ncols(),
        })
    }
}

/// Entropy of a law's Gaussian, nats.
fn entropy(law: &LinearGaussian) -> f64 {
    let dim = law.covariance.nrows() as f64;
    let log_determinant = law.covariance.clone().cholesky().map_or(f64::NEG_INFINITY, |factor| factor.ln_determinant());
    0.5 * (dim * (2. * std::f64::consts::PI * std::f64::consts::E).ln() + log_determinant)
}
