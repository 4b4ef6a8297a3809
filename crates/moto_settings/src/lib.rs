//! What a value of the configuration may be, from one place: the attributes beside each field.
//!
//! A field's documentation says what it is; its attributes say what is allowed and in which unit. The check of a file, of a ROS 2
//! parameter and of a command-line option, the message of a refusal, the ROS 2 descriptor and `docs/configuration.md` are all made
//! from them. The attributes are those of JSON Schema, and a few of this project:
//!
//! | attribute | meaning |
//! |---|---|
//! | `minimum`, `maximum` | bounds that are allowed themselves |
//! | `exclusiveMinimum`, `exclusiveMaximum` | bounds that are not |
//! | `x-unit` | the unit |
//! | `x-per` | what a list has an entry for: `joint`, or `axis` (x, y, z) |
//! | `x-empty` | what an empty list stands for; without it a list per joint may not be empty |
//! | `x-infinite` | whether infinite values are allowed; "not a number" never is |
//! | `x-name` | the text is a ROS 2 name: `name`, or `optional` where it may be empty |
//!
//! A bound of a list is one of its entries.
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
