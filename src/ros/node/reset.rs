//! Resets that operators wait for, while the node goes on answering.

use std::time::{Duration, Instant};

use r2r::ServiceRequest;
use r2r::std_srvs::srv::Trigger;

use super::Supervisor;
use crate::control::Request;
use crate::ros::parameters::services::respond;
use crate::supervisor::Order;

/// Time for the robot to come to rest before a reset, and time between two requests to the loop.
const REST: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(20);

/// A reset under way.
pub struct Reset {
    request: ServiceRequest<Trigger::Service>,
    since: Instant,
    asked: Instant,
    /// Number of resets before this one.
    before: u64,
}

impl Supervisor {
    /// Asks the loop to leave its safe state, until it does or the time is over.
    pub(super) fn begin_reset(&mut self, request: ServiceRequest<Trigger::Service>) {
        let now = Instant::now();
        self.resets.push(Reset { request, since: now, asked: now, before: self.outlet.health.resets() });
        self.ask_for_reset();
    }

    /// Checks the resets under way, and repeats their requests.
    pub(super) fn look_after_resets(&mut self) {
        if self.resets.is_empty() {
            return;
        }
        let (resets, over) = (self.outlet.health.resets(), self.active.is_none());
        let mut again = false;
        for reset in std::mem::take(&mut self.resets) {
            if resets != reset.before {
                answer(reset, Ok("the fault is reset"));
            } else if over {
                answer(reset, Err("the run is over".into()));
            } else if reset.since.elapsed() > REST {
                let fault = self.outlet.health.fault().unwrap_or_else(|| "the robot is not at rest".into());
                answer(reset, Err(format!("the fault cannot be reset: {fault}")));
            } else {
                again |= reset.asked.elapsed() > AGAIN;
                self.resets.push(reset);
            }
        }
        if again {
            self.ask_for_reset();
        }
    }

    /// Gives up all resets: a stop overrides earlier requests.
    pub(super) fn give_resets_up(&mut self) {
        self.resets.drain(..).for_each(|reset| answer(reset, Err("the robot was stopped meanwhile".into())));
    }

    fn ask_for_reset(&mut self) {
        self.resets.iter_mut().for_each(|reset| reset.asked = Instant::now());
        if let Some(active) = &self.active {
            // The end of a run is noticed at the next check.
            let _ = active.orders.send(Order::Loop(Request::ResetFault));
        }
    }
}

fn answer(reset: Reset, outcome: Result<&str, String>) {
    let (success, message) = match outcome {
        Ok(message) => (true, message.into()),
        Err(message) => (false, message),
    };
    respond(reset.request, Trigger::Response { success, message });
}
