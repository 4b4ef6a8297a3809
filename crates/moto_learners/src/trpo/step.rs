//! The natural-gradient step: conjugate gradients, and a line search that keeps the bound on the KL
//! (Schulman et al. 2015, appendix C).

use super::{Fisher, Gaussian, Samples};
use crate::policy::network::dot;

/// Most halvings of a step.
const HALVINGS: i32 = 10;
/// Largest KL of an accepted step, in multiples of the bound. The step is scaled by the quadratic
/// form of the KL, which the exact KL exceeds a little.
const SLACK: f64 = 1.5;
/// Squared residual at which conjugate gradients end.
const RESIDUAL: f64 = 1e-10;

/// Parameters of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NaturalStep {
    /// Bound on the mean KL, nats.
    pub max_kl: f64,
    /// Most iterations of conjugate gradients.
    pub iterations: usize,
    /// Multiple of the identity that is added to the Fisher matrix.
    pub damping: f64,
    /// The Fisher matrix is that of every `fisher_every`th sample.
    pub fisher_every: usize,
}

/// A step that the line search accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The new parameters.
    pub parameters: Vec<f64>,
    /// Mean KL of the old from the new policy over the samples, nats; at most 1.5 times the bound.
    pub kl: f64,
    /// Gain of the surrogate, in units of the advantages; not negative.
    pub gain: f64,
    /// Number of halvings.
    pub halvings: i32,
}

impl NaturalStep {
    /// The direction `(F + damping)^-1 gradient`, by conjugate gradients.
    pub fn direction(&self, policy: &Gaussian, at: &[f64], samples: &Samples, gradient: &[f64]) -> Vec<f64> {
        let chosen = samples.every(self.fisher_every);
        self.solve(&Fisher::new(policy, at, &chosen), gradient)
    }

    fn solve(&self, fisher: &Fisher<'_>, gradient: &[f64]) -> Vec<f64> {
        conjugate_gradients(|vector| self.damped(fisher, vector), gradient, self.iterations)
    }

    fn damped(&self, fisher: &Fisher<'_>, vector: &[f64]) -> Vec<f64> {
        let mut product = fisher.product(vector);
        product.iter_mut().zip(vector).for_each(|(p, v)| *p += self.damping * v);
        product
    }

    /// The longest of the steps full, 1/2, 1/4, ... that loses nothing on the surrogate and keeps
    /// the KL; `None` if there is none.
    pub fn take(&self, policy: &Gaussian, at: &[f64], samples: &Samples, advantages: &[f64]) -> Option<Accepted> {
        let gradient = policy.gradient(at, samples, advantages);
        let chosen = samples.every(self.fisher_every);
        let fisher = Fisher::new(policy, at, &chosen);
        let direction = self.solve(&fisher, &gradient);
        let curved = self.damped(&fisher, &direction);
        let full = (2. * self.max_kl / dot(&direction, &curved)).sqrt();
        if !full.is_finite() {
            return None;
        }
        let old = policy.log_densities(at, samples);
        let before = policy.surrogate(at, samples, &old, advantages);
        (0..HALVINGS).find_map(|halvings| {
            let length = full * 0.5f64.powi(halvings);
            let parameters: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let gain = policy.surrogate(&parameters, samples, &old, advantages) - before;
            let kl = policy.kl(at, &parameters, samples);
            (gain >= 0. && kl <= SLACK * self.max_kl).then_some(Accepted { parameters, kl, gain, halvings })
        })
    }
}

/// Solves `product(x) = target` for a positive definite matrix given by its products.
pub fn conjugate_gradients(product: impl Fn(&[f64]) -> Vec<f64>, target: &[f64], iterations: usize) -> Vec<f64> {
    let (mut x, mut residual, mut direction) = (vec![0.; target.len()], target.to_vec(), target.to_vec());
    let mut size = dot(&residual, &residual);
    for _ in 0..iterations {
        if size < RESIDUAL {
            break;
        }
        let curved = product(&direction);
        let length = size / dot(&direction, &curved);
        x.iter_mut().zip(&direction).for_each(|(x, d)| *x += length * d);
        residual.iter_mut().zip(&curved).for_each(|(r, c)| *r -= length * c);
        let before = std::mem::replace(&mut size, dot(&residual, &residual));
        direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + size / before * *d);
    }
    x
}
