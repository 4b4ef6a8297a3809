//! The task's observations besides the joints: from messages to the numbers of a reading.

use std::time::{Duration, Instant};

use r2r::QosProfile;
use r2r::geometry_msgs::msg::PoseStamped;
use r2r::nav_msgs::msg::Odometry;
use r2r::std_msgs::msg::Float64MultiArray;

use super::input_error::InputError;
use super::joint_states::undated_error;
use super::stamps::{Source, TimeBase};
use super::states::{States, complain, tell_unstamped};
use crate::robot::{Form, Observed, Track, Tracker};
use crate::ros::rcl::complaints::Complaints;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::message_time::stamp;
use crate::ros::{BallSource, RosError};

/// One observation, and the time of its measurement in the loop's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// As many numbers as the task expects.
    pub values: Box<[f64]>,
    /// The time of the measurement. Numbers without a stamp count as measured when they arrive.
    pub measured: Duration,
    /// Whether the message has a stamp, by which it is matched with joint states in lockstep.
    pub stamped: bool,
}

/// Messages of one observation, for the diagnostics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Count {
    /// The name of the observation.
    pub name: String,
    /// Used messages.
    pub used: u64,
    /// Refused messages.
    pub refused: u64,
    /// Time since the newest used message.
    pub age: Option<Duration>,
    /// State of the tracker, if the velocity is found by one.
    pub track: Option<Track>,
}

/// The observations of a task, in its order.
pub struct Observations(Vec<Slot>);

struct Slot {
    observed: Observed,
    source: Source,
    /// Finds the velocity of a body of which only positions come.
    tracker: Option<Box<dyn Tracker>>,
    newest: Option<Observation>,
    heard: Option<Instant>,
    count: Count,
    complaints: Complaints<InputError>,
    /// Whether it was said that times of receipt stand for the stamps.
    told_unstamped: bool,
}

/// The topic of an observation, before remapping.
pub fn topic(observed: &Observed) -> String {
    format!("~/{}", observed.name)
}

impl Observations {
    /// Nothing observed yet.
    pub fn new(observed: &[Observed]) -> Self {
        let slot = |observed: &Observed| Slot {
            observed: observed.clone(),
            source: Source::default(),
            tracker: None,
            newest: None,
            heard: None,
            count: Count { name: observed.name.clone(), ..Count::default() },
            complaints: Complaints::default(),
            told_unstamped: false,
        };
        Self(observed.iter().map(slot).collect())
    }

    /// From now on only positions come of observation `index`, and the tracker finds its velocity.
    pub fn track(&mut self, index: usize, tracker: Box<dyn Tracker>) {
        self.0[index].tracker = Some(tracker);
    }

    /// Takes the numbers of a message about observation `index`, stamped `stamp` (ns), and says whether
    /// they were used. `joints` is the time of the newest joint state.
    pub fn take(
        &mut self,
        index: usize,
        values: Vec<f64>,
        stamp: Option<i64>,
        time: &TimeBase,
        joints: Option<Duration>,
        now: Instant,
    ) -> bool {
        let slot = &mut self.0[index];
        match slot.dated(values, stamp, time, joints) {
            Ok((measured, values)) => {
                let stamped = !matches!(slot.observed.form, Form::Values(_));
                slot.newest = Some(Observation { values, measured, stamped });
                slot.heard = Some(now);
                slot.count.used += 1;
                true
            }
            // A repeated message is no error.
            Err(None) => {
                slot.count.used += 1;
                true
            }
            Err(Some(error)) => {
                slot.count.refused += 1;
                complain(&mut slot.complaints, &error, now);
                false
            }
        }
    }

    /// The newest of each observation.
    pub fn newest(&self) -> Vec<Option<Observation>> {
        self.0.iter().map(|slot| slot.newest.clone()).collect()
    }

    /// The messages of each observation.
    pub fn counts(&self, now: Instant) -> Vec<Count> {
        let age = |slot: &Slot| slot.heard.map(|heard| now.saturating_duration_since(heard));
        self.0
            .iter()
            .map(|slot| Count {
                age: age(slot),
                track: slot.tracker.as_ref().map(|tracker| tracker.track()),
                ..slot.count.clone()
            })
            .collect()
    }
}

