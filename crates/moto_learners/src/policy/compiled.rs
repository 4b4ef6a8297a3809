//! The form of a policy for the control loop: contiguous, checked, without allocation.

use super::network::WIDEST;
use super::{NeuralDraw, NeuralPolicy, Policy, PolicyError};

/// A policy laid out for the control loop: gains, biases and Cholesky factors in one block per
/// step, and the network that draws the noise, if there is one.
#[derive(Clone, Debug)]
pub struct CompiledPolicy {
    horizon: usize,
    state_dim: usize,
    action_dim: usize,
    /// Per step: gain by columns (state x action), bias (action), lower Cholesky factor by rows
    /// (action x action).
    data: Box<[f64]>,
    network: Option<Box<NeuralDraw>>,
}

impl CompiledPolicy {
    /// Compiles a policy after checking it.
    ///
    /// # Errors
    /// The error of [`Policy::validate`].
    pub fn new(policy: &Policy) -> Result<Self, PolicyError> {
        policy.validate()?;
        let (horizon, state_dim, action_dim) = (policy.horizon(), policy.state_dim(), policy.action_dim());
        let mut data = Vec::with_capacity(horizon * Self::stride(state_dim, action_dim));
        for (step, law) in policy.steps.iter().enumerate() {
            data.extend(law.gain.as_slice());
            data.extend(law.bias.as_slice());
            let factor = law.covariance.clone().cholesky().ok_or(PolicyError::NotPositiveDefinite { step })?.unpack();
            data.extend(factor.transpose().as_slice());
        }
        Ok(Self { horizon, state_dim, action_dim, data: data.into_boxed_slice(), network: None })
    }

    /// Compiles a policy with a network after checking it.
    ///
    /// # Errors
    /// The error of [`NeuralPolicy::validate`].
    pub fn with_network(policy: &NeuralPolicy) -> Result<Self, PolicyError> {
        policy.validate()?;
        Ok(Self { network: Some(Box::new(policy.draw.clone())), ..Self::new(&policy.base)? })
    }

    const fn stride(ds: usize, da: usize) -> usize {
        da * ds + da + da * da
    }

    /// Number of policy steps T.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// State dimension d_s.
    pub fn state_dim(&self) -> usize {
        self.state_dim
    }

