//! The loop's clocks, the scheduling of its thread, and the record of its timing.

pub(super) mod latency;
pub(super) mod lockstep;
pub(super) mod on_idle;
pub(super) mod pacing;
pub(super) mod scheduling;
pub(super) mod wall_clock;
