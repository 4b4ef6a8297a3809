//! Settings: the attributes beside each field define what the field accepts.
//!
//! A field's documentation is its text, and its attributes are its range and unit. They serve the
//! checks of files, ROS 2 parameters and command-line options, the messages of refusals, the ROS 2
//! descriptors and `docs/configuration.md`. The attributes are those of JSON Schema and some of
//! this project:
//!
//! | attribute | meaning |
//! |---|---|
//! | `minimum`, `maximum` | inclusive bounds |
//! | `exclusiveMinimum`, `exclusiveMaximum` | exclusive bounds |
//! | `x-unit` | the unit |
//! | `x-per` | the index of a list: `joint`, or `axis` (x, y, z) |
//! | `x-empty` | meaning of an empty list; without it a list per joint may not be empty |
//! | `x-infinite` | whether infinite values are allowed; "not a number" never is |
//! | `x-name` | the text is a ROS 2 name: `name`, or `optional` if it may be empty |
//!
//! The bounds of a list apply to each entry.
//!
//! ```
//! use moto_settings::{Joints, check};
//! use schemars::JsonSchema;
//! use serde::Serialize;
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Loop {
//!     /// Control period.
//!     #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 0.1, "x-unit" = "s"))]
//!     period: f64,
//! }
//!
//! assert!(check(&Loop { period: 0.002 }, Joints::Unknown).is_ok());
//! let refused = check(&Loop { period: 2. }, Joints::Unknown).unwrap_err();
//! assert_eq!(refused.to_string(), "period is 2, expected above 0 and at most 0.1 s");
//! ```
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod check;
mod deserialize;
mod document;
mod error;
mod fields;
mod formats;
mod joints;
mod kinds;
mod merge;
mod nearest;
mod range;
mod ros_name;
mod serialize;
mod tree;

pub use check::check;
pub use document::document;
pub use error::{FieldError, Refusal};
pub use fields::{Field, Kind, Schema};
pub use joints::Joints;
pub use kinds::{Choice, Entries, Entry, Registry};
pub use nearest::nearest;
pub use range::Range;
pub use tree::{Tree, Value};
