//! The trajectory KL constraint by its dual (Levine and Abbeel 2014, section 3).

use super::PlanError;
use super::lqr::{backward, log_density};
use super::model::Model;
use crate::policy::{Policy, PolicyError};
use crate::quadratic::Quadratic;

/// Range of the multiplier to either side of the search's start.
const RANGE: f64 = 1e16;
/// Fraction of the bound that may be left unused.
const SLACK: f64 = 1e-3;
/// Largest number of evaluations within the bracket. The search ends on the feasible side after any
/// number.
const EVALUATIONS: usize = 60;

/// The solution of a constrained update.
#[derive(Clone, Debug)]
pub struct Update {
    pub policy: Policy,
    /// Multiplier of the KL constraint, in return units per nat.
    pub eta: f64,
    /// Expected KL of the new from the old law at each step under the new states, nats (horizon).
    pub kl: Vec<f64>,
}

/// The old policy.
struct Old<'a> {
    policy: &'a Policy,
    /// Log densities of the old policy's laws (horizon).
    densities: Vec<Quadratic>,
    plan_ahead: bool,
}

/// A tried multiplier.
struct Probe {
    eta: f64,
    /// The update with this multiplier; `None` if the multiplier gives no controller.
    update: Option<Update>,
    /// Logarithm of the KL over the bound, positive if the bound is broken; infinite if there is no
    /// controller.
    excess: f64,
}

impl Probe {
    fn new(model: &Model, old: &Old, bound: f64, eta: f64) -> Self {
        let evaluated = (!old.plan_ahead).then_some(old.policy);
        let update = backward(model, &old.densities, evaluated, eta).and_then(|policy| {
            let states = model.states(&policy);
            let laws = policy.steps.iter().zip(&old.policy.steps).zip(&states);
            let kl: Option<Vec<f64>> =
                laws.map(|((new, old), s)| new.expected_kl(old, &s.mean, &s.covariance)).collect();
            kl.filter(|kl| kl.iter().all(|x| x.is_finite())).map(|kl| Update { policy, eta, kl })
        });
        let excess = |update: &Update| (update.kl.iter().sum::<f64>() / bound).max(f64::MIN_POSITIVE).ln();
        let excess = update.as_ref().map_or(f64::INFINITY, excess);
        Self { eta, update, excess }
    }

    fn feasible(&self) -> bool {
        self.excess <= 0.0
    }
}

/// Maximises the expected return under `model` subject to
/// `KL(new trajectory || old trajectory) <= bound` nats.
///
/// The KL does not increase with the multiplier. (Without planning ahead this is not certain; the
/// search then accepts any crossing of the bound.) Below some multiplier there is no controller,
/// because `-Qaa` is not positive definite; this counts as too large a KL. The search grows a
/// bracket from `start` (> 0) and narrows it in logarithms by false position (Illinois), or by
/// bisection if one end has no KL. It returns the feasible end. `plan_ahead` is
/// [`crate::gps::GpsConfig::plan_ahead`].
///
/// # Errors
/// If no multiplier gives a controller within the bound, or the old policy cannot be used.
pub fn constrained_update(
    model: &Model,
    policy: &Policy,
    plan_ahead: bool,
    bound: f64,
    start: f64,
) -> Result<Update, PlanError> {
    let densities: Result<Vec<_>, PlanError> = (policy.steps.iter().enumerate())
        .map(|(step, law)| log_density(law).ok_or(PlanError::Policy(PolicyError::NotPositiveDefinite { step })))
        .collect();
    let old = Old { policy, densities: densities?, plan_ahead };
    let probe = |eta| Probe::new(model, &old, bound, eta);
    let exhausted = PlanError::TrustRegion { largest: start * RANGE };

    let mut here = probe(start);
    let growing = !here.feasible();
    let mut factor = 10.0;
    let (mut low, mut high) = loop {
        let eta = if growing { here.eta * factor } else { here.eta / factor };
        let eta = eta.clamp(start / RANGE, start * RANGE);
        if eta == here.eta {
            // Without an upper end no multiplier is feasible. Without a lower end the constraint is
            // inactive.
            return here.update.filter(|_| !growing).ok_or(exhausted);
        }
        let next = probe(eta);
        if next.feasible() == growing {
            break if growing { (here, next) } else { (next, here) };
        }
        here = next;
        factor *= factor;
    };

    let (mut above, mut below) = (low.excess, high.excess);
    for _ in 0..EVALUATIONS {
        if high.excess >= -SLACK {
            break;
        }
        // The aim is the middle of the slack.
        let (over, under) = (above + 0.5 * SLACK, below + 0.5 * SLACK);
        let share = if over.is_finite() { (over / (over - under)).clamp(0.01, 0.99) } else { 0.5 };
        let eta = (low.eta.ln() + share * (high.eta / low.eta).ln()).exp();
        if eta <= low.eta || eta >= high.eta {
            break;
        }
        let next = probe(eta);
        // Illinois: an end that stays a second time has its value halved.
        if next.feasible() {
            above *= if below == high.excess { 1.0 } else { 0.5 };
            (below, high) = (next.excess, next);
        } else {
            below *= if above == low.excess { 1.0 } else { 0.5 };
            (above, low) = (next.excess, next);
        }
    }
    high.update.ok_or(exhausted)
}
