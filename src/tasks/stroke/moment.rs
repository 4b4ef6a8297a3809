//! Times of measurements: the conversion of seconds to policy steps, and the state between two
//! steps.

use moto_settings::FieldError;

use super::config::{Moment, Timing};

/// A time within this share of a step of a policy step counts as that step.
const AT_STEP: f64 = 1e-6;

/// The policy steps of a stroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Steps {
    /// Number of policy steps T; there are T + 1 states.
    pub horizon: usize,
    /// Duration of a step, s.
    pub duration: f64,
}

/// Time of a term's measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    /// One time, as a policy step and a share of the step in [0, 1). The end of the stroke is step
    /// T.
    At {
        /// The policy step.
        step: usize,
        /// The elapsed share of the step.
        share: f64,
    },
    /// Each of the states `first` to `last`.
    During {
        /// The first state.
        first: usize,
        /// The last state, at most T.
        last: usize,
    },
}

impl Steps {
    /// Length of the stroke, s.
    pub fn length(&self) -> f64 {
        self.horizon as f64 * self.duration
    }

    /// Converts a time to a number of policy steps.
    fn steps(&self, field: &str, moment: Moment) -> Result<f64, FieldError> {
        let Moment::Time(time) = moment else { return Ok(self.horizon as f64) };
        let steps = time / self.duration;
        if steps > self.horizon as f64 + AT_STEP {
            let (Self { horizon, duration }, length) = (self, self.length());
            let expected = format!("at most the stroke's end: {horizon} steps of {duration} s are {length} s");
            return Err(FieldError::value(field, time, expected));
        }
        let near = steps.round();
        Ok(if (steps - near).abs() < AT_STEP { near } else { steps })
    }

    /// The time in a term's settings; `None` if they have none.
    ///
    /// # Errors
    /// Times that contradict each other, or that lie beyond the end.
    pub fn when(&self, field: &str, timing: &Timing) -> Result<Option<When>, FieldError> {
        let Timing { at, from, to } = timing;
        match (at, from, to) {
            (None, None, None) => Ok(None),
            (Some(at), None, None) => {
                let steps = self.steps(&format!("{field}.at"), *at)?;
                Ok(Some(When::At { step: steps as usize, share: steps.fract() }))
            }
            (Some(_), ..) => Err(FieldError::value(field, "both at and from or to", "one of them")),
            (None, from, to) => {
                let from = Moment::Time(from.unwrap_or(0.));
                let first = self.steps(&format!("{field}.from"), from)?.ceil() as usize;
                let to_field = format!("{field}.to");
                let last = to.map_or(Ok(self.horizon as f64), |to| self.steps(&to_field, to))?.floor() as usize;
                if last < first {
                    let expected = format!("a policy step, {} s, at least after from", self.duration);
                    return Err(FieldError::value(to_field, "too early", expected));
                }
                Ok(Some(When::During { first, last }))
            }
        }
    }

    /// Time of a share of a policy step, s after the start.
    pub fn time(&self, step: usize, share: f64) -> f64 {
        (step as f64 + share) * self.duration
    }

    /// The state at a share of the step from `state` to `next` (state), of a robot with `joints`.
    /// Joints follow the cubic with the positions and velocities of both states. All other entries
    /// are interpolated linearly.
    pub fn between(&self, state: &[f64], next: &[f64], share: f64, joints: usize) -> Vec<f64> {
        let (h, s) = (self.duration, share);
        let mut at: Vec<f64> = state.iter().zip(next).map(|(a, b)| a + s * (b - a)).collect();
        for joint in 0..joints {
            let (p, q) = (state[joint], next[joint]);
            let (u, v) = (h * state[joints + joint], h * next[joints + joint]);
            let (square, cube) = (3. * (q - p) - 2. * u - v, 2. * (p - q) + u + v);
            at[joint] = p + s * (u + s * (square + s * cube));
            at[joints + joint] = (u + s * (2. * square + s * 3. * cube)) / h;
        }
        at
    }
}
