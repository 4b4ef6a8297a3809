//! Policy search between trials: rollouts go in, a better policy comes out.
//!
//! A [`Policy`](policy::Policy) is a linear-Gaussian law per step, `a ~ N(K_t s + k_t, Sigma_t)`. A
//! [`Learner`] gives the law for the next rollouts, takes the [`Batch`] made with that law, and
//! improves the law. The learner knows the task by its [`Reward`] alone.
//!
//! | module | learner |
//! |---|---|
//! | [`moto`] | MOTO: quadratic Q-functions and an exactly KL- and entropy-constrained update (Akrour et al., JMLR 2018) |
//! | [`gps`] | guided policy search, the trajectory-optimisation part (Levine and Abbeel 2014) |
//! | [`trpo`] | trust region policy optimisation with a neural or a linear-Gaussian policy (Schulman et al. 2015) |
//! | [`episodic`] | REPS, contextual REPS and MORE on the parameters of a movement primitive |
//!
//! The crate uses no threads but rayon's, no input or output, and no clock but for the reported
//! times. Same input gives same bits, at any number of threads.
//!
//! # A linear-quadratic problem
//!
//! `x' = x + 0.3 a` must move from 1 to 0 at little cost. MOTO learns the policy from rollouts
//! alone.
//!
//! ```
//! use moto_learners::moto::{Moto, MotoConfig, StateScales};
//! use moto_learners::policy::{CompiledPolicy, LinearGaussian, Policy};
//! use moto_learners::{Batch, Learner, Reward};
//! use nalgebra::{dmatrix, dvector};
//! use rand_distr::{Distribution, StandardNormal};
//!
//! struct ToZero;
//! impl Reward for ToZero {
//!     fn step(&self, _t: usize, x: &[f64], a: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
//!         -x[0].powi(2) - 0.1 * a[0].powi(2)
//!     }
//!     fn last(&self, x: &[f64]) -> f64 { -10. * x[0].powi(2) }
//! }
//!
//! let law = LinearGaussian { gain: dmatrix![0.], bias: dvector![0.], covariance: dmatrix![1.] };
//! let mut learner = Moto::new(MotoConfig::default(), Policy { steps: vec![law; 10] }, StateScales::ones(1))?;
//! let mut random: rand_chacha::ChaCha8Rng = rand::SeedableRng::seed_from_u64(1);
//! let (mut returns, mut action) = (vec![], [0.]);
//! for _ in 0..15 {
//!     let law = CompiledPolicy::new(learner.policy())?;
//!     let mut batch = Batch::zeros(learner.policy(), 20);
//!     for rollout in 0..20 {
//!         let mut x = 1.;
//!         for t in 0..10 {
//!             batch.states[t][rollout] = x;
//!             law.action(t, &[x], &[StandardNormal.sample(&mut random)], &mut action);
//!             (batch.actions[t][rollout], batch.received[t][rollout]) = (action[0], action[0]);
//!             x += 0.3 * action[0];
//!         }
//!         batch.states[10][rollout] = x;
//!     }
//!     returns.push(learner.learn(batch, &ToZero)?.mean_return);
//! }
//! assert!(returns[14] > 0.4 * returns[0], "{returns:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod episodic;
pub mod gps;
pub mod moto;
pub mod policy;
pub mod trpo;

mod batch;
mod learner;
mod planning;
mod quadratic;
mod registry;

pub use batch::{Batch, BrokenOff, ErrorPrice, ErrorShape, Measured, Reward};
pub use learner::{Adopted, Demonstrated, Learner, LearnerError, Report, Start, Verdict};
pub use registry::{LEARNERS, LearnerSettings, Learners, Make, learner};
