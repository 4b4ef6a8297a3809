//! A joint above the speed at which the loop trips: does the joint fly, or is its velocity wrong?

/// Distance by position and by velocity since the velocity became that high.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Excess {
    /// Change of the position.
    pub moved: f64,
    /// Sum of velocity times time.
    pub said: f64,
}

/// Share of the distance by which both may differ. Drivers filter velocities, and the arm
/// accelerates meanwhile.
const SLACK: f64 = 0.75;

impl Excess {
    /// The excess of one joint between two readings `elapsed` seconds apart.
    pub fn of(velocity: f64, moved: f64, elapsed: f64) -> Self {
        Self { moved, said: velocity * elapsed }
    }

    /// Adds a further reading. A reading at or below `speed` ends the excess.
    pub fn add(&mut self, velocity: f64, moved: f64, elapsed: f64, speed: f64) {
        if velocity.abs() > speed {
            (self.moved, self.said) = (self.moved + moved, self.said + velocity * elapsed);
        } else {
            *self = Self::default();
        }
    }

    /// Whether both distances agree within slack and resolution.
    pub fn agrees(&self, resolution: f64) -> bool {
        (self.moved - self.said).abs() <= SLACK * self.said.abs() + resolution
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of the reading at which a velocity of 8 is found wrong. The readings are `elapsed`
    /// apart and move by `moved` each.
    fn found(elapsed: f64, moved: f64) -> Option<u32> {
        let mut excess = Excess::default();
        (1..1000).find(|_| {
            excess.add(8., moved, elapsed, 6.);
            !excess.agrees(0.002)
        })
    }

    #[test]
    fn a_joint_that_flies_is_seen_flying_at_any_rate_of_readings() {
        for elapsed in [1e-4, 1e-3, 0.01] {
            // Also if the velocity is delayed by a filter, or averaged by the driver.
            for share in [0.3, 1., 1.7] {
                assert_eq!(found(elapsed, share * 8. * elapsed), None);
            }
        }
    }

    #[test]
    fn a_velocity_that_does_not_show_is_found_as_soon_as_the_positions_resolve_it() {
        assert_eq!(found(0.002, 0.), Some(1));
        assert_eq!(found(6e-4, 0.), Some(2));
        assert_eq!(found(0.002, -0.016), Some(1), "nor may it be the other way round");
        assert_eq!(found(1.5e-4, 0.), Some(7));
    }

    #[test]
    fn a_speed_within_the_limit_begins_anew() {
        let mut excess = Excess::of(8., 0., 0.002);
        excess.add(6., 0., 0.002, 6.);
        assert_eq!(excess, Excess::default());
        assert!(excess.agrees(0.));
    }
}
