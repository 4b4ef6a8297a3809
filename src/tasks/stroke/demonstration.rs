//! The demonstration, and the first policy made from it.

use moto_learners::policy::{LinearGaussian, Policy};
use moto_settings::FieldError;
use nalgebra::{DMatrix, DVector};

use super::StrokeTask;
use super::config::{Demonstration, FeedbackConfig, StrokeTaskConfig};
use super::moment::Steps;
use super::names::Names;
use super::recording::recorded;
use super::reference::Reference;
use super::via_points::through;
use crate::control::ControlConfig;

/// The motion that the settings describe, and its efforts.
///
/// # Errors
/// A motion that cannot be demonstrated, or that exceeds a limit of a joint.
pub(super) fn demonstrated(
    names: &Names<'_>,
    control: &ControlConfig,
    steps: &Steps,
    config: &StrokeTaskConfig,
) -> Result<Reference, FieldError> {
    let model = names.model;
    let mut reference = match &config.demonstration {
        Demonstration::Hold => through(names, control, steps, ("", &[]))?,
        Demonstration::ViaPoints(points) => through(names, control, steps, ("demonstration.via_points", points))?,
        Demonstration::Recording(path) => recorded(model, control, steps, path, &config.recording)?,
    };
    if reference.effort.is_empty() {
        reference.effort = reference.model_efforts(model, control.decimation);
    }
    reference.check(model, &control.limits, control.period, control.decimation)?;
    Ok(reference)
}

/// Checks that feedback held for a policy step of `step` seconds does not make a joint oscillate.
/// Both poles of a unit mass under the feedback must be inside the unit circle.
///
/// # Errors
/// A pole that is not inside the unit circle.
pub(super) fn check_feedback(feedback: FeedbackConfig, step: f64) -> Result<(), FieldError> {
    let FeedbackConfig { stiffness, damping } = feedback;
    if damping * step > 2. {
        let expected = format!("at most {}, 2 over the policy step of {step} s", 2. / step);
        return Err(FieldError::value("feedback.damping", damping, expected));
    }
    if stiffness * step > 2. * damping {
        let expected = format!("at most {}, 2 damping over the policy step of {step} s", 2. * damping / step);
        return Err(FieldError::value("feedback.stiffness", stiffness, expected));
    }
    Ok(())
}

impl StrokeTask {
    /// The first policy. The bias of a step is the mean of the demonstrated efforts, in units of
    /// the action. The gain is 0, and the covariance is that of independent exploration (Akrour et
    /// al. 2018, section 5.4). With feedback the gain is that of the tracking at the demonstrated
    /// posture, `-M(q*) [stiffness, damping]`, and the bias includes the demonstrated state. With
    /// exploration D of the joints' accelerations the covariance is `M(q*) D^2 M(q*)`.
    pub fn first_policy(&self) -> Policy {
        let (n, states) = (self.model.dof(), self.context.end);
        let deviation = self.config.initial_deviation;
        let independent = DMatrix::from_diagonal_element(n, n, deviation.powi(2));
        let FeedbackConfig { stiffness, damping } = self.config.feedback;
        let (mut workspace, mut inertia) = (self.model.workspace(), DMatrix::zeros(n, n));
        let step = |t: usize| {
            let row = t * self.decimation * n..(t * self.decimation + 1) * n;
            let position = DVector::from_column_slice(&self.reference.position[row.clone()]);
            let velocity = DVector::from_column_slice(&self.reference.velocity[row]);
            self.model.mass_matrix(&mut workspace, position.as_slice(), &mut inertia);
            for (mut row, scale) in inertia.row_iter_mut().zip(&self.action_scale) {
                row /= *scale;
            }
            let mut gain = DMatrix::zeros(n, states);
            gain.columns_mut(0, n).copy_from(&(&inertia * -stiffness));
            gain.columns_mut(n, n).copy_from(&(&inertia * -damping));
            let effort = &self.reference.effort[t * n..(t + 1) * n];
            let effort = DVector::from_iterator(n, effort.iter().zip(&self.action_scale).map(|(e, scale)| e / scale));
            let bias = effort + &inertia * (position * stiffness + velocity * damping);
            let covariance = match self.config.exploration.as_slice() {
                [] => independent.clone(),
                accelerations => {
                    let accelerations = DVector::from_iterator(n, accelerations.iter().map(|a| a * deviation));
                    let noise = &inertia * DMatrix::from_diagonal(&accelerations);
                    &noise * noise.transpose()
                }
            };
            LinearGaussian { gain, bias, covariance }
        };
        Policy { steps: (0..self.steps.horizon).map(step).collect() }
    }
}
