//! The robot as topics and services: joint states in, commands out, their times, and the
//! diagnostics of the connection.

pub mod commands;
pub mod description;
pub mod diagnostics;
pub mod first_message;
pub mod graph;
pub mod health;
pub mod input_error;
pub mod joint_states;
pub mod joints;
pub mod lockstep;
pub mod observation_publishers;
pub mod observations;
pub mod outlet;
pub mod robot;

pub mod sim_clock;
pub mod sim_time;
pub mod stamps;
pub mod states;
pub mod task_starter;
