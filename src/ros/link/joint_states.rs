//! The joint states of one robot, merged from the messages of one or several publishers.
//!
//! Every joint keeps its newest report and the report's time. The loop gets a state of all joints
//! at one instant: the time of the joint whose report is oldest.

use std::time::{Duration, Instant};

use super::input_error::InputError;
use super::joints::Joints;
use super::stamps::{Dated, Source, TimeBase, Undated};

/// A joint is missing if it is not reported for this long while others are.
const MISSING: Duration = Duration::from_millis(500);
/// Longest time between two positions from which a velocity is derived, ns.
const GAP: i64 = 1_000_000_000;
/// A joint has two publishers if it changed this often between two kinds of messages, with pauses
/// of at most the time below.
const TURNS: u32 = 4;
const TURN: Duration = Duration::from_secs(2);
/// Time for which a kind of message counts as heard while others are, and largest number of kinds
/// that are kept.
const HEARD: Duration = Duration::from_secs(60);
const KINDS: usize = 16;

/// Messages with the same names in the same order. As a rule, they have the same publisher.
struct Kind {
    id: u64,
    names: Vec<String>,
    /// Joints of the robot, and their places in the message.
    places: Vec<(usize, usize)>,
    source: Source,
    heard: Instant,
}

/// The newest report of a joint.
#[derive(Clone, Debug, Default)]
struct Known {
    position: f64,
    velocity: f64,
    at: Duration,
    /// Whether the joint was reported since the last state of all joints.
    news: bool,
    /// Whether position and velocity are known.
    ready: bool,
    /// The source's time (ns) and the position from which the next velocity is derived, and the
    /// filtered velocity.
    last: Option<(i64, f64)>,
    filtered: Option<f64>,
    heard: Option<Instant>,
    /// The kind of its last message, and the number of recent changes of kind.
    kind: u64,
    turns: u32,
    turned: Option<Instant>,
}

/// The state of all joints at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct RobotState {
    /// Time of the state, in the loop clock's time.
    pub stamp: Duration,
    /// Joint positions, in the model's order, signs and offsets.
    pub position: Vec<f64>,
    /// Joint velocities, likewise.
    pub velocity: Vec<f64>,
}

/// A message of joint states, as received.
#[derive(Clone, Copy)]
pub struct JointStatesMessage<'a> {
    /// Stamp, ns since its epoch, if the message has one.
    pub stamp: Option<i64>,
    /// Names of the joints.
    pub names: &'a [String],
    /// Positions, one per name.
    pub position: &'a [f64],
    /// Velocities, one per name or none.
    pub velocity: &'a [f64],
}

/// Result of a message.
#[derive(Debug, Default, PartialEq)]
pub struct Taken {
    /// Whether the message has joints of the robot.
    pub ours: bool,
    /// The new state, if the message completes one. Unusable values are NaN, and the loop stops on
    /// them.
    pub state: Option<RobotState>,
    /// The error of the message.
    pub error: Option<InputError>,
    /// Whether the message has no stamp, so that its time of receipt was used.
    pub unstamped: bool,
}

/// The joints of a robot, as reported by messages.
pub struct JointStates {
    joints: Joints,
    kinds: Vec<Kind>,
    next: u64,
    known: Vec<Known>,
    /// Time of the first message with joints of the robot.
    begun: Option<Instant>,
}

impl JointStates {
    /// Joints without any report.
    pub fn new(joints: Joints) -> Self {
        let known = vec![Known::default(); joints.names().len()];
        Self { joints, kinds: vec![], next: 1, known, begun: None }
    }

    /// Takes a message received at `now`.
    pub fn take(&mut self, message: &JointStatesMessage<'_>, time: &TimeBase, now: Instant) -> Taken {
        let mut kind = self.kind(message.names, now);
        let taken = self.take_as(&mut kind, message, time, now);
        self.kinds.push(kind);
        taken
    }

