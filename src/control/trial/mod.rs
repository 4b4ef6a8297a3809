//! One trial on the loop: its phases, the tracking of the motions before and after the stroke, and
//! the recording of the stroke.

pub(super) mod life_cycle;
pub(super) mod recorder;
pub(super) mod stroke;
pub(super) mod tracking;
