//! The loop's ends of everything that leaves it besides commands.

use super::black_box::{BlackBox, CycleMark};
use super::messages::{Event, Shared};
use super::order::FinishedTrial;
use crate::robot::{PlantRequest, Reading};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Rings to the supervisor and to a simulated plant. Nothing waits: what finds no room is counted (events), or asked for room
/// beforehand (trials).
pub(in crate::control) struct Outbox {
    pub events: rtrb::Producer<Event>,
    pub trials: rtrb::Producer<FinishedTrial>,
    pub plant: rtrb::Producer<PlantRequest>,
    pub shared: Arc<Shared>,
    /// A trial that ended in this cycle; it leaves after the command.
    pub done: Option<FinishedTrial>,
}

impl Outbox {
    pub fn event(&mut self, event: Event) {
        if self.events.push(event).is_err() {
            self.shared.lost_events.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A robot has nobody to read these, so that a full ring is no error; a plant that missed one makes the trial time out.
    pub fn ask_plant(&mut self, request: PlantRequest) {
        let _ = self.plant.push(request);
    }

    /// Whether a further trial can be taken: its way out must be free.
    pub fn has_room(&self) -> bool {
        self.done.is_none() && self.trials.slots() > 0
    }

    /// Hands out the trial that ended.
    pub fn flush(&mut self) {
        if self.trials.slots() > 0
            && let Some(trial) = self.done.take()
            && let Err(rtrb::PushError::Full(trial)) = self.trials.push(trial)
        {
            // There is a slot, and no one else pushes; were it otherwise, leaking beats freeing in the loop.
            std::mem::forget(trial);
        }
    }
}

/// The black box being written, and the exchange of full ones for spares.
pub(in crate::control) struct BlackBoxes {
    pub current: Box<BlackBox>,
    pub out: rtrb::Producer<Box<BlackBox>>,
    pub spares: rtrb::Consumer<Box<BlackBox>>,
    /// A fault is in the box and has to leave with it; until there is a spare, nothing is overwritten.
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
