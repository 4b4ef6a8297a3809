//! How a replay came out, for people and as JSON.

use std::fmt;

use serde::Serialize;

/// A part of the control cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// From a reading to the policy's state.
    State,
    /// From the state to the action.
    Action,
    /// From the action to the effort asked.
    Asked,
    /// From the effort asked to the effort sent: the limits.
    Sent,
}

/// The first number of a part that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// The part.
    pub part: Part,
    /// Control cycle, from 0.
    pub cycle: usize,
    /// Its planned time after the stroke's start, s.
    pub time: f64,
    /// The joint, or the number of the entry of a state.
    pub entry: String,
    /// The recorded number.
    pub recorded: f64,
    /// The replayed number.
    pub replayed: f64,
}

/// How a replay came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// Number of the trial.
    pub trial: u64,
    /// What it was in its run.
    pub name: String,
    /// Control cycles compared.
    pub cycles: usize,
    /// Control cycles recorded.
    pub recorded_cycles: usize,
    /// Whether the law was there to make the actions again.
    pub actions_made_again: bool,
    /// The first difference of each part, in the order of the cycle.
    pub deviations: Vec<Deviation>,
    /// Why the replayed stroke ended before the recorded one.
    pub stopped: Option<String>,
    /// Settings that differ from those of the run.
    pub settings: Vec<String>,
    /// Version of the package that made the trial, if it is another one.
    pub version: Option<String>,
}

impl Replay {
    /// Whether all that was replayed is the recorded, to the bit.
    pub fn is_equal(&self) -> bool {
        self.deviations.is_empty() && self.stopped.is_none()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "the policy's state",
            Self::Action => "the action",
            Self::Asked => "the effort asked",
            Self::Sent => "the effort sent",
        })
    }
}

impl Part {
    /// Where to look when this part is the first that differs.
    fn cause(self) -> &'static str {
        match self {
            Self::State => {
                "the readings are the same: the task makes another state of them, or stamps differed, which no trial has"
            }
            Self::Action => "state and noise are the same: the law is another one, or computes otherwise",
            Self::Asked => "state and action are the same: action_scale, tracking, or this build's code differ",
            Self::Sent => "what was asked is the same: a limit, or this build's code differs",
        }
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trial, name, cycles, recorded_cycles, .. } = self;
        writeln!(f, "trial {trial}, {name}: {cycles} of {recorded_cycles} control cycles replayed")?;
        if !self.actions_made_again {
            writeln!(f, "the actions are the recorded ones: the law of that iteration is not in the folder any more")?;
        }
        for Deviation { part, cycle, time, entry, recorded, replayed } in &self.deviations {
            writeln!(
                f,
                "{part} differs from cycle {cycle} on ({time:.3} s): {entry} was {recorded:?}, is {replayed:?}"
            )?;
        }
        if let Some(first) = self.deviations.first() {
            writeln!(f, "{}", first.part.cause())?;
        }
        if let Some(stopped) = &self.stopped {
            writeln!(f, "the replayed stroke ended there: {stopped}")?;
        }
        for setting in &self.settings {
            writeln!(f, "another setting: {setting}")?;
        }
        if let Some(version) = &self.version {
            writeln!(f, "the trial was made by version {version}, this is {}", env!("CARGO_PKG_VERSION"))?;
        }
        writeln!(f, "{}", if self.is_equal() { "equal to the bit" } else { "different" })
    }
}
