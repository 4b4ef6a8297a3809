//! The limits between the law and the robot, in order: finite, torque, torque rate, position
//! envelope, velocity.
//!
//! They act on the whole effort that a joint feels. Where the robot's driver adds a part of it by
//! itself, the command is what is left, and no larger than the torque limit either.

use super::driver::DriverPart;
use super::fault::Fault;
use crate::control::config::LimitsConfig;

/// Limits of one joint, per control cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
struct JointLimits {
    effort: f64,
    /// Largest change between two commands.
    effort_step: f64,
    lower: f64,
    upper: f64,
    margin: f64,
    stiffness: f64,
    damping: f64,
    velocity: f64,
    /// Speed from which on accelerating efforts fade.
    fade: f64,
}

/// Removes `share` of the part of `effort` that pushes along `direction` (1 or -1).
fn fade(effort: f64, direction: f64, share: f64) -> f64 {
    if effort * direction > 0. { effort * (1. - share.min(1.)) } else { effort }
}

impl JointLimits {
    /// Range of efforts allowed by torque limit and torque-rate limit after effort `last`.
    fn range(&self, last: Option<f64>) -> (f64, f64) {
        let (low, high) = (-self.effort, self.effort);
        match last.map(|last| last.clamp(low, high)) {
            Some(last) => ((last - self.effort_step).max(low), (last + self.effort_step).min(high)),
            None => (low, high),
        }
    }

    /// Depth of a position in the nearer soft zone (more than the margin beyond the bound, not
    /// positive inside the zones), and the outward direction (1 or -1).
    fn depth(&self, position: f64) -> (f64, f64) {
        let above = position - (self.upper - self.margin);
        let below = (self.lower + self.margin) - position;
        if above > 0. { (above, 1.) } else { (below, -1.) }
    }

    /// Position envelope. Over the margin inside a bound, efforts that push outward fade, and a
    /// spring and a damper take over.
    fn envelope(&self, position: f64, velocity: f64, effort: f64) -> f64 {
        let (depth, direction) = self.depth(position);
        if depth <= 0. {
            return effort;
        }
        let outward = (velocity * direction).max(0.);
        fade(effort, direction, depth / self.margin) - direction * (self.stiffness * depth + self.damping * outward)
    }

    /// Position envelope of a safe effort. It differs from [`Self::envelope`] in the spring, which
    /// answers in proportion to the outward speed. The spring thus takes energy and gives none: an
    /// arm that rests beyond a bound is not driven back.
    fn barrier(&self, position: f64, velocity: f64, effort: f64) -> f64 {
        let (depth, direction) = self.depth(position);
        if depth <= 0. {
            return effort;
        }
        let outward = (velocity * direction).max(0.);
        let spring = self.stiffness * depth * (outward / self.velocity).min(1.);
        fade(effort, direction, depth / self.margin) - direction * (spring + self.damping * outward)
    }

    /// Velocity limit. Near the largest speed, accelerating efforts fade; above it, a damper
    /// brakes.
    fn speed(&self, velocity: f64, effort: f64) -> f64 {
        let over = velocity.abs() - self.fade;
        if over <= 0. {
            return effort;
        }
        let excess = (velocity.abs() - self.velocity).max(0.);
        fade(effort, velocity.signum(), over / (self.velocity - self.fade)) - velocity.signum() * self.damping * excess
    }
}

/// The limits of all joints, and the last effort sent.
#[derive(Clone, Debug)]
pub struct Limits {
    pub(in crate::control) settings: Settings,
    memory: Memory,
}

/// Limits of all joints.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Settings(Box<[JointLimits]>);

#[derive(Clone, Debug)]
struct Memory {
    /// The last effort, the driver's part included where it was subtracted (joint).
    last: Box<[f64]>,
    driver: DriverPart,
    /// Whether the torque rate is limited. False for one command after the plant was reset.
    continuous: bool,
}

impl Settings {
    /// For commands `period` seconds apart, from a validated configuration.
    pub fn new(config: &LimitsConfig, period: f64) -> Self {
        let joint = |j| JointLimits {
            effort: config.effort[j],
            effort_step: config.effort_rate[j] * period,
            lower: config.lower[j],
            upper: config.upper[j],
            margin: config.margin[j],
            stiffness: config.stiffness[j],
            damping: config.damping[j],
            velocity: config.velocity[j],
            fade: config.velocity[j] * (1. - config.velocity_margin),
        };
        Self((0..config.effort.len()).map(joint).collect())
    }
}

