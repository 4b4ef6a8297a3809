//! Trust region policy optimisation (Schulman, Levine, Abbeel, Jordan and Moritz 2015) with
//! generalised advantages (Schulman et al. 2016), in the three variants that MOTO was compared with
//! (Akrour et al. 2018, section 6.1):
//!
//! | policy | value function |
//! |---|---|
//! | neural | neural |
//! | neural | a quadratic per step by backward regression |
//! | linear-Gaussian per step, with a deviation per action entry | a quadratic per step |
//!
//! A batch is of whole rollouts, so no value is taken at a cut. Advantages use the value function
//! of the batches before, as in the reference implementation (OpenAI baselines); then the value
//! function is fitted anew. Networks, derivatives and Adam are written out in `f64`. Same input,
//! same bits; the module uses no threads.

mod advantage;
mod config;
mod derivatives;
mod fisher;
mod frame;
mod gaussian;
mod initial;
mod learner;
mod mean;
mod statistics;
mod step;
mod value;

pub use advantage::advantages;
pub use config::{PolicyForm, TrpoConfig, ValueForm};
pub use fisher::Fisher;
pub use gaussian::{Gaussian, Samples};
pub use learner::Trpo;
pub use mean::Mean;
pub use step::{Accepted, NaturalStep, conjugate_gradients};
pub use value::Descent;
