//! Plants that stand for a robot: the simulated arm, with ball, table and racket.

pub mod integrator;
