//! Generalised advantage estimation (Schulman et al. 2016).

/// Advantages of the steps of a rollout (T), from its rewards (T) and the values of its states (T +
/// 1, the final one included): `A_t = sum_k (discount lambda)^k delta_{t+k}` with `delta_t = r_t +
/// discount V_{t+1} - V_t`.
pub fn advantages(rewards: &[f64], values: &[f64], discount: f64, lambda: f64) -> Vec<f64> {
    let mut advantages = vec![0.; rewards.len()];
    let mut later = 0.;
    for t in (0..rewards.len()).rev() {
        later = rewards[t] + discount * values[t + 1] - values[t] + discount * lambda * later;
        advantages[t] = later;
    }
    advantages
}

/// Subtracts the mean and divides by the standard deviation.
pub fn standardise(values: &mut [f64]) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    // The offset keeps advantages that are all equal at zero.
    values.iter_mut().for_each(|v| *v = (*v - mean) / (variance.sqrt() + 1e-8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advantages_are_the_discounted_sum_of_temporal_differences() {
        let (rewards, values) = ([1., -2., 0.5, 3.], [0.3, -1., 2., 0.7, -0.4]);
        let (discount, lambda) = (0.9f64, 0.7f64);
        let found = advantages(&rewards, &values, discount, lambda);
        for (t, found) in found.iter().enumerate() {
            let difference = |k: usize| rewards[k] + discount * values[k + 1] - values[k];
            let sum: f64 = (t..4).map(|k| (discount * lambda).powi((k - t) as i32) * difference(k)).sum();
            assert!((found - sum).abs() < 1e-14, "{t}: {found} {sum}");
        }
        // With lambda 1 the values in between cancel: the return minus the value.
        let exact = advantages(&rewards, &values, 1., 1.);
        assert!((exact[0] - (2.5 + values[4] - values[0])).abs() < 1e-14);
    }

    #[test]
    fn standardised_values_have_mean_0_and_deviation_1() {
        let mut values = [1., 2., 3., 6.];
        standardise(&mut values);
        let moments = [1, 2].map(|power| values.iter().map(|v| v.powi(power)).sum::<f64>() / 4.);
        assert!(moments[0].abs() < 1e-12 && (moments[1] - 1.).abs() < 1e-7);
        let mut equal = [5.; 3];
        standardise(&mut equal);
        assert_eq!(equal, [0.; 3]);
    }
}
