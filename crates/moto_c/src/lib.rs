//! `libmoto_controller`: the controller in a thread of the caller's, for C and C++.
//!
//! A robot whose deadline is a callback (libfranka, FRI, a controller of ros2_control) calls
//! [`cycle::moto_cycle`] there. Supervisor, learner and storage run on threads of the library. Limits,
//! watchdog, safe states, black box and the life of a trial are the daemon's own code.
//!
//! cbindgen makes `include/moto_controller.h` of what is public here; a test compares both.
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]
#![allow(non_camel_case_types)] // The types have their names in C.

pub mod cycle;
mod guard;
pub mod handle;
pub mod operate;
mod run;
pub mod tell;
pub mod types;

#[cfg(test)]
mod tests;