    /// Action dimension d_a.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// Writes `K_t s + k_t + C_t noise` into `action`, `C_t` the Cholesky factor of the covariance.
    /// A network puts its own draw in the place of `noise` ([`NeuralPolicy`]).
    ///
    /// `state` has d_s entries. `noise` (standard normal draws, or zeros for the mean action) and
    /// `action` have d_a entries. Real-time safe: no allocation, no system call.
    ///
    /// # Panics
    /// If `step` or a slice length is out of range. The loop checks both when it accepts a trial.
    pub fn action(&self, step: usize, state: &[f64], noise: &[f64], action: &mut [f64]) {
        let (ds, da) = (self.state_dim, self.action_dim);
        let mut drawn;
        let noise = match &self.network {
            None => noise,
            Some(network) => {
                drawn = [0.; WIDEST];
                network.draw(step, self.horizon, &state[..ds], &noise[..da], &mut drawn[..da]);
                &drawn[..da]
            }
        };
        let stride = Self::stride(ds, da);
        let block = &self.data[step * stride..(step + 1) * stride];
        let (gain, rest) = block.split_at(da * ds);
        let (bias, factor) = rest.split_at(da);
        let action = &mut action[..da];
        action.copy_from_slice(bias);
        for (column, s) in gain.chunks_exact(da).zip(&state[..ds]) {
            for (a, k) in action.iter_mut().zip(column) {
                *a += k * s;
            }
        }
        for (i, (a, row)) in action.iter_mut().zip(factor.chunks_exact(da)).enumerate() {
            for (c, n) in row[..=i].iter().zip(&noise[..=i]) {
                *a += c * n;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::network::Layers;
    use crate::policy::{InputScales, LinearGaussian};
    use nalgebra::{DMatrix, DVector};

    #[test]
    fn evaluates_the_law_it_was_compiled_from() {
        let law = LinearGaussian {
            gain: DMatrix::from_row_slice(2, 3, &[1., -2., 0.5, 0., 3., -1.]),
            bias: DVector::from_row_slice(&[0.1, -0.2]),
            covariance: DMatrix::from_row_slice(2, 2, &[4., 1., 1., 2.]),
        };
        let policy = Policy { steps: vec![law.clone(), law.clone()] };
        let compiled = CompiledPolicy::new(&policy).unwrap();
        let (state, noise) = (DVector::from_row_slice(&[0.3, -0.4, 2.]), DVector::from_row_slice(&[0.7, -1.1]));
        let expected = &law.gain * &state + &law.bias + law.covariance.cholesky().unwrap().l() * &noise;
        let mut action = [0.; 2];
        compiled.action(1, state.as_slice(), noise.as_slice(), &mut action);
        assert!((DVector::from_row_slice(&action) - expected).norm() < 1e-14);
    }

    #[test]
    fn refuses_a_policy_with_a_nan() {
        let mut policy = Policy {
            steps: vec![LinearGaussian {
                gain: DMatrix::zeros(1, 1),
                bias: DVector::zeros(1),
                covariance: DMatrix::identity(1, 1),
            }],
        };
        policy.steps[0].bias[0] = f64::NAN;
        assert_eq!(CompiledPolicy::new(&policy).unwrap_err(), PolicyError::NonFinite { step: 0, field: "bias" });
    }

    /// Two inputs (one state entry and the time), one unit per hidden layer.
    fn neural() -> NeuralPolicy {
        let law = LinearGaussian {
            gain: DMatrix::from_element(1, 1, 0.5),
            bias: DVector::from_element(1, 1.),
            covariance: DMatrix::from_element(1, 1, 9.),
        };
        let draw = NeuralDraw {
            scales: InputScales { mean: vec![1., 0.5], deviation: vec![2., 0.25] },
            layers: Layers { inputs: 2, hidden: 1, outputs: 1 },
            weights: vec![0.3, -0.2, 0.1, 0.7, -0.4, 1.5, 0.2],
            log_deviation: vec![-0.5],
        };
        NeuralPolicy { base: Policy { steps: vec![law; 4] }, draw }
    }

    #[test]
    fn a_network_draws_in_the_place_of_the_noise() {
        let compiled = CompiledPolicy::with_network(&neural()).unwrap();
        let action = |state: f64, noise: f64| {
            let mut action = [0.];
            compiled.action(3, &[state], &[noise], &mut action);
            action[0]
        };
        let expected = |input: f64, state: f64, noise: f64| {
            let first = (0.3 * input - 0.2 * 1. + 0.1f64).tanh();
            let second = (0.7 * first - 0.4f64).tanh();
            0.5 * state + 1. + 3. * (1.5 * second + 0.2 + (-0.5f64).exp() * noise)
        };
        assert!((action(2., 0.) - expected(0.5, 2., 0.)).abs() < 1e-14);
        assert!((action(2., 1.5) - expected(0.5, 2., 1.5)).abs() < 1e-14);
        // An input far off counts as five deviations.
        assert!((action(100., 0.) - expected(5., 100., 0.)).abs() < 1e-12);
    }

    #[test]
    fn refuses_a_network_that_does_not_fit() {
        let spoils: [fn(&mut NeuralDraw); 5] = [
            |draw| draw.weights.truncate(6),
            |draw| draw.weights[3] = f64::NAN,
            |draw| draw.scales.deviation[1] = 0.,
            |draw| draw.layers.hidden = WIDEST + 1,
            |draw| draw.log_deviation.push(0.),
        ];
        for spoil in spoils {
            let mut policy = neural();
            spoil(&mut policy.draw);
            assert!(matches!(CompiledPolicy::with_network(&policy), Err(PolicyError::Network { .. })));
        }
    }
}
