//! The period of the simulated physics.

use std::time::Duration;

/// Longest period of the simulated physics.
const LONGEST: Duration = Duration::from_millis(2);

/// The longest whole fraction of a control period that is short enough for the physics.
pub fn physics_period(control: Duration) -> Duration {
    let period = control.as_nanos() as u64;
    let least = period.div_ceil(LONGEST.as_nanos() as u64).max(1);
    // One nanosecond divides every period.
    let parts = (least..=period.max(least)).find(|parts| period.is_multiple_of(*parts)).unwrap_or(least);
    Duration::from_nanos(period / parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_physics_divides_the_control_period() {
        for (control, physics) in [(2_000, 2_000), (1_000, 1_000), (10_000, 2_000), (7_000, 1_750), (2_002, 1_001)] {
            assert_eq!(physics_period(Duration::from_micros(control)), Duration::from_micros(physics), "{control}");
        }
    }
}
