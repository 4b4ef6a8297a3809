//! The laws of a stroke: time-indexed linear-Gaussian policies (Akrour et al. 2018, section 2),
//! `pi_t(a|s) = N(K_t s + k_t, Sigma_t)`, policies whose mean is a network, and movement primitives.

mod compiled;
mod divergence;
mod dmp;
mod linear_gaussian;
pub(crate) mod matrices;
pub(crate) mod network;
mod neural;
mod primitive;
mod stored;

pub use compiled::CompiledPolicy;
pub use divergence::gaussian_kl;
pub use dmp::{Demonstration, Dmp, DmpConfig, DmpError};
pub use linear_gaussian::{LinearGaussian, Policy, PolicyError};
pub use network::{Activations, Layer, Layers, WIDEST};
pub use neural::{InputScales, NeuralDraw, NeuralPolicy};
pub use primitive::{CompiledMovement, Law, Motion, Primitive};
pub use stored::StoredLaw;
