//! The services of a managed node.

use std::sync::{Arc, Mutex};

use crossbeam_channel::Sender;
use r2r::ServiceRequest;
use r2r::lifecycle_msgs::srv::{GetAvailableStates, GetAvailableTransitions, GetState};

use super::{Ask, lock};
use crate::ros::RosError;
use crate::ros::parameters::services::respond;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::lifecycle::Lifecycle;

/// Offers the services of a managed node.
pub fn offer_lifecycle(
    executor: &mut Executor,
    lifecycle: &Arc<Mutex<Lifecycle>>,
    inbox: &Sender<Ask>,
) -> Result<(), RosError> {
    let inbox = inbox.clone();
    // Without a supervisor the process is about to end.
    executor.offer("~/change_state", move |request| drop(inbox.send(Ask::Transition(request))))?;
    let life = lifecycle.clone();
    executor.offer("~/get_state", move |request: ServiceRequest<GetState::Service>| {
        let current_state = lock(&life).state().message();
        respond(request, GetState::Response { current_state });
    })?;
    executor.offer("~/get_available_states", |request: ServiceRequest<GetAvailableStates::Service>| {
        respond(request, GetAvailableStates::Response { available_states: Lifecycle::states() });
    })?;
    let life = lifecycle.clone();
    executor.offer(
        "~/get_available_transitions",
        move |request: ServiceRequest<GetAvailableTransitions::Service>| {
            let available_transitions = lock(&life).available();
            respond(request, GetAvailableTransitions::Response { available_transitions });
        },
    )?;
    executor.offer("~/get_transition_graph", |request: ServiceRequest<GetAvailableTransitions::Service>| {
        respond(request, GetAvailableTransitions::Response { available_transitions: Lifecycle::graph() });
    })
}
