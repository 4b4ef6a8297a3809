//! The checks between the law and the robot, the faults they report, and the safe state a fault
//! leads to.

pub(super) mod dead_man;
mod driver;
pub(super) mod fault;
pub(super) mod limits;
pub(super) mod safety;
pub(super) mod timekeeper;
pub(super) mod watchdog;
