//! The service `~/mark_failed`. Only the loop knows which trial is meant, so the reply waits for
//! the loop's answer without delaying other requests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use r2r::ServiceRequest;
use r2r::std_srvs::srv::Trigger;

use super::Supervisor;
use crate::robot::TrialKey;
use crate::ros::parameters::services::respond;
use crate::supervisor::Order;

/// Time the loop has to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Callers that wait for the loop's answer, in the order of their calls, which is the order of the
/// answers.
pub struct Marking {
    answers: Receiver<Option<TrialKey>>,
    waiting: VecDeque<(Instant, ServiceRequest<Trigger::Service>)>,
}

impl Marking {
    /// No waiting callers.
    pub fn new(answers: Receiver<Option<TrialKey>>) -> Self {
        Self { answers, waiting: VecDeque::new() }
    }

    /// The channel of the loop's answers.
    pub fn answers(&self) -> Receiver<Option<TrialKey>> {
        self.answers.clone()
    }

    /// Replies to the first caller: the loop marked this trial, or none has ended yet.
    pub fn answer(&mut self, key: Option<TrialKey>) {
        let Some((_, request)) = self.waiting.pop_front() else { return };
        let (success, message) = match key {
            Some(key) => (true, format!("{key} is marked failed: it is left out, unless it was learned from already")),
            None => (false, "no trial has ended yet".into()),
        };
        respond(request, Trigger::Response { success, message });
    }

    /// Replies to callers that waited too long: the run ended, or the loop hangs.
    pub fn give_up(&mut self) {
        while self.waiting.front().is_some_and(|(since, _)| since.elapsed() > PATIENCE) {
            let Some((_, request)) = self.waiting.pop_front() else { return };
            let message = format!("the control loop did not answer within {PATIENCE:?}");
            respond(request, Trigger::Response { success: false, message });
        }
    }
}

impl Supervisor {
    /// Passes a mark on to the loop.
    pub(super) fn mark(&mut self, order: Order, request: ServiceRequest<Trigger::Service>) {
        match self.operate("mark_failed", order) {
            Ok(_) => self.marking.waiting.push_back((Instant::now(), request)),
            Err(message) => respond(request, Trigger::Response { success: false, message }),
        }
    }
}
