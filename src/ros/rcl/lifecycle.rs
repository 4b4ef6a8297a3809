//! The managed life cycle of a node (ROS 2 design, "Managed nodes"; states, transitions and labels
//! as in rcl_lifecycle).

use r2r::lifecycle_msgs::msg::{State as StateMsg, Transition as TransitionMsg, TransitionDescription};

/// A state, primary or in transition. The numbers are those of lifecycle_msgs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LifecycleState {
    /// Nothing is loaded.
    Unconfigured = 1,
    /// Robot, task and run folder are loaded; nothing moves.
    Inactive = 2,
    /// The control loop runs.
    Active = 3,
    /// The node is at its end.
    Finalized = 4,
    /// Robot, task and run folder are being loaded.
    Configuring = 10,
    /// Loaded parts are being released.
    CleaningUp = 11,
    /// The node is ending.
    ShuttingDown = 12,
    /// The loop is being started.
    Activating = 13,
    /// The robot is being made safe; then the loop ends.
    Deactivating = 14,
    /// The node recovers from an error in a transition.
    ErrorProcessing = 15,
}

use LifecycleState::{
    Activating, Active, CleaningUp, Configuring, Deactivating, ErrorProcessing, Finalized, Inactive, ShuttingDown,
    Unconfigured,
};

const STATES: [LifecycleState; 10] = [
    Unconfigured,
    Inactive,
    Active,
    Finalized,
    Configuring,
    CleaningUp,
    ShuttingDown,
    Activating,
    Deactivating,
    ErrorProcessing,
];

impl LifecycleState {
    fn label(self) -> &'static str {
        match self {
            Unconfigured => "unconfigured",
            Inactive => "inactive",
            Active => "active",
            Finalized => "finalized",
            Configuring => "configuring",
            CleaningUp => "cleaningup",
            ShuttingDown => "shuttingdown",
            Activating => "activating",
            Deactivating => "deactivating",
            ErrorProcessing => "errorprocessing",
        }
    }

    /// The state as a message.
    pub fn message(self) -> StateMsg {
        StateMsg { id: self as u8, label: self.label().into() }
    }
}

/// An edge of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    id: u8,
    label: &'static str,
    /// State at its start.
    pub from: LifecycleState,
    /// State at its end.
    pub to: LifecycleState,
}

const fn edge(id: u8, label: &'static str, from: LifecycleState, to: LifecycleState) -> Edge {
    Edge { id, label, from, to }
}

const SUCCESS: &str = "transition_success";
const FAILURE: &str = "transition_failure";
const ERROR: &str = "transition_error";

const GRAPH: [Edge; 25] = [
    edge(1, "configure", Unconfigured, Configuring),
    edge(10, SUCCESS, Configuring, Inactive),
    edge(11, FAILURE, Configuring, Unconfigured),
    edge(12, ERROR, Configuring, ErrorProcessing),
    edge(2, "cleanup", Inactive, CleaningUp),
    edge(20, SUCCESS, CleaningUp, Unconfigured),
    edge(21, FAILURE, CleaningUp, Inactive),
    edge(22, ERROR, CleaningUp, ErrorProcessing),
    edge(3, "activate", Inactive, Activating),
    edge(30, SUCCESS, Activating, Active),
    edge(31, FAILURE, Activating, Inactive),
    edge(32, ERROR, Activating, ErrorProcessing),
    edge(4, "deactivate", Active, Deactivating),
    edge(40, SUCCESS, Deactivating, Inactive),
    edge(41, FAILURE, Deactivating, Active),
    edge(42, ERROR, Deactivating, ErrorProcessing),
    edge(5, "shutdown", Unconfigured, ShuttingDown),
    edge(6, "shutdown", Inactive, ShuttingDown),
    edge(7, "shutdown", Active, ShuttingDown),
    edge(50, SUCCESS, ShuttingDown, Finalized),
    edge(51, FAILURE, ShuttingDown, Finalized),
    edge(52, ERROR, ShuttingDown, ErrorProcessing),
    edge(60, SUCCESS, ErrorProcessing, Unconfigured),
    edge(61, FAILURE, ErrorProcessing, Finalized),
    edge(62, ERROR, ErrorProcessing, Finalized),
];

impl Edge {
    /// The transition as a message.
    pub fn message(&self) -> TransitionMsg {
        TransitionMsg { id: self.id, label: self.label.into() }
    }

    fn describe(&self) -> TransitionDescription {
        TransitionDescription {
            transition: self.message(),
            start_state: self.from.message(),
            goal_state: self.to.message(),
        }
    }
}

/// Result of a transition's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// The work is done.
    Success,
    /// The work was not done, and nothing changed.
    Failure,
    /// The work was done in part: error processing follows.
    Error,
}

/// The life cycle of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    state: LifecycleState,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { state: Unconfigured }
    }
}

