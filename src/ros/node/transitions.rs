//! The transitions of the life cycle, and the state after an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use r2r::lifecycle_msgs::msg::{Transition as TransitionMsg, TransitionEvent};

use super::{Supervisor, lock};
use crate::ros::rcl::lifecycle::{Callback, Edge, LifecycleState};
use crate::ros::{RosError, system_time};

/// Failure of a transition.
pub enum Trouble {
    /// The transition was not made, and nothing changed.
    Failure(RosError),
    /// The transition was made in part.
    Error(RosError),
}

impl<E: Into<RosError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl Supervisor {
    /// Makes a transition, if the present state has it. After a failure the node stays in its
    /// state. After an error it releases everything and begins anew, or ends if that fails as well.
    pub(super) fn change(&mut self, wanted: &TransitionMsg) -> Result<(), RosError> {
        let (from, begun) = {
            let mut lifecycle = lock(&self.lifecycle);
            (lifecycle.state(), lifecycle.begin(wanted))
        };
        let Some(edge) = begun else {
            let name = if wanted.label.is_empty() { wanted.id.to_string() } else { wanted.label.clone() };
            let error = RosError::NoTransition { name, from: from.message().label };
            tracing::warn!("{error}");
            return Err(error);
        };
        self.tell(&edge);
        let made = catch_unwind(AssertUnwindSafe(|| self.make(edge.to)));
        let (end, outcome) = match made {
            Ok(Ok(())) => (Callback::Success, Ok(())),
            Ok(Err(Trouble::Failure(error))) => (Callback::Failure, Err(error)),
            Ok(Err(Trouble::Error(error))) => (Callback::Error, Err(error)),
            Err(_) => (Callback::Error, Err(RosError::Panicked { what: edge.message().label })),
        };
        if let Err(error) = &outcome {
            tracing::error!("{}: {error}", edge.message().label);
        }
        self.end_transition(end);
        if lock(&self.lifecycle).state() == LifecycleState::ErrorProcessing {
            let freed = catch_unwind(AssertUnwindSafe(|| self.let_go()));
            self.end_transition(if freed.is_ok() { Callback::Success } else { Callback::Failure });
        }
        let orders = self.active.as_ref().map(|active| active.orders.clone());
        self.parameters.lock().set_active(orders);
        outcome
    }

    /// Does the work of the transition state `to`.
    fn make(&mut self, to: LifecycleState) -> Result<(), Trouble> {
        match to {
            LifecycleState::Configuring => self.configure(),
            LifecycleState::Activating => self.activate(),
            LifecycleState::CleaningUp => {
                self.close();
                Ok(())
            }
            _ => self.deactivate(),
        }
    }

    fn end_transition(&mut self, end: Callback) {
        let ended = lock(&self.lifecycle).end(end);
        if let Some(edge) = ended {
            self.tell(&edge);
        }
    }

    /// After an error: makes the robot safe and gives up the run, which can be resumed from its
    /// folder.
    fn let_go(&mut self) {
        // The result of the run was reported.
        let _ = self.deactivate();
        self.close();
    }

    fn tell(&self, edge: &Edge) {
        let nanoseconds = system_time().as_nanos() as u64;
        let event = TransitionEvent {
            timestamp: nanoseconds,
            transition: edge.message(),
            start_state: edge.from.message(),
            goal_state: edge.to.message(),
        };
        if let Err(error) = self.transitions.publish(&event) {
            tracing::warn!("a transition event could not be published: {error}");
        }
    }
}