impl Limits {
    /// Limits for commands `period` seconds apart, from a validated configuration. Starts from zero
    /// effort.
    pub fn new(config: &LimitsConfig, period: f64) -> Self {
        Self::with(Settings::new(config, period))
    }

    /// Starts from zero effort.
    pub(in crate::control) fn with(settings: Settings) -> Self {
        let joints = settings.0.len();
        let memory = Memory { last: vec![0.; joints].into(), driver: DriverPart::new(joints), continuous: true };
        Self { memory, settings }
    }

    /// The last effort of a joint, if the torque rate is limited.
    fn last_of(&self, joint: usize) -> Option<f64> {
        self.memory.continuous.then_some(self.memory.last[joint])
    }

    /// Takes what the robot's driver adds by itself from `write`, which says whether it adds
    /// anything. From now on commands are efforts less that, until [`Self::apply_safe`].
    ///
    /// # Errors
    /// [`Fault::NonFiniteEffort`].
    pub fn compensate(&mut self, write: impl FnOnce(&mut [f64]) -> bool) -> Result<(), Fault> {
        let Memory { last, driver, .. } = &mut self.memory;
        if !write(&mut driver.added) {
            return Ok(());
        }
        if let Some(joint) = driver.added.iter().position(|added| !added.is_finite()) {
            return Err(Fault::NonFiniteEffort { joint });
        }
        if !driver.subtracted {
            // So far the joints felt the last command and the driver's part: an arm that its driver
            // carries is not dropped.
            last.iter_mut().zip(&driver.added).for_each(|(last, added)| *last += added);
            driver.subtracted = true;
        }
        Ok(())
    }

    /// Limits the law's effort at the given joint state. Returns whether any limit changed it.
    ///
    /// # Errors
    /// [`Fault::NonFiniteEffort`]; `sent` must then not be used.
    pub fn apply(
        &mut self,
        position: &[f64],
        velocity: &[f64],
        asked: &[f64],
        sent: &mut [f64],
    ) -> Result<bool, Fault> {
        let mut clipped = false;
        for (joint, limits) in self.settings.0.iter().enumerate() {
            if !asked[joint].is_finite() {
                return Err(Fault::NonFiniteEffort { joint });
            }
            let (low, high) = limits.range(self.last_of(joint));
            let effort = asked[joint].clamp(low, high);
            let effort = limits.envelope(position[joint], velocity[joint], effort);
            // Envelope and speed limit may add to the effort, so the range is applied again.
            let effort = limits.speed(velocity[joint], effort).clamp(low, high);
            let effort = self.memory.driver.reachable(joint, effort, limits.effort);
            if !effort.is_finite() {
                return Err(Fault::NonFiniteEffort { joint });
            }
            clipped |= effort != asked[joint];
            sent[joint] = effort;
        }
        self.commit(sent);
        Ok(clipped)
    }

    /// Position envelope and velocity limit of a safe effort, where velocities (and positions) are
    /// trustworthy. They brake an arm that flies or leaves its bounds, and drive none.
    pub fn brake(&self, position: Option<&[f64]>, velocity: &[f64], effort: &mut [f64]) {
        for (joint, (limits, effort)) in self.settings.0.iter().zip(effort.iter_mut()).enumerate() {
            let bounded =
                position.map_or(*effort, |position| limits.barrier(position[joint], velocity[joint], *effort));
            *effort = limits.speed(velocity[joint], bounded);
        }
    }

    /// Limits a safe command by torque and torque rate only. A non-finite effort becomes zero.
    /// Nothing is subtracted: the driver goes on adding its part, and the command is compared with
    /// the last command.
    pub fn apply_safe(&mut self, sent: &mut [f64]) {
        let Memory { last, driver, .. } = &mut self.memory;
        if driver.subtracted {
            last.copy_from_slice(&driver.command);
            driver.subtracted = false;
        }
        for (joint, (limits, effort)) in self.settings.0.iter().zip(sent.iter_mut()).enumerate() {
            let (low, high) = limits.range(self.last_of(joint));
            *effort = if effort.is_finite() { *effort } else { 0. }.clamp(low, high);
        }
        self.commit(sent);
    }

