//! Time-indexed linear-Gaussian policies (Akrour et al. 2018, section 2): `pi_t(a|s) = N(K_t s + k_t, Sigma_t)`.

mod compiled;
mod divergence;
mod linear_gaussian;

pub use compiled::CompiledPolicy;
pub use divergence::gaussian_kl;
pub use linear_gaussian::{LinearGaussian, Policy, PolicyError};
