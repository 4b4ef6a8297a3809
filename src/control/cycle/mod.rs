//! The loop itself: its cycle, the threads it runs on and beside, and the supervisor's ends of its
//! rings.

pub(super) mod callers_loop;
pub(super) mod client;
pub(super) mod command_thread;
pub(super) mod control_loop;
pub(super) mod loop_watch;
pub(super) mod plant_thread;
pub(super) mod spawn;
pub(super) mod tuning;
