//! The backward pass: fits Q and backs up the value, last step first. The regressions of the steps to come
//! are prepared beside it. No thread waits for another: whoever has prepared the step that is next goes on
//! with the pass.

use super::super::step_fit::{Choice, Fitting, StepFit};
use super::super::{MotoError, Quadratic, StepReport};
use crate::policy::{LinearGaussian, Policy};
use crate::quadratic::backup;
use rayon::ScopeFifo;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Steps prepared ahead of the pass, per thread: enough to keep all threads busy, few enough to need little memory.
const AHEAD: usize = 4;

/// A step's regression; `None` at a step without transitions.
type Prepared = Result<Option<StepFit>, MotoError>;

/// The Q- and value functions of a backward pass (horizon).
#[derive(Default)]
pub(super) struct Backward {
    pub q: Vec<Quadratic>,
    pub value: Vec<Quadratic>,
    pub reports: Vec<StepReport>,
    pub choices: Vec<Choice>,
    /// The fits, released.
    pub fits: Vec<Option<StepFit>>,
}

impl Backward {
    /// Passes over all steps of `policy`, whose regressions `prepare` prepares. Next-state values are clipped
    /// to `range`.
    pub fn pass(
        policy: &Policy,
        fitting: &Fitting<'_>,
        range: Option<(f64, f64)>,
        prepare: impl Fn(usize) -> Prepared + Sync,
    ) -> Result<Self, MotoError> {
        let horizon = policy.horizon();
        let ahead = AHEAD * rayon::current_num_threads();
        let mut prepared = Vec::new();
        prepared.resize_with(horizon, || None);
        let turns = Turns {
            laws: &policy.steps,
            fitting,
            range,
            prepare,
            ahead,
            state: Mutex::new(State { prepared, pass: Some(Ok(Self::default())) }),
        };
        rayon::scope_fifo(|scope| (horizon.saturating_sub(ahead)..horizon).rev().for_each(|t| turns.start(scope, t)));
        let state = turns.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut pass = state.pass.expect("no thread is passing any more")?;
        pass.q.reverse();
        pass.value.reverse();
        pass.reports.reverse();
        pass.choices.reverse();
        pass.fits.reverse();
        Ok(pass)
    }

    /// Passes over the step before those passed over so far. At a step without transitions Q is zero, so
    /// that its law stays.
    fn over(
        &mut self,
        fit: Option<StepFit>,
        law: &LinearGaussian,
        fitting: &Fitting<'_>,
        range: Option<(f64, f64)>,
    ) -> Result<(), MotoError> {
        let Some(mut fit) = fit else {
            let states = law.gain.ncols();
            self.q.push(Quadratic::zero(states + law.bias.len()));
            self.value.push(Quadratic::zero(states));
            self.reports.push(StepReport::default());
            self.choices.push(Choice::NONE);
            self.fits.push(None);
            return Ok(());
        };
        let (fitted, choice) = fit.fit(self.value.last(), range)?;
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
        self.fits.push(Some(fit));
        Ok(())
    }
}

/// Shares the steps among threads.
struct Turns<'a, P> {
    laws: &'a [LinearGaussian],
    fitting: &'a Fitting<'a>,
    range: Option<(f64, f64)>,
    prepare: P,
    ahead: usize,
    state: Mutex<State>,
}

struct State {
    /// Steps that are ready for the pass (horizon).
    prepared: Vec<Option<Prepared>>,
    /// The pass so far, or the error that ended it; `None` while a thread is passing over a step.
    pass: Option<Result<Backward, MotoError>>,
}

impl<P: Fn(usize) -> Prepared + Sync> Turns<'_, P> {
    /// Prepares step `t` when a thread is free.
    fn start<'scope>(&'scope self, scope: &ScopeFifo<'scope>, t: usize) {
        scope.spawn_fifo(move |scope| {
            let prepared = (self.prepare)(t);
            self.state().prepared[t] = Some(prepared);
            self.pass(scope);
        });
    }

    /// Passes over the steps that are ready, unless another thread does. A step that ends makes room for one to
    /// prepare.
    fn pass<'scope>(&'scope self, scope: &ScopeFifo<'scope>) {
        while let Some((mut pass, t, fit)) = self.take() {
            let passed = fit.and_then(|fit| pass.over(fit, &self.laws[t], self.fitting, self.range));
            let more = passed.is_ok();
            self.state().pass = Some(passed.map(|()| pass));
            if let Some(next) = t.checked_sub(self.ahead).filter(|_| more) {
                self.start(scope, next);
            }
        }
    }

    /// The pass with the step that is next, if both are there.
    fn take(&self) -> Option<(Backward, usize, Prepared)> {
        let mut state = self.state();
        let passed = state.pass.as_ref()?.as_ref().ok()?.q.len();
        let t = self.laws.len().checked_sub(passed + 1)?;
        let fit = state.prepared[t].take()?;
        let pass = state.pass.take()?.ok()?;
        Some((pass, t, fit))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
