//! The hard-deadline control loop: it applies the stroke's policy to the newest reading, through the limits, on time.
//!
//! On its path nothing is allocated, freed, locked or logged, and no system call is made but the sleep.

mod clock;
mod episode;
mod stroke;

pub use clock::Clock;
pub use episode::{Episode, StepRecord};
pub use stroke::Stroke;
