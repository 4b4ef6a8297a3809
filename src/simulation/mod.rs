//! Plants that stand for a robot: the simulated arm, with ball, table and racket.

pub mod integrator;

mod arm;
mod ball;
mod court;
mod racket;
mod table_tennis;

pub use arm::{Arm, ArmConfig, ArmError, RacketArm};
pub use ball::{Ball, Flight};
pub use court::{Court, Landing, Table};
pub use racket::{Crossing, Racket, RacketState, Swing};
pub use table_tennis::{Serve, TableTennisPlant};
