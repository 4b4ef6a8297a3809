//! The joint states of one robot, put together from the messages of one publisher or of several.
//!
//! Every joint keeps what was said of it last, and when. What goes to the loop is a state of all joints at one instant, that of
//! the joint heard of the longest time ago: it is as old as its oldest part.

use std::time::{Duration, Instant};

use super::input_error::InputError;
use super::joints::Joints;
use super::stamps::{Dated, Source, TimeBase, Undated};

/// A joint that is not heard of for so long, while others are, is missing.
const MISSING: Duration = Duration::from_millis(500);
/// Longest time between two positions that a velocity is derived from, ns.
const GAP: i64 = 1_000_000_000;
/// A joint that changed so often between two kinds of messages, never longer apart than the time after it, has two publishers.
const TURNS: u32 = 4;
const TURN: Duration = Duration::from_secs(2);
/// How long a kind of message counts as heard while others are, and how many kinds are known at most.
const HEARD: Duration = Duration::from_secs(60);
const KINDS: usize = 16;

/// Messages with the same names in the same order: as a rule those of one publisher.
struct Kind {
    id: u64,
    names: Vec<String>,
    /// Joints of the robot, and where they are in the message.
    places: Vec<(usize, usize)>,
    source: Source,
    heard: Instant,
}

/// What is known of a joint.
#[derive(Clone, Debug, Default)]
struct Known {
    position: f64,
    velocity: f64,
    at: Duration,
    /// Something new since the last state of all joints.
    news: bool,
    /// Position and velocity are there.
    ready: bool,
    /// The source's time (ns) and the position that the next velocity is derived from, and the filtered velocity.
    last: Option<(i64, f64)>,
    filtered: Option<f64>,
    heard: Option<Instant>,
    /// The kind of message it was in, and how often that changed lately.
    kind: u64,
    turns: u32,
    turned: Option<Instant>,
}

/// All joints at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct RobotState {
    /// In the loop's time.
    pub stamp: Duration,
    /// In the model's order and count.
    pub position: Vec<f64>,
    /// Likewise.
    pub velocity: Vec<f64>,
}

/// A message of joint states, as it came.
#[derive(Clone, Copy)]
pub struct JointStatesMessage<'a> {
    /// Stamp, ns since its epoch, if there is one.
    pub stamp: Option<i64>,
    /// Joints.
    pub names: &'a [String],
    /// One per name.
    pub position: &'a [f64],
    /// One per name, or none.
    pub velocity: &'a [f64],
}

/// What came of a message.
#[derive(Debug, Default, PartialEq)]
pub struct Taken {
    /// Whether it has joints of the robot.
    pub ours: bool,
    /// The new state, if the message completes one. Where something cannot be used, that is NaN: the loop stops on it.
    pub state: Option<RobotState>,
    /// What is wrong with it.
    pub error: Option<InputError>,
    /// Whether its time was taken for a stamp that it does not have.
    pub unstamped: bool,
}

/// The joints of a robot as its messages report them.
pub struct JointStates {
    joints: Joints,
    kinds: Vec<Kind>,
    next: u64,
    known: Vec<Known>,
    /// When the first message with joints of the robot came.
    begun: Option<Instant>,
}

impl JointStates {
    /// Nothing is known of the joints yet.
    pub fn new(joints: Joints) -> Self {
        let known = vec![Known::default(); joints.names().len()];
        Self { joints, kinds: vec![], next: 1, known, begun: None }
    }

    /// Takes a message that comes at `now`.
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

    /// The kind of messages with these names; it is to be put back.
    fn kind(&mut self, names: &[String], now: Instant) -> Kind {
        if let Some(index) = self.kinds.iter().position(|kind| kind.names == names) {
            return Kind { heard: now, ..self.kinds.remove(index) };
        }
        if self.kinds.len() == KINDS {
            // The first is the one heard the longest time ago: each is put back at the end.
            self.kinds.remove(0);
        }
        let place = |(joint, name)| Some((joint, names.iter().position(|other| other == name)?));
        let places = self.joints.names().iter().enumerate().filter_map(place).collect();
        self.next += 1;
        Kind { id: self.next, names: names.to_vec(), places, source: Source::default(), heard: now }
    }

    /// What the message says of its joints. What cannot be used becomes NaN.
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
                // A list of another length says nothing of any joint.
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

    /// All joints at the instant of the oldest: what is newer is carried back there by its own velocity.
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

    /// The joints that are not heard of while the message is.
    fn missing(&self, came: &[String], now: Instant) -> Option<InputError> {
        let silent = |known: &Known| {
            known.heard.or(self.begun).is_none_or(|heard| now.saturating_duration_since(heard) > MISSING)
        };
        let joints = self.joints.names().iter().zip(&self.known);
        let joints: Vec<_> = joints.filter(|(_, known)| silent(known)).map(|(name, _)| name.clone()).collect();
        (!joints.is_empty()).then(|| InputError::Missing { joints, came: came.to_vec() })
    }

    /// Kinds of messages that were heard when the newest was, or not long before; other devices' too. Where all are silent, as in
    /// lockstep between two trials, it stays as it was.
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

    /// The names of the newest message without any joint of the robot.
    pub fn strangers(&self) -> Option<&[String]> {
        self.kinds.iter().rev().find(|kind| kind.places.is_empty()).map(|kind| kind.names.as_slice())
    }

    /// Names of the robot's joints.
    pub fn names(&self) -> &[String] {
        self.joints.names()
    }

    /// The joint heard of the longest time ago, and how long ago, once all were heard of.
    pub fn oldest(&self, now: Instant) -> Option<(&str, Duration)> {
        let ages = self.known.iter().map(|known| Some(now.saturating_duration_since(known.heard?)));
        let ages: Vec<_> = ages.collect::<Option<_>>()?;
        let oldest = ages.iter().enumerate().max_by_key(|(_, age)| **age)?;
        Some((&self.joints.names()[oldest.0], *oldest.1))
    }
}

/// What to say of a message without a usable date; nothing of one that was sent again.
pub fn undated_error(what: &'static str, undated: Undated) -> Option<InputError> {
    match undated {
        Undated::Repeated => None,
        Undated::Ahead(ahead) => Some(InputError::Ahead { what, ahead }),
        Undated::Back(back) => Some(InputError::Back { what, back }),
        Undated::Missing => Some(InputError::NoStamp { what }),
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

    /// Without a `velocity`, it is derived from positions. A velocity that is not known yet is none, and not zero.
    fn fill(&mut self, position: f64, velocity: Option<f64>, dated: Dated, cutoff: f64) {
        let last =
            self.last.filter(|(own, _)| !dated.anew && dated.own > *own && dated.own.saturating_sub(*own) <= GAP);
        let elapsed = last.map(|(own, _)| (dated.own - own) as f64 * 1e-9);
        let slope = || last.zip(elapsed).map(|((_, before), elapsed)| (position - before) / elapsed);
        let known = velocity.or_else(slope);
        self.last = position.is_finite().then_some((dated.own, position));
        (self.position, self.at, self.news, self.ready) = (position, dated.at, true, known.is_some());
        // A position that is not a number is to be seen, whatever the velocity is.
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
