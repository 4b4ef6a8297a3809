//! The robot as topics and services: joint states in, commands out, their times, and the states and pictures that others read.

pub mod ball_server;
pub mod commands;
pub mod graph;
pub mod input_error;
pub mod joint_states;
pub mod joints;
pub mod lockstep;
pub mod outlet;
pub mod robot;

pub mod sim_time;
pub mod stamps;
pub mod states;
