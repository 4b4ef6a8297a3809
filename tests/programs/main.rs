//! Programs of the user's: as judges, as simulators, and what becomes of a run when they misbehave.

mod ends;
mod exchange;
mod judges;
mod simulators;
mod support;