    fn take_as(&mut self, kind: &mut Kind, message: &JointStatesMessage<'_>, time: &TimeBase, now: Instant) -> Taken {
        if kind.places.is_empty() {
            return Taken::default();
        }
        self.begun.get_or_insert(now);
        let mut taken = Taken { ours: true, ..Taken::default() };
        for (joint, _) in &kind.places {
            self.known[*joint].hear(kind.id, now);
        }
        let dated = match kind.source.date(message.stamp, time) {
            Ok(dated) => dated,
            Err(undated) => {
                taken.error = undated_error("joint states", undated);
                return taken;
            }
        };
        taken.unstamped = !dated.stamped;
        taken.error = self.fill(kind, message, dated).err();
        let complete = taken.error.is_some() || self.known.iter().all(|known| known.news);
        if complete && self.known.iter().all(|known| known.ready) {
            taken.state = Some(self.state());
        }
        taken.error = taken.error.or_else(|| self.missing(message.names, now));
        taken
    }

    /// Removes and returns the kind of messages with these names. The caller puts it back.
    fn kind(&mut self, names: &[String], now: Instant) -> Kind {
        if let Some(index) = self.kinds.iter().position(|kind| kind.names == names) {
            return Kind { heard: now, ..self.kinds.remove(index) };
        }
        if self.kinds.len() == KINDS {
            // The first kind is the one heard longest ago, since each is put back at the end.
            self.kinds.remove(0);
        }
        let place = |(joint, name)| Some((joint, names.iter().position(|other| other == name)?));
        let places = self.joints.names().iter().enumerate().filter_map(place).collect();
        self.next += 1;
        Kind { id: self.next, names: names.to_vec(), places, source: Source::default(), heard: now }
    }

    /// Stores the message's values. Unusable values become NaN.
    fn fill(&mut self, kind: &Kind, message: &JointStatesMessage<'_>, dated: Dated) -> Result<(), InputError> {
        let (derive, cutoff, count) = (self.joints.derive, self.joints.cutoff, message.names.len());
        let mut wrong = None;
        let lists = [("positions", message.position.len()), ("velocities", message.velocity.len())];
        for (field, found) in lists.into_iter().take(if derive { 1 } else { 2 }) {
            let error = match (field, found) {
                _ if found == count => continue,
                ("velocities", 0) => InputError::NoVelocities,
                _ => InputError::Length { field, found, names: count },
            };
            wrong = wrong.or(Some(error));
        }
        if derive && cutoff == 0. && !dated.stamped {
            wrong = wrong.or(Some(InputError::NothingToDeriveFrom));
        }
        let spoilt = wrong.is_some();
        for (joint, place) in kind.places.iter().copied() {
            let mut value = |field, list: &[f64]| {
                // A list of another length cannot be assigned to joints.
                let value = list.get(place).copied().filter(|_| list.len() == count).unwrap_or(f64::NAN);
                if !value.is_finite() {
                    let joint = self.joints.names()[joint].clone();
                    wrong = wrong.take().or(Some(InputError::NonFinite { field, joint, value }));
                }
                value
            };
            let position = self.joints.position(joint, value("position", message.position));
            let velocity = (!derive).then(|| self.joints.velocity(joint, value("velocity", message.velocity)));
            let velocity = if derive && spoilt { Some(f64::NAN) } else { velocity };
            self.known[joint].fill(position, velocity, dated, cutoff);
        }
        wrong.map_or(Ok(()), Err)
    }

    /// The state of all joints at the time of the oldest report. Newer positions are extrapolated
    /// back by their velocities.
    fn state(&mut self) -> RobotState {
        let stamp = self.known.iter().map(|known| known.at).min().unwrap_or_default();
        let carried = |known: &Known| {
            let newer = (known.at - stamp).as_secs_f64();
            if newer > 0. { known.position - known.velocity * newer } else { known.position }
        };
        let position = self.known.iter().map(carried).collect();
        let velocity = self.known.iter().map(|known| known.velocity).collect();
        self.known.iter_mut().for_each(|known| known.news = false);
        RobotState { stamp, position, velocity }
    }

    /// The joints that are missing while messages arrive.
    fn missing(&self, came: &[String], now: Instant) -> Option<InputError> {
        let silent = |known: &Known| {
            known.heard.or(self.begun).is_none_or(|heard| now.saturating_duration_since(heard) > MISSING)
        };
        let joints = self.joints.names().iter().zip(&self.known);
        let joints: Vec<_> = joints.filter(|(_, known)| silent(known)).map(|(name, _)| name.clone()).collect();
        (!joints.is_empty()).then(|| InputError::Missing { joints, came: came.to_vec() })
    }