    fn commit(&mut self, sent: &[f64]) {
        let Memory { last, driver, continuous } = &mut self.memory;
        last.copy_from_slice(sent);
        *continuous = true;
        for (joint, limits) in self.settings.0.iter().enumerate() {
            driver.command[joint] = driver.left(joint, sent[joint], limits.effort);
        }
    }

    /// The last effort, the driver's part included where it was subtracted.
    pub fn last(&self) -> &[f64] {
        &self.memory.last
    }

    /// The last effort, if the torque rate is limited from it.
    pub(in crate::control) fn before(&self) -> Option<&[f64]> {
        self.memory.continuous.then_some(&*self.memory.last)
    }

    /// Goes on as after `effort` (joint), the driver's part included; as after a reset where that is
    /// empty.
    pub(in crate::control) fn go_on_from(&mut self, effort: &[f64]) {
        self.memory.continuous = !effort.is_empty();
        if self.memory.continuous {
            self.memory.last.copy_from_slice(effort);
        }
        self.memory.driver.subtracted = true;
    }

    /// The last command: the last effort less what the driver adds.
    pub fn command(&self) -> &[f64] {
        &self.memory.driver.command
    }

    /// Takes note that the robot got zero in place of the last command.
    pub fn zeroed(&mut self) {
        let Memory { last, driver, continuous } = &mut self.memory;
        last.fill(0.);
        driver.command.fill(0.);
        (driver.subtracted, *continuous) = (false, true);
    }

    /// Takes note that the plant was reset: the next command is not compared with the last.
    pub fn forget(&mut self) {
        self.memory.continuous = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERIOD: f64 = 0.01;

    fn config() -> LimitsConfig {
        LimitsConfig {
            effort: vec![10.],
            effort_rate: vec![200.],
            lower: vec![-1.],
            upper: vec![2.],
            velocity: vec![5.],
            margin: vec![0.2],
            stiffness: vec![30.],
            damping: vec![4.],
            velocity_margin: 0.2,
            trip_ratio: 1.5,
        }
    }

    fn joint() -> JointLimits {
        Settings::new(&config(), PERIOD).0[0]
    }

    #[test]
    fn torque_and_torque_rate_make_the_range() {
        let joint = joint();
        assert_eq!(joint.range(Some(0.)), (-2., 2.));
        assert_eq!(joint.range(Some(9.)), (7., 10.));
        assert_eq!(joint.range(Some(-9.5)), (-10., -7.5));
        assert_eq!(joint.range(None), (-10., 10.));
    }

    #[test]
    fn near_a_bound_spring_and_damper_take_over() {
        let joint = joint();
        assert_eq!(joint.envelope(1.8, 3., 7.), 7., "outside the zone nothing changes");
        let at = |position, velocity, effort| joint.envelope(position, velocity, effort);
        assert!((at(1.9, 0., 6.) - (3. - 3.)).abs() < 1e-12, "half way in, half the outward effort, minus the spring");
        assert!((at(1.9, 0., -6.) - (-6. - 3.)).abs() < 1e-12, "inward efforts stay");
        assert!((at(1.9, 0.5, 0.) - (-3. - 2.)).abs() < 1e-12, "the damper acts on outward motion");
        assert!((at(1.9, -0.5, 0.) + 3.).abs() < 1e-12, "and not on inward motion");
        assert!((at(2.5, 0., 8.) + 21.).abs() < 1e-12, "beyond the bound nothing outward is left");
        assert!((at(-0.9, -0.5, -6.) - (-3. + 3. + 2.)).abs() < 1e-12, "the lower bound mirrors the upper");
    }

    #[test]
    fn near_the_largest_speed_acceleration_fades_and_above_it_brakes() {
        let joint = joint();
        assert_eq!(joint.speed(3.9, 7.), 7.);
        assert!((joint.speed(4.5, 7.) - 3.5).abs() < 1e-12);
        assert!((joint.speed(-4.5, -7.) + 3.5).abs() < 1e-12);
        assert_eq!(joint.speed(4.5, -7.), -7., "braking is not faded");
        assert!((joint.speed(6., 7.) + 4.).abs() < 1e-12);
    }

    #[test]
    fn a_safe_effort_is_only_braked() {
        let limits = Limits::new(&config(), PERIOD);
        let braked = |position: Option<f64>, velocity, mut effort| {
            limits.brake(position.as_ref().map(std::slice::from_ref), &[velocity], std::slice::from_mut(&mut effort));
            effort
        };
        assert_eq!(braked(Some(2.5), 0., 0.), 0., "at rest beyond a bound it is not driven back");
        assert_eq!(braked(Some(2.5), -1., 0.), 0., "nor on its way back");
        assert_eq!(braked(Some(2.5), 0., 7.), 0., "and what pushed it outward is gone");
        // Depth 0.7, a fifth of the largest speed.
        assert!((braked(Some(2.5), 1., 0.) + 30. * 0.7 / 5. + 4.).abs() < 1e-12);
        assert!((braked(Some(-1.5), -1., 0.) - (30. * 0.7 / 5. + 4.)).abs() < 1e-12, "the lower bound mirrors it");
        assert_eq!(braked(None, 1., 7.), 7., "where the position is not known there is no bound");
        assert!((braked(None, 6., 7.) + 4.).abs() < 1e-12, "above the largest speed only the damper is left");
    }

    #[test]
    fn a_joint_without_bounds_is_left_alone() {
        let mut config = config();
        (config.lower, config.upper) = (vec![f64::NEG_INFINITY], vec![f64::INFINITY]);
        assert_eq!(Settings::new(&config, PERIOD).0[0].envelope(1e6, 1., 7.), 7.);
    }

    #[test]
    fn non_finite_efforts_are_refused_and_leave_the_last_command() {
        let mut limits = Limits::new(&config(), PERIOD);
        let mut sent = [0.];
        assert_eq!(limits.apply(&[0.], &[0.], &[1.], &mut sent), Ok(false));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(limits.apply(&[0.], &[0.], &[bad], &mut sent), Err(Fault::NonFiniteEffort { joint: 0 }));
        }
        assert_eq!(limits.apply(&[f64::NAN], &[f64::NAN], &[1.], &mut sent), Err(Fault::NonFiniteEffort { joint: 0 }));
        assert_eq!(limits.last(), [1.]);
        let mut safe = [f64::NAN];
        limits.apply_safe(&mut safe);
        assert_eq!(safe, [0.]);
    }

