//! Tasks: start, reward, success and initial policy.

pub mod table_tennis;