impl Lifecycle {
    /// The node's state.
    pub fn state(&self) -> LifecycleState {
        self.state
    }

    /// Begins a client's transition, given by its label or else by its number. `None` if the
    /// present state has no such transition; nothing changes then.
    pub fn begin(&mut self, wanted: &TransitionMsg) -> Option<Edge> {
        let fits = |edge: &&Edge| {
            if wanted.label.is_empty() { edge.id == wanted.id } else { edge.label == wanted.label }
        };
        // Clients cannot ask for the edges that end a transition.
        let asked = GRAPH.iter().filter(|edge| edge.from == self.state && edge.id < 10);
        let edge = *asked.clone().find(fits)?;
        self.state = edge.to;
        Some(edge)
    }

    /// Ends the transition under way. `None` if there is none.
    pub fn end(&mut self, callback: Callback) -> Option<Edge> {
        let label = match callback {
            Callback::Success => SUCCESS,
            Callback::Failure => FAILURE,
            Callback::Error => ERROR,
        };
        let edge = *GRAPH.iter().find(|edge| edge.from == self.state && edge.label == label)?;
        self.state = edge.to;
        Some(edge)
    }

    /// Transitions of the present state.
    pub fn available(&self) -> Vec<TransitionDescription> {
        GRAPH.iter().filter(|edge| edge.from == self.state).map(Edge::describe).collect()
    }

    /// All states.
    pub fn states() -> Vec<StateMsg> {
        STATES.iter().map(|state| state.message()).collect()
    }

    /// All transitions.
    pub fn graph() -> Vec<TransitionDescription> {
        GRAPH.iter().map(Edge::describe).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: u8, label: &str) -> TransitionMsg {
        TransitionMsg { id, label: label.into() }
    }

    #[test]
    fn a_whole_life() {
        let mut life = Lifecycle::default();
        for (id, through, to) in [
            (1, Configuring, Inactive),
            (3, Activating, Active),
            (4, Deactivating, Inactive),
            (2, CleaningUp, Unconfigured),
        ] {
            assert_eq!(life.begin(&asked(id, "")).unwrap().to, through);
            assert_eq!(life.end(Callback::Success).unwrap().to, to);
        }
        life.begin(&asked(0, "shutdown")).unwrap();
        life.end(Callback::Success).unwrap();
        assert_eq!(life.state(), Finalized);
        assert!(life.available().is_empty());
    }

    #[test]
    fn what_does_not_lead_on_is_refused_and_changes_nothing() {
        let mut life = Lifecycle::default();
        for wrong in [
            asked(3, ""),
            asked(4, ""),
            asked(7, ""),
            asked(10, ""),
            asked(1, "activate"),
            asked(0, "fly"),
            asked(99, ""),
        ] {
            assert_eq!(life.begin(&wrong), None, "{wrong:?}");
        }
        assert_eq!(life, Lifecycle::default());
        life.begin(&asked(1, "")).unwrap();
        assert_eq!(life.begin(&asked(1, "")), None, "no second transition while one is under way");
        assert_eq!(life.end(Callback::Failure).unwrap().to, Unconfigured);
        assert_eq!(life.end(Callback::Success), None);
    }

    #[test]
    fn an_error_leads_through_error_processing_to_the_beginning_or_the_end() {
        for (end, to) in
            [(Callback::Success, Unconfigured), (Callback::Failure, Finalized), (Callback::Error, Finalized)]
        {
            let mut life = Lifecycle::default();
            life.begin(&asked(0, "configure")).unwrap();
            assert_eq!(life.end(Callback::Error).unwrap().to, ErrorProcessing);
            assert_eq!(life.begin(&asked(0, "configure")), None);
            assert_eq!(life.end(end).unwrap().to, to);
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_message_definition() {
        assert_eq!(Unconfigured as u8, StateMsg::PRIMARY_STATE_UNCONFIGURED as u8);
        assert_eq!(Finalized as u8, StateMsg::PRIMARY_STATE_FINALIZED as u8);
        assert_eq!(Configuring as u8, StateMsg::TRANSITION_STATE_CONFIGURING as u8);
        assert_eq!(ErrorProcessing as u8, StateMsg::TRANSITION_STATE_ERRORPROCESSING as u8);
        let id = |label, from| GRAPH.iter().find(|edge| edge.label == label && edge.from == from).map(|edge| edge.id);
        assert_eq!(id("deactivate", Active), Some(TransitionMsg::TRANSITION_DEACTIVATE as u8));
        assert_eq!(id("shutdown", Active), Some(TransitionMsg::TRANSITION_ACTIVE_SHUTDOWN as u8));
        assert_eq!(id(ERROR, ErrorProcessing), Some(TransitionMsg::TRANSITION_ON_ERROR_ERROR as u8));
    }
}
