//! Tests of the inner parts against brute force.
