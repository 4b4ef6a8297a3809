//! The backward pass: fits Q and backs up the value, last step first. While it works through some steps,
//! the regressions of the steps before them are prepared.

use super::super::step_fit::{Choice, Fitting, StepFit};
use super::super::{MotoError, Quadratic, StepReport};
use crate::policy::Policy;
use crate::quadratic::backup;
use rayon::prelude::*;
use std::ops::Range;

/// Steps prepared together, per thread: enough to keep all threads busy, few enough to need little memory.
const STEPS: usize = 4;

/// The Q- and value functions of a backward pass (horizon).
#[derive(Default)]
pub(super) struct Backward {
    pub q: Vec<Quadratic>,
    pub value: Vec<Quadratic>,
    pub reports: Vec<StepReport>,
    pub choices: Vec<Choice>,
}

impl Backward {
    /// Passes over all steps of `policy`, whose regressions `prepare` prepares: `None` at a step without
    /// transitions. Next-state values are clipped to `range`. Also returns the fits (horizon), released.
    pub fn pass(
        policy: &Policy,
        fitting: &Fitting<'_>,
        range: Option<(f64, f64)>,
        prepare: impl Fn(usize) -> Result<Option<StepFit>, MotoError> + Sync,
    ) -> Result<(Vec<Option<StepFit>>, Self), MotoError> {
        let horizon = policy.horizon();
        let group = STEPS * rayon::current_num_threads();
        // The last group is empty: nothing is prepared beside the pass over the first steps.
        let groups = (0..=horizon.div_ceil(group)).map(|i| {
            let end = horizon.saturating_sub(i * group);
            end.saturating_sub(group)..end
        });
        let prepared = |steps: Range<usize>| -> Result<Vec<_>, MotoError> {
            steps.into_par_iter().with_max_len(1).map(&prepare).collect()
        };
        let (mut pass, mut ready, mut fits) = (Self::default(), Vec::new(), Vec::with_capacity(horizon));
        for steps in groups {
            let (next, passed) = rayon::join(|| prepared(steps), || pass.over(&mut ready, policy, fitting, range));
            passed?;
            fits.extend(ready.into_iter().rev());
            ready = next?;
        }
        fits.reverse();
        pass.q.reverse();
        pass.value.reverse();
        pass.reports.reverse();
        pass.choices.reverse();
        Ok((fits, pass))
    }

    /// Passes over some steps, the ones before those passed over so far. At a step without transitions
    /// Q is zero, so that its law stays.
    fn over(
        &mut self,
        fits: &mut [Option<StepFit>],
        policy: &Policy,
        fitting: &Fitting<'_>,
        range: Option<(f64, f64)>,
    ) -> Result<(), MotoError> {
        let laws = &policy.steps[..policy.horizon() - self.q.len()];
        for (fit, law) in fits.iter_mut().rev().zip(laws.iter().rev()) {
            let Some(fit) = fit else {
                let states = law.gain.ncols();
                self.q.push(Quadratic::zero(states + law.bias.len()));
                self.value.push(Quadratic::zero(states));
                self.reports.push(StepReport::default());
                self.choices.push(Choice::NONE);
                continue;
            };
            let (fitted, choice) = fit.fit(self.value.last(), fitting.reward, range)?;
            fit.release(fitting.spare);
            self.choices.push(choice);
            self.reports.push(StepReport {
                eta: 0.0,
                omega: 0.0,
                kl: 0.0,
                entropy: 0.0,
                entropy_reduction: 0.0,
                expected_advantage: 0.0,
                transitions: fit.transitions,
                effective_samples: fit.effective,
                dropped: fit.dropped(),
                ridge: fitted.candidate.ridge,
                degrees_of_freedom: fitted.candidate.degrees_of_freedom,
                residual: fitted.residual,
            });
            self.value.push(backup(&fitted.function, law));
            self.q.push(fitted.function);
        }
        Ok(())
    }
}
