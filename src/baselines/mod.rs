//! Other learners to compare MOTO with, given the same rollouts, rewards and policies.
//!
//! | module | learner |
//! |---|---|
//! | [`gps`] | guided policy search, the trajectory-optimisation part (Levine and Abbeel 2014) |

pub mod gps;
