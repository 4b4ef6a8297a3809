//! Policy search between trials: rollouts go in, a better policy comes out.
//!
//! A [`Policy`](policy::Policy) is a linear-Gaussian law per step, `a ~ N(K_t s + k_t, Sigma_t)`. A [`Learner`] gives the law for
//! the next rollouts, takes the [`Batch`] made with that law, and improves it. It knows the task by its [`Reward`] alone.
//!
//! | module | learner |
//! |---|---|
//! | [`moto`] | MOTO: quadratic Q-functions and an exactly KL- and entropy-constrained update (Akrour et al., JMLR 2018) |
//! | [`gps`] | guided policy search, the trajectory-optimisation part (Levine and Abbeel 2014) |
//! | [`episodic`] | REPS, contextual REPS and MORE on the parameters of a movement primitive |
//!
//! No threads but rayon's, no input or output, no clock but for the reported times: same input, same bits, at any number of
//! threads.
//!
//! # A linear-quadratic problem
//!
//! The mass point `x'' = u` is to come to rest at the origin. Its optimal feedback is known in closed form; MOTO finds nearly the
//! same return from rollouts alone.
//!
//! ```
//! use moto_learners::moto::{Moto, MotoConfig, StateScales};
//! use moto_learners::policy::{CompiledPolicy, LinearGaussian, Policy};
//! use moto_learners::{Batch, Learner, Reward};
//! use nalgebra::{DMatrix, DVector};
//! use rand::SeedableRng;
//! use rand_distr::{Distribution, StandardNormal};
//!
//! struct MassPoint;
//!
//! impl Reward for MassPoint {
//!     fn step(&self, _t: usize, state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
//!         -state[0].powi(2) - 0.1 * state[1].powi(2) - 0.1 * action[0].powi(2)
//!     }
//!     fn last(&self, state: &[f64]) -> f64 {
//!         -10. * (state[0].powi(2) + state[1].powi(2))
//!     }
//! }
//!
//! fn roll_out(policy: &Policy, rollouts: usize, random: &mut impl rand::Rng) -> Batch {
//!     let law = CompiledPolicy::new(policy).unwrap();
//!     let mut batch = Batch::zeros(policy, rollouts);
//!     for i in 0..rollouts {
//!         let mut state = [1., 0.].map(|x| x + 0.1 * Distribution::<f64>::sample(&StandardNormal, random));
//!         for t in 0..policy.horizon() {
//!             let mut action = [0.];
//!             law.action(t, &state, &[StandardNormal.sample(random)], &mut action);
//!             batch.states[t].set_column(i, &DVector::from_row_slice(&state));
//!             batch.actions[t][(0, i)] = action[0];
//!             batch.received[t][(0, i)] = action[0];
//!             state = [state[0] + 0.1 * state[1], state[1] + 0.1 * action[0]];
//!         }
//!         batch.states[policy.horizon()].set_column(i, &DVector::from_row_slice(&state));
//!     }
//!     batch
//! }
//!
//! let law = LinearGaussian { gain: DMatrix::zeros(1, 2), bias: DVector::zeros(1), covariance: DMatrix::identity(1, 1) };
//! let initial = Policy { steps: vec![law; 20] };
//! let mut learner = Moto::new(MotoConfig::default(), initial, StateScales::ones(2))?;
//! let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let first = learner.update(roll_out(learner.policy(), 20, &mut random), &MassPoint)?;
//! let mut last = first.clone();
//! for _ in 0..15 {
//!     last = learner.update(roll_out(learner.policy(), 20, &mut random), &MassPoint)?;
//! }
//! assert!(last.mean_return > 0.5 * first.mean_return, "{} from {}", last.mean_return, first.mean_return);
//! # Ok::<(), moto_learners::moto::MotoError>(())
//! ```
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod episodic;
pub mod gps;
pub mod moto;
pub mod policy;

mod batch;
mod learner;
mod registry;

pub use batch::{Batch, Reward};
pub use learner::{Adopted, Demonstrated, Learner, LearnerError, Report, Start, Verdict};
pub use registry::{LEARNERS, LearnerSettings, Learners, Make, learner};
