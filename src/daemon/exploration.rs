//! The exploration noise of a rollout, drawn before it and keyed by what the rollout is, so that a trial is reproducible
//! whatever ran before it, on however many threads, and across a resume.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

/// Standard normal draws (step x action) of a rollout.
pub fn exploration_noise(seed: u64, iteration: u32, rollout: u32, steps: usize, action_dim: usize) -> Box<[f64]> {
    let mut generator = ChaCha12Rng::seed_from_u64(seed);
    generator.set_stream((u64::from(iteration) << 32) | u64::from(rollout));
    StandardNormal.sample_iter(generator).take(steps * action_dim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depends_on_its_key_alone() {
        let noise = exploration_noise(1, 2, 3, 30, 9);
        assert_eq!(noise, exploration_noise(1, 2, 3, 30, 9));
        for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 3, 2)] {
            assert_ne!(noise, exploration_noise(other.0, other.1, other.2, 30, 9));
        }
    }

    #[test]
    fn is_standard_normal() {
        let noise = exploration_noise(7, 0, 0, 1000, 10);
        let mean = noise.iter().sum::<f64>() / 1e4;
        let variance = noise.iter().map(|x| x * x).sum::<f64>() / 1e4;
        assert!(mean.abs() < 0.04 && (variance - 1.).abs() < 0.06, "{mean} {variance}");
    }
}
