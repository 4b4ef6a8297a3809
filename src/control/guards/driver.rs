//! What the robot's own driver adds to the commands, on the loop's side: where the command ends and
//! the whole effort of a joint begins.

/// The driver's part of the last effort.
#[derive(Clone, Debug)]
pub(super) struct DriverPart {
    /// What the driver adds (joint).
    pub added: Box<[f64]>,
    /// Whether the last command was an effort less this. Otherwise it was the effort.
    pub subtracted: bool,
    /// The last command (joint).
    pub command: Box<[f64]>,
}

impl DriverPart {
    /// Zero was sent, and the driver's part was left to it.
    pub fn new(joints: usize) -> Self {
        Self { added: vec![0.; joints].into(), subtracted: false, command: vec![0.; joints].into() }
    }

    /// The effort of a joint that is next to `effort` and needs no command beyond `limit`.
    pub fn reachable(&self, joint: usize, effort: f64, limit: f64) -> f64 {
        if !self.subtracted {
            return effort;
        }
        let command = self.left(joint, effort, limit);
        // The same to the bit where the limit is not met.
        if command == effort - self.added[joint] { effort } else { self.added[joint] + command }
    }

    /// The command that is left of an effort, within `limit`.
    pub fn left(&self, joint: usize, effort: f64, limit: f64) -> f64 {
        if self.subtracted { (effort - self.added[joint]).clamp(-limit, limit) } else { effort }
    }
}

#[cfg(test)]
mod tests {
    use crate::control::config::LimitsConfig;
    use crate::control::guards::fault::Fault;
    use crate::control::guards::limits::Limits;
    use proptest::prelude::*;

    const EFFORT: f64 = 10.;
    const STEP: f64 = 2.;

    fn limits() -> Limits {
        let config = LimitsConfig {
            effort: vec![EFFORT],
            effort_rate: vec![STEP / 0.01],
            lower: vec![-1.],
            upper: vec![2.],
            velocity: vec![5.],
            margin: vec![0.2],
            stiffness: vec![30.],
            damping: vec![4.],
            velocity_margin: 0.2,
            trip_ratio: 1.5,
        };
        Limits::new(&config, 0.01)
    }

    fn add(limits: &mut Limits, added: f64) -> Result<(), Fault> {
        limits.compensate(|part| {
            part[0] = added;
            true
        })
    }

    /// Effort and command, where no limit of position or velocity is near.
    fn apply(limits: &mut Limits, added: f64, asked: f64) -> (f64, f64) {
        let mut effort = [f64::NAN];
        add(limits, added).unwrap();
        limits.apply(&[0.], &[0.], &[asked], &mut effort).unwrap();
        (effort[0], limits.command()[0])
    }

    #[test]
    fn an_arm_that_its_driver_carries_is_not_dropped_when_the_loop_takes_over() {
        let mut limits = limits();
        assert_eq!(apply(&mut limits, 7., 7.), (7., 0.), "the joints felt the driver's part before");
        assert_eq!(apply(&mut limits, 7., 0.), (5., -2.), "and from there on the rate is limited");
        let mut safe = [-2.];
        limits.apply_safe(&mut safe);
        assert_eq!((safe, limits.command()), ([-2.], &[-2.][..]), "the safe state goes on from the command");
        limits.zeroed();
        assert_eq!((limits.last(), limits.command()), (&[0.][..], &[0.][..]));
        assert_eq!(apply(&mut limits, 7., 7.), (7., 0.));
    }

    #[test]
    fn away_from_the_commands_own_limit_the_effort_is_that_without_such_a_driver() {
        let (mut limits, mut bare) = (limits(), limits());
        let mut effort = [0.];
        for (asked, added) in [(0., 0.), (3., 0.3), (-1., -0.7), (9., 1.1), (5., -4.), (-9., -2.)] {
            bare.apply(&[0.], &[0.], &[asked], &mut effort).unwrap();
            assert_eq!(apply(&mut limits, added, asked), (effort[0], effort[0] - added));
        }
    }

    #[test]
    fn at_the_commands_own_limit_the_effort_is_what_can_be_reached() {
        let mut limits = limits();
        limits.forget();
        assert_eq!(apply(&mut limits, 4., -9.), (-6., -10.));
        assert_eq!(apply(&mut limits, 4., -6.), (-6., -10.));
        assert_eq!(limits.last(), [-6.]);
    }

    #[test]
    fn a_part_that_is_not_finite_is_refused_and_leaves_the_last_command() {
        let mut limits = limits();
        assert_eq!(apply(&mut limits, 3., 4.), (4., 1.));
        for bad in [f64::NAN, f64::INFINITY] {
            assert_eq!(add(&mut limits, bad), Err(Fault::NonFiniteEffort { joint: 0 }));
        }
        assert_eq!(limits.command(), [1.]);
        let mut safe = [1.];
        limits.apply_safe(&mut safe);
        assert_eq!((limits.last(), limits.command()), (&[1.][..], &[1.][..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn command_and_the_drivers_part_are_the_whole_effort_and_both_are_within_the_limit(
            cycles in prop::collection::vec((-15.0..15.0_f64, -40.0..40.0_f64, any::<bool>()), 1..40)
        ) {
            let mut limits = limits();
            for (added, asked, safe) in cycles {
                let before = limits.command()[0];
                if safe {
                    let mut sent = [asked];
                    limits.apply_safe(&mut sent);
                    prop_assert_eq!(&sent, limits.command());
                    prop_assert!((sent[0] - before).abs() <= STEP + 1e-12);
                } else {
                    let (effort, command) = apply(&mut limits, added, asked);
                    prop_assert!((command + added - effort).abs() < 1e-12);
                    prop_assert!(command.abs() <= EFFORT && effort.abs() <= EFFORT + 1e-12);
                }
            }
        }
    }
}
