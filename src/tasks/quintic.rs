//! Fifth-order polynomials between two knots, with zero acceleration at both ends.

/// The motion of one joint from one knot to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quintic {
    position: f64,
    velocity: f64,
    cubic: f64,
    quartic: f64,
    quintic: f64,
    duration: f64,
}

impl Quintic {
    /// A motion from `(position, velocity)` to `(position, velocity)` in `duration` > 0 seconds.
    pub fn new(from: (f64, f64), to: (f64, f64), duration: f64) -> Self {
        let (change, t) = (to.0 - from.0, duration);
        Self {
            position: from.0,
            velocity: from.1,
            cubic: (10. * change - (6. * from.1 + 4. * to.1) * t) / t.powi(3),
            quartic: (-15. * change + (8. * from.1 + 7. * to.1) * t) / t.powi(4),
            quintic: (6. * change - 3. * (from.1 + to.1) * t) / t.powi(5),
            duration,
        }
    }

    /// Position, velocity and acceleration at `time` seconds. A time outside the duration counts as
    /// its nearer end.
    pub fn at(&self, time: f64) -> (f64, f64, f64) {
        let t = time.clamp(0., self.duration);
        let Self { position, velocity, cubic, quartic, quintic, .. } = self;
        (
            position + t * (velocity + t * t * (cubic + t * (quartic + t * quintic))),
            velocity + t * t * (3. * cubic + t * (4. * quartic + t * 5. * quintic)),
            t * (6. * cubic + t * (12. * quartic + t * 20. * quintic)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_its_knots_and_is_the_derivative_it_says() {
        let q = Quintic::new((0.3, -0.5), (1.1, 2.), 0.4);
        let (p, v, a) = q.at(0.);
        assert_eq!((p, v, a), (0.3, -0.5, 0.));
        let (p, v, a) = q.at(0.4);
        assert!((p - 1.1).abs() < 1e-12 && (v - 2.).abs() < 1e-12 && a.abs() < 1e-10);
        let h = 1e-6;
        for t in [0.05, 0.2, 0.31] {
            let (_, v, a) = q.at(t);
            assert!(((q.at(t + h).0 - q.at(t - h).0) / (2. * h) - v).abs() < 1e-7);
            assert!(((q.at(t + h).1 - q.at(t - h).1) / (2. * h) - a).abs() < 1e-6);
        }
    }
}
