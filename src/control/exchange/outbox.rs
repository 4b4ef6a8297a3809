//! The loop's ends of the rings for everything but commands.

use super::black_box::{BlackBox, CycleMark};
use super::joint_samples::SampleProducer;
use super::messages::{Event, Shared};
use super::order::FinishedTrial;
use super::view::Showing;
use crate::robot::{PlantRequest, Reading};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Rings to the supervisor and to a simulated plant. Nothing waits. An event that finds no room is
/// counted as lost; a trial is accepted only if there is room for its result.
pub(in crate::control) struct Outbox {
    pub events: rtrb::Producer<Event>,
    pub trials: rtrb::Producer<FinishedTrial>,
    pub plant: rtrb::Producer<PlantRequest>,
    pub samples: SampleProducer,
    pub showing: Showing,
    pub shared: Arc<Shared>,
    /// A trial that ended in this cycle. It is handed out after the command.
    pub done: Option<FinishedTrial>,
}

impl Outbox {
    pub fn event(&mut self, event: Event) {
        if self.events.push(event).is_err() {
            self.shared.lost_events.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends the state of an arm led by hand.
    pub fn sample(&mut self, reading: &Reading) {
        if !self.samples.send(reading) {
            self.shared.lost_samples.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends a request to the plant. A robot leaves requests unread, so a full ring is no error. A
    /// plant that missed a request makes the trial time out.
    pub fn ask_plant(&mut self, request: PlantRequest) {
        let _ = self.plant.push(request);
    }

    /// Whether the loop may accept a further trial: its result must find room.
    pub fn has_room(&self) -> bool {
        self.done.is_none() && self.trials.slots() > 0
    }

    /// Hands the finished trial to the supervisor.
    pub fn flush(&mut self) {
        if self.trials.slots() > 0
            && let Some(trial) = self.done.take()
            && let Err(rtrb::PushError::Full(trial)) = self.trials.push(trial)
        {
            // Unreachable: there is a slot, and this is the only producer. Leaking is better than
            // freeing in the loop.
            std::mem::forget(trial);
        }
    }
}

/// The black box being written, and the exchange of full boxes for spares.
pub(in crate::control) struct BlackBoxes {
    pub current: Box<BlackBox>,
    pub out: rtrb::Producer<Box<BlackBox>>,
    pub spares: rtrb::Consumer<Box<BlackBox>>,
    /// Whether the box holds a fault and must be handed out. Nothing is overwritten until there is
    /// a spare.
    pub due: bool,
}

impl BlackBoxes {
    pub fn record(&mut self, mark: CycleMark, reading: &Reading, asked: &[f64], sent: &[f64], tripped: bool) {
        if !self.due {
            self.current.record(mark, reading, asked, sent);
        }
        self.due |= tripped;
        if self.due
            && self.out.slots() > 0
            && let Ok(spare) = self.spares.pop()
        {
            let full = std::mem::replace(&mut self.current, spare);
            if let Err(rtrb::PushError::Full(full)) = self.out.push(full) {
                std::mem::forget(full);
            }
            self.due = false;
        }
    }
}
