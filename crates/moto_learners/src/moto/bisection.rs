//! Bisection to the last representable digit.

/// A function above zero that falls, up to rounding.
pub trait Falling {
    /// Its value at `x`.
    fn value(&self, x: f64) -> f64;

    /// How far rounding may at most carry two values near the bound apart, at `x`, in units of the
    /// bound or 1, whichever is larger.
    fn rounding(&self, x: f64) -> f64;
}

/// Most steps of the secant search.
const SECANT_STEPS: usize = 12;
/// Most points tried on each side of what the secant search finds.
const TRIES: i32 = 4;

/// Where bisection of `low..=high` ends: but for rounding, at the smallest point within the bound. The
/// value must be above `bound` at `low` and at most `bound` at `high`. `middle` divides an interval.
///
/// A secant search first finds the neighbourhood in which rounding decides. Only points there are
/// evaluated, and the result is that of bisection alone.
pub fn smallest_within(
    function: &impl Falling,
    bound: f64,
    low: f64,
    high: f64,
    middle: impl Fn(f64, f64) -> f64,
) -> f64 {
    let (surely_above, surely_within) = neighbourhood(function, bound, low, high);
    let above = |x: f64| x <= surely_above || (x < surely_within && function.value(x) > bound);
    let (mut low, mut high) = (low, high);
    loop {
        let middle = middle(low, high);
        if middle <= low || middle >= high {
            return high;
        }
        if above(middle) { low = middle } else { high = middle }
    }
}

/// Two points in `low..=high`: up to the first the value is above the bound beyond all rounding, from
/// the second on it is below.
fn neighbourhood(function: &impl Falling, bound: f64, low: f64, high: f64) -> (f64, f64) {
    let (mut surely_above, mut surely_within) = (low, high);
    let mut look = |x: f64| {
        let (value, rounding) = (function.value(x), function.rounding(x) * bound.max(1.));
        if value - bound > rounding {
            surely_above = surely_above.max(x);
        } else if bound - value > rounding {
            surely_within = surely_within.min(x);
        }
        (value, rounding)
    };
    // A KL falls about with the square of a distance, so its inverse root is nearly straight.
    let straight = |value: f64| 1. / value.sqrt() - 1. / bound.sqrt();
    let ((mut a, mut at_a), (mut b, mut at_b)) = ((low, straight(look(low).0)), (high, straight(look(high).0)));
    let (mut root, mut was_above) = (high, None);
    for _ in 0..SECANT_STEPS {
        root = (a * at_b - b * at_a) / (at_b - at_a);
        if !(a < root && root < b) {
            break;
        }
        let (value, rounding) = look(root);
        if (value - bound).abs() <= rounding {
            break;
        }
        // The Illinois rule: an end that stays a second time counts half.
        let is_above = value > bound;
        let weight = if was_above == Some(is_above) { 0.5 } else { 1. };
        if is_above {
            (a, at_a, at_b) = (root, straight(value), weight * at_b);
        } else {
            (b, at_b, at_a) = (root, straight(value), weight * at_a);
        }
        was_above = Some(is_above);
    }
    for side in [-1., 1.] {
        for power in 0..TRIES {
            let beside = root + side * (root - low) * 1e-13 * 16f64.powi(power);
            if !(low < beside && beside < high) {
                break;
            }
            let (value, rounding) = look(beside);
            if (value - bound).abs() > rounding {
                break;
            }
        }
    }
    (surely_above, surely_within)
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    /// Bisection that evaluates every point.
    pub fn bisected(mut low: f64, mut high: f64, middle: impl Fn(f64, f64) -> f64, above: impl Fn(f64) -> bool) -> f64 {
        loop {
            let middle = middle(low, high);
            if middle <= low || middle >= high {
                return high;
            }
            if above(middle) { low = middle } else { high = middle }
        }
    }

    /// `(x - pole)^-power`, with an error of up to `noise` that changes from point to point, and the
    /// number of its evaluations.
    struct Noisy {
        pole: f64,
        power: f64,
        noise: f64,
        evaluations: Cell<usize>,
    }

    impl Falling for Noisy {
        fn value(&self, x: f64) -> f64 {
            self.evaluations.set(self.evaluations.get() + 1);
            let error = (x.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1u64 << 53) as f64;
            (x - self.pole).powf(-self.power) + self.noise * (2. * error - 1.)
        }

        fn rounding(&self, _x: f64) -> f64 {
            2. * self.noise + 1e-13
        }
    }

    proptest! {
        #[test]
        fn the_result_is_that_of_bisection_alone_and_takes_fewer_evaluations(
            pole in 0f64..10., power in 1f64..3., bound in 0.01f64..10., noise in prop::sample::select(vec![0., 1e-12, 1e-6, 1e-3]),
            geometric: bool, shift in 1f64..1e3,
        ) {
            let function = Noisy { pole, power, noise: noise * bound, evaluations: Cell::new(0) };
            let root = pole + bound.powf(-1. / power);
            let (low, high) = (pole + (root - pole) / (1. + shift), root + shift);
            let middle = |low: f64, high: f64| if geometric { (low * high).sqrt() } else { 0.5 * (low + high) };
            let found = smallest_within(&function, bound, low, high, middle);
            let evaluations = function.evaluations.replace(0);
            prop_assert_eq!(found, bisected(low, high, middle, |x| function.value(x) > bound));
            prop_assert!(noise > 1e-9 || evaluations < function.evaluations.get(), "{evaluations}");
        }
    }
}
