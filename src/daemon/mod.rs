//! The supervisor: trials, learning and storage around the control loop.
