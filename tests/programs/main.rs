//! Programs of the user's: as judges, as simulators, and what becomes of a run when they misbehave.

mod exchange;
mod judges;
mod ends;
mod simulators;
mod support;
