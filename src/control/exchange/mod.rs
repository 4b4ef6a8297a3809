//! The types that pass between the loop and the supervisor: orders, finished trials, events,
//! requests, black boxes, and what the loop shows to lookers-on.

pub(super) mod black_box;
pub(super) mod episode;
pub(super) mod joint_samples;
pub(super) mod messages;
pub(super) mod order;
pub(super) mod outbox;
pub(super) mod view;
