//! Tests of the inner parts against closed forms and brute force.

mod constraint;
mod mixture;
mod prior;
