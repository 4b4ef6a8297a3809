//! Tests of the parts against closed forms and brute force.

mod mixture;
mod prior;
