//! The live page over HTTP/1.1: two addresses that answer GET, and nothing else. What a client costs is
//! bounded: its number, its requests' heads, what is buffered for it, and how long it may take nothing.

mod answer;
mod request;
mod server;

pub use request::Site;
pub use server::{Bounds, listen, serve};
