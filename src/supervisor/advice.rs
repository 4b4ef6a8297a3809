//! What a configuration needs to learn from a recording of the arm that was led by hand.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::recording::Recording;
use crate::control::{ControlConfig, JointSample};

/// What to put into a configuration to learn from a recording. The stroke begins where the arm rests
/// in the start posture for the last time before it leaves, and ends where the arm comes to rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    path: PathBuf,
    /// Policy steps of the stroke.
    horizon: usize,
    /// Duration of the stroke, s.
    duration: f64,
    /// Start of the stroke in the recording, s.
    begin: f64,
    /// Posture in which the recording begins, if it does not begin at rest in the start posture.
    elsewhere: Option<Vec<f64>>,
    missing: u64,
}

impl Advice {
    /// For a recording in the file `path`, and a loop with these settings.
    pub fn new(recording: &Recording, control: &ControlConfig, path: &Path) -> Self {
        let samples = recording.samples();
        let tolerance = &control.homing;
        let near = |(q, start): (&f64, &f64)| (q - start).abs() <= tolerance.position_tolerance;
        let at_start = |sample: &JointSample| sample.position.iter().zip(&control.start_posture).all(near);
        let still = |sample: &JointSample| sample.velocity.iter().all(|v| v.abs() <= tolerance.velocity_tolerance);
        let departure = samples.iter().position(|sample| !at_start(sample)).unwrap_or(samples.len());
        let begin = samples[..departure].iter().rposition(still);
        let arrival = samples.iter().rposition(|sample| !still(sample)).map_or(samples.len(), |moving| moving + 1);
        let time = |index: usize| {
            let ends = samples.first().zip(samples.get(index));
            ends.map_or(recording.duration(), |(first, sample)| sample.stamp - first.stamp)
        };
        let begins = time(begin.unwrap_or(0));
        let step = control.period * control.decimation as f64;
        let steps = |until: Duration| until.saturating_sub(begins).as_secs_f64() / step;
        // Stamps are rounded.
        let most = (steps(recording.duration()) + 1e-6).floor();
        let horizon = steps(time(arrival)).ceil().min(most).max(1.);
        Self {
            path: std::path::absolute(path).unwrap_or_else(|_| path.into()),
            horizon: horizon as usize,
            duration: horizon * step,
            begin: begins.as_secs_f64(),
            elsewhere: samples.first().filter(|_| begin.is_none()).map(|first| first.position.to_vec()),
            missing: recording.missing(),
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, horizon, duration, begin, elsewhere, missing } = self;
        if *missing > 0 {
            writeln!(f, "{missing} joint states are missing: show it again if the recording is refused for a gap")?;
        }
        writeln!(f, "to learn from it, put this into the configuration, and say what is rewarded:")?;
        if let Some(posture) = elsewhere {
            let numbers: Vec<String> = posture.iter().map(|q| format!("{q:.4}")).collect();
            writeln!(f, "    control:            # it does not begin at rest in the start posture")?;
            writeln!(f, "      start_posture: [{}]", numbers.join(", "))?;
        }
        writeln!(f, "    task:")?;
        writeln!(f, "      stroke:")?;
        writeln!(f, "        horizon: {horizon}     # {duration:.2} s")?;
        writeln!(f, "        demonstration: {{recording: {path:?}}}")?;
        write!(f, "        recording: {{begin: {begin:.3}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;

    /// A recording every 2 ms in which the first joint is displaced by this much, at this speed.
    fn recording(motion: impl Fn(f64) -> (f64, f64)) -> (Recording, ControlConfig) {
        let control = Setup::shipped(|_| {}).unwrap().config.control;
        let sample = |i: u32| {
            let (displacement, speed) = motion(f64::from(i) * 0.002);
            let mut position = control.start_posture.clone();
            position[0] += displacement;
            let mut velocity = vec![0.; position.len()];
            velocity[0] = speed;
            JointSample {
                stamp: 3 * Duration::from_secs(1) + i * Duration::from_millis(2),
                position: position.into(),
                velocity: velocity.into(),
            }
        };
        (Recording::of((0..=1000).map(sample).collect()), control)
    }

    #[test]
    fn the_stroke_is_what_lies_between_the_rest_at_the_start_and_the_rest_at_the_end() {
        // At rest for half a second, in motion for one, and at rest again.
        let (recording, control) =
            recording(|t| (0.3 * (t - 0.5).clamp(0., 1.), if (0.5..1.5).contains(&t) { 0.3 } else { 0. }));
        let advice = Advice::new(&recording, &control, Path::new("shown.mcap"));
        assert!((advice.begin - 0.498).abs() < 1e-9 && advice.elsewhere.is_none(), "{advice:?}");
        // Policy steps of 0.02 s.
        assert_eq!((advice.horizon, recording.check()), (51, Ok(())));
        let said = advice.to_string();
        assert!(said.contains("horizon: 51     # 1.02 s") && said.contains("/shown.mcap\"}"), "{said}");
    }

    #[test]
    fn a_recording_that_begins_elsewhere_comes_with_its_start_posture() {
        // An arm that never rests, and one that is slower than what counts as rest.
        for speed in [0.2, 0.01] {
            let (recording, control) = recording(|t| (0.5 + speed * t, speed));
            let advice = Advice::new(&recording, &control, Path::new("shown.mcap"));
            assert_eq!((advice.begin, advice.horizon), (0., 100), "all of it");
            assert!(advice.to_string().contains("start_posture: [0.5000, 0.0000"), "{advice}");
        }
    }

    #[test]
    fn a_recording_without_states_is_too_short() {
        let said = Recording::of(vec![]).check().unwrap_err().to_string();
        assert!(said.contains("has 0 joint states over 0.00ns, at least 10"), "{said}");
    }
}
