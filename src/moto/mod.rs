//! MOTO (Akrour et al. 2018): refits a quadratic Q-function per step and solves an exactly KL- and entropy-constrained
//! policy update. No threads but rayon's over steps, no clocks, no input or output: same input, same bits.

mod batch;

pub use batch::{Batch, Reward};
