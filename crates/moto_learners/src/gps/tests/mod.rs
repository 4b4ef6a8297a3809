//! Tests of the parts against closed forms and brute force.

mod constraint;
mod mixture;
mod prior;