impl Slot {
    /// The time of a message, and the values of the observation then.
    fn dated(
        &mut self,
        values: Vec<f64>,
        stamp: Option<i64>,
        time: &TimeBase,
        joints: Option<Duration>,
    ) -> Result<(Duration, Box<[f64]>), Option<InputError>> {
        let name = &self.observed.name;
        let expected = if self.tracker.is_some() { Form::Position.len() } else { self.observed.len() };
        if values.len() != expected {
            let found = values.len();
            return Err(Some(InputError::ObservedLength { name: name.clone(), found, expected }));
        }
        if let Some(wrong) = values.iter().position(|value| !value.is_finite()) {
            return Err(Some(InputError::NonFiniteObserved { column: self.observed.columns().swap_remove(wrong) }));
        }
        if matches!((self.observed.form, time), (Form::Values(_), TimeBase::Stamps)) {
            // The message has no stamp: in lockstep it belongs to the joint states at hand.
            return Ok((joints.unwrap_or_default(), values.into()));
        }
        match self.source.date(stamp, time) {
            Ok(dated) => {
                if !dated.stamped && !matches!(self.observed.form, Form::Values(_)) {
                    tell_unstamped(&format!("messages of {name}"), &mut self.told_unstamped);
                }
                let Some(tracker) = &mut self.tracker else { return Ok((dated.at, values.into())) };
                if dated.anew {
                    tracker.forget();
                }
                Ok((dated.at, tracker.see(dated.own, [values[0], values[1], values[2]]).into()))
            }
            Err(undated) => Err(undated_error(&format!("messages of {name}"), undated)),
        }
    }
}

/// The form of the messages about an observation of this form.
pub(super) fn message_form(form: Form, source: BallSource) -> Form {
    if form == Form::Odometry && source == BallSource::Pose { Form::Position } else { form }
}

/// Subscribes to the topics of a task's observations. Call it before the executor runs.
///
/// # Errors
/// rcl's error.
pub fn subscribe(
    executor: &mut Executor,
    observed: &[Observed],
    source: BallSource,
    qos: &QosProfile,
    states: &States,
) -> Result<(), RosError> {
    for (index, observed) in observed.iter().enumerate() {
        let (states, topic) = (states.clone(), topic(observed));
        match message_form(observed.form, source) {
            Form::Odometry if source == BallSource::OdometryPosition => {
                executor.subscribe(&topic, qos.clone(), move |message: Odometry| {
                    let at = &message.pose.pose.position;
                    states.take_observed(index, vec![at.x, at.y, at.z], stamp(&message.header.stamp));
                })
            }
            Form::Odometry => executor.subscribe(&topic, qos.clone(), move |message: Odometry| {
                states.take_observed(index, body(&message).to_vec(), stamp(&message.header.stamp));
            }),
            Form::Position => executor.subscribe(&topic, qos.clone(), move |message: PoseStamped| {
                let at = &message.pose.position;
                states.take_observed(index, vec![at.x, at.y, at.z], stamp(&message.header.stamp));
            }),
            Form::Values(_) => executor.subscribe(&topic, qos.clone(), move |message: Float64MultiArray| {
                states.take_observed(index, message.data, None);
            }),
        }?;
    }
    Ok(())
}

/// Position and velocity in the world (6). An odometry's velocity is in the body's frame (REP 105). A
/// body without an orientation is aligned with the world.
pub(super) fn body(message: &Odometry) -> [f64; 6] {
    let pose = &message.pose.pose;
    let (p, o, v) = (&pose.position, &pose.orientation, &message.twist.twist.linear);
    let velocity = nalgebra::Vector3::new(v.x, v.y, v.z);
    let orientation = nalgebra::Quaternion::new(o.w, o.x, o.y, o.z);
    let velocity = match nalgebra::UnitQuaternion::try_new(orientation, 1e-6) {
        Some(orientation) if o.x != 0. || o.y != 0. || o.z != 0. => orientation * velocity,
        _ => velocity,
    };
    [p.x, p.y, p.z, velocity.x, velocity.y, velocity.z]
}