    /// Number of kinds of messages heard at the time of the newest message or shortly before, other
    /// devices' included. While all are silent, as in lockstep between two trials, the number
    /// stays.
    pub fn kinds(&self) -> usize {
        let Some(newest) = self.kinds.last().map(|kind| kind.heard) else { return 0 };
        self.kinds.iter().filter(|kind| newest.saturating_duration_since(kind.heard) < HEARD).count()
    }

    /// A joint that messages of two kinds report in turn.
    pub fn contested(&self, now: Instant) -> Option<&str> {
        let contested = |known: &Known| {
            known.turns >= TURNS && known.turned.is_some_and(|turned| now.saturating_duration_since(turned) < TURN)
        };
        self.known.iter().position(contested).map(|joint| self.joints.names()[joint].as_str())
    }

    /// The names of the newest message that has no joint of the robot.
    pub fn strangers(&self) -> Option<&[String]> {
        self.kinds.iter().rev().find(|kind| kind.places.is_empty()).map(|kind| kind.names.as_slice())
    }

    /// Names of the robot's joints.
    pub fn names(&self) -> &[String] {
        self.joints.names()
    }

    /// The joint whose report is oldest, and its age, once all joints were reported.
    pub fn oldest(&self, now: Instant) -> Option<(&str, Duration)> {
        let ages = self.known.iter().map(|known| Some(now.saturating_duration_since(known.heard?)));
        let ages: Vec<_> = ages.collect::<Option<_>>()?;
        let oldest = ages.iter().enumerate().max_by_key(|(_, age)| **age)?;
        Some((&self.joints.names()[oldest.0], *oldest.1))
    }
}

/// The error of a message without a usable time. A repeated message is no error.
pub fn undated_error(what: &str, undated: Undated) -> Option<InputError> {
    match undated {
        Undated::Repeated => None,
        Undated::Ahead(ahead) => Some(InputError::Ahead { what: what.into(), ahead }),
        Undated::Back(back) => Some(InputError::Back { what: what.into(), back }),
        Undated::Missing => Some(InputError::NoStamp { what: what.into() }),
    }
}

impl Known {
    fn hear(&mut self, kind: u64, now: Instant) {
        self.heard = Some(now);
        if self.kind != kind {
            let recent = self.turned.is_some_and(|turned| now.saturating_duration_since(turned) < TURN);
            self.turns = if recent { self.turns.saturating_add(1) } else { 1 };
            (self.kind, self.turned) = (kind, Some(now));
        }
    }

    /// Stores a report. Without `velocity`, the velocity is derived from positions. An unknown
    /// velocity is none, not zero.
    fn fill(&mut self, position: f64, velocity: Option<f64>, dated: Dated, cutoff: f64) {
        let last =
            self.last.filter(|(own, _)| !dated.anew && dated.own > *own && dated.own.saturating_sub(*own) <= GAP);
        let elapsed = last.map(|(own, _)| (dated.own - own) as f64 * 1e-9);
        let slope = || last.zip(elapsed).map(|((_, before), elapsed)| (position - before) / elapsed);
        let known = velocity.or_else(slope);
        self.last = position.is_finite().then_some((dated.own, position));
        (self.position, self.at, self.news, self.ready) = (position, dated.at, true, known.is_some());
        // A position that is not a number must reach the loop even without a velocity.
        self.ready |= !position.is_finite();
        let known = known.unwrap_or(f64::NAN);
        // A first-order low-pass, exact for any spacing.
        self.velocity = match (self.filtered, elapsed) {
            (Some(before), Some(elapsed)) if cutoff > 0. => {
                let keep = (-std::f64::consts::TAU * cutoff * elapsed).exp();
                keep * before + (1. - keep) * known
            }
            _ => known,
        };
        self.filtered = Some(self.velocity).filter(|velocity| velocity.is_finite());
    }
}

#[cfg(test)]
mod tests;
