//! What an operator can ask of a run.

use std::time::{Duration, Instant};

use super::active::Active;
use super::{Supervisor, lock};
use crate::control::{Request, SafetyState};
use crate::daemon::Order;

/// How long the robot has to come to rest for a reset, and how often that is looked for.
const REST: Duration = Duration::from_secs(2);
const RESET_LOOK: Duration = Duration::from_millis(20);

/// What an operator can call.
pub const SERVICES: [(&str, Order); 8] = [
    ("start", Order::Loop(Request::Trigger)),
    ("pause", Order::Loop(Request::Pause)),
    ("resume", Order::Loop(Request::Resume)),
    ("stop", Order::Loop(Request::Stop)),
    ("reset_fault", Order::Loop(Request::ResetFault)),
    ("mark_failed", Order::Loop(Request::MarkFailed)),
    ("evaluate", Order::Evaluate),
    ("save", Order::Save),
];

impl Supervisor {
    pub(super) fn operate(&mut self, name: &str, order: Order) -> Result<String, String> {
        let (Some(active), Some(status)) = (&self.active, self.outlet.health.status()) else {
            return Err(format!("the node is {:?}: activate it first", lock(&self.lifecycle).state()).to_lowercase());
        };
        let safe = status.safety != SafetyState::Run;
        match name {
            "reset_fault" if !safe => return Err("there is no fault to reset".into()),
            "start" | "evaluate" if safe => return Err("the robot is stopped: reset_fault first".into()),
            "pause" if status.paused => return Err("it is paused already".into()),
            "resume" if !status.paused => return Err("it is not paused".into()),
            _ => {}
        }
        if name == "reset_fault" {
            return self.reset(active);
        }
        active.orders.send(order).map_err(|_| "the run is over".to_owned())?;
        Ok(match name {
            "start" => "the stroke starts when the arm is ready",
            "pause" => "no further trial once the one in hand is over",
            "resume" => "trials go on",
            "stop" => "the robot gets the safe command",
            "evaluate" => "a stroke without exploration noise is made; its result is on ~/trial",
            "save" => "a checkpoint is written",
            // Such as a mark, of which the loop says what it did.
            _ => "the control loop was asked",
        }
        .into())
    }

    /// Asks the loop to leave its safe state until it does, or has had its time to come to rest.
    fn reset(&self, active: &Active) -> Result<String, String> {
        let since = Instant::now();
        while since.elapsed() < REST {
            active.orders.send(Order::Loop(Request::ResetFault)).map_err(|_| "the run is over".to_owned())?;
            std::thread::sleep(RESET_LOOK);
            if self.outlet.health.status().is_some_and(|status| status.safety == SafetyState::Run) {
                return Ok("the fault is reset".into());
            }
        }
        let fault = self.outlet.health.fault().unwrap_or_else(|| "the robot is not at rest".into());
        Err(format!("the fault cannot be reset: {fault}"))
    }
}
