//! The random numbers of a trial. They are keyed by the trial alone, so they do not depend on
//! earlier trials, on the number of threads, or on a resume.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

use super::TrialKey;

/// The random numbers of a trial. Stream 0 is used for the exploration noise; a plant that draws
/// from here takes another stream.
pub fn trial_random(seed: u64, key: &TrialKey) -> ChaCha12Rng {
    let mut words = [0; 32];
    for (bytes, value) in words.chunks_exact_mut(8).zip([seed, key.iteration, key.rollout, key.kind as u64]) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha12Rng::from_seed(words)
}

/// Standard normal draws of a rollout. They are drawn before the trial and passed to the loop with
/// the law.
pub fn exploration_noise(seed: u64, key: &TrialKey, count: usize) -> Box<[f64]> {
    StandardNormal.sample_iter(trial_random(seed, key)).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::TrialKind;

    fn key(kind: TrialKind, iteration: u64, rollout: u64) -> TrialKey {
        TrialKey { kind, iteration, rollout }
    }

    #[test]
    fn depends_on_its_key_alone() {
        let noise = |seed, kind, iteration, rollout| exploration_noise(seed, &key(kind, iteration, rollout), 270);
        let first = noise(1, TrialKind::Learn, 2, 3);
        assert_eq!(first, noise(1, TrialKind::Learn, 2, 3));
        for (seed, iteration, rollout) in [(2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 3, 2)] {
            assert_ne!(first, noise(seed, TrialKind::Learn, iteration, rollout));
        }
        assert_ne!(first, noise(1, TrialKind::Evaluate, 2, 3));
    }

    #[test]
    fn is_standard_normal() {
        let noise = exploration_noise(7, &key(TrialKind::Learn, 0, 0), 10_000);
        let mean = noise.iter().sum::<f64>() / 1e4;
        let variance = noise.iter().map(|x| x * x).sum::<f64>() / 1e4;
        assert!(mean.abs() < 0.04 && (variance - 1.).abs() < 0.06, "{mean} {variance}");
    }
}
