//! The arm's world: ball, table, net and racket, and the simulated robot.

mod ball;
mod court;
mod plant;
mod racket;
mod racket_arm;
mod tracker;

pub use ball::{Ball, Flight};
pub use court::{Court, Landing, Table};
pub use plant::{Serve, TableTennisPlant};
pub use racket::{Crossing, Racket, RacketState, Swing};
pub use racket_arm::{Base, RacketArm};
pub use tracker::BallTracker;
