//! The operator's requests to a run.

use r2r::ServiceRequest;
use r2r::std_srvs::srv::Trigger;

use super::{Supervisor, lock};
use crate::control::{Phase, Request, SafetyState};
use crate::ros::parameters::services::respond;
use crate::supervisor::Order;

/// The operator's services.
pub const SERVICES: [(&str, Order); 9] = [
    ("start", Order::Loop(Request::Trigger)),
    ("pause", Order::Loop(Request::Pause)),
    ("resume", Order::Loop(Request::Resume)),
    ("stop", Order::Loop(Request::Stop)),
    ("reset_fault", Order::Loop(Request::ResetFault)),
    ("mark_failed", Order::Loop(Request::MarkFailed)),
    ("evaluate", Order::Evaluate),
    ("save", Order::Save),
    ("skip", Order::Skip),
];

/// Where an operator says what a stroke was worth.
pub const SCORE: &str = "~/score";

impl Supervisor {
    /// Answers an operator's call, now or later.
    pub(super) fn answer_operator(&mut self, name: &str, order: Order, request: ServiceRequest<Trigger::Service>) {
        if name == "stop" {
            self.give_resets_up();
        }
        let (success, message) = match self.operate(name, order) {
            Ok(_) if name == "reset_fault" => return self.begin_reset(request),
            Ok(message) => (true, message),
            Err(message) => (false, message),
        };
        respond(request, Trigger::Response { success, message });
    }

    /// Passes a score on to the run.
    pub(super) fn take_score(&self, score: f64) {
        let passed = self.active.as_ref().is_some_and(|active| active.orders.send(Order::Score(score)).is_ok());
        if !passed {
            tracing::warn!("a score of {score} is passed over: no run is under way");
        }
    }

    pub(super) fn operate(&mut self, name: &str, order: Order) -> Result<String, String> {
        let (Some(active), Some(status)) = (&self.active, self.outlet.health.status()) else {
            return Err(format!("the node is {:?}: activate it first", lock(&self.lifecycle).state()).to_lowercase());
        };
        let safe = status.safety != SafetyState::Run;
        match name {
            "reset_fault" if !safe => return Err("there is no fault to reset".into()),
            "start" | "evaluate" if safe => return Err("the robot is stopped: reset_fault first".into()),
            "pause" if status.paused => return Err("it is paused already".into()),
            "resume" if status.phase == Phase::Teaching => return Err("the arm is led by hand: end that first".into()),
            "resume" if !status.paused => return Err("it is not paused".into()),
            _ => {}
        }
        if name == "reset_fault" {
            // The reset is repeated until the robot is at rest.
            return Ok(String::new());
        }
        active.orders.send(order).map_err(|_| "the run is over".to_owned())?;
        Ok(match name {
            "start" => "the stroke starts when the arm is ready",
            "pause" => "no further trial once the one in hand is over",
            "resume" => "trials go on",
            "stop" => "the robot gets the safe command",
            "evaluate" => "a stroke without exploration noise is made; its result is on ~/trial",
            "save" => "a checkpoint is written",
            "skip" => "a stroke that waits for its score is left out",
            // For other requests, such as a mark, the loop reports the result.
            _ => "the control loop was asked",
        }
        .into())
    }
}