    #[test]
    fn only_the_command_after_a_reset_may_jump() {
        let mut limits = Limits::new(&config(), PERIOD);
        let mut sent = [0.];
        limits.forget();
        assert_eq!(limits.apply(&[0.], &[0.], &[9.], &mut sent), Ok(false));
        assert_eq!(limits.apply(&[0.], &[0.], &[-9.], &mut sent), Ok(true));
        assert_eq!(sent, [7.]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn braking_adds_no_power(position in -4.0..4.0_f64, velocity in -20.0..20.0_f64, effort in -10.0..10.0_f64) {
            let mut braked = [effort];
            Limits::new(&config(), PERIOD).brake(Some(&[position]), &[velocity], &mut braked);
            prop_assert!(braked[0] * velocity <= (effort * velocity).max(0.), "{} at {velocity}", braked[0]);
        }

        #[test]
        fn whatever_is_asked_what_is_sent_is_within_torque_and_rate(
            steps in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f64::ANY, any::<bool>()), 1..30)
        ) {
            let mut limits = Limits::new(&config(), PERIOD);
            for (position, velocity, asked, safe) in steps {
                let (last, mut sent) = (limits.last()[0], [asked]);
                let ok = if safe {
                    limits.apply_safe(&mut sent);
                    true
                } else {
                    limits.apply(&[position], &[velocity], &[asked], &mut sent).is_ok()
                };
                if ok {
                    prop_assert!(sent[0].is_finite() && sent[0].abs() <= 10.);
                    prop_assert!((sent[0] - last).abs() <= 2. + 1e-12);
                    prop_assert_eq!(limits.last()[0], sent[0]);
                } else {
                    prop_assert_eq!(limits.last()[0], last);
                }
            }
        }
    }
}
