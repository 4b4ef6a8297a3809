//! Plumbing over r2r that knows nothing of the robot: executor, context, life cycle, log topic,
//! times and names in messages.

pub mod complaints;
pub mod context;
pub mod executor;
pub mod lifecycle;
pub mod message_time;
pub mod rosout;
pub mod topic_name;
