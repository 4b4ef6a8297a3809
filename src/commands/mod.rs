//! Commands with the simulated robot: a dry run, an evaluation, a demonstration by hand, a long run,
//! and a check of the machine.

mod deadlines;
mod doctor;
mod dry_run;
mod evaluate;
mod replay;
mod report;
mod soak;
mod teach;

pub use doctor::{DoctorOptions, DoctorReport, Fact, Grade, Measured, Verdict, doctor};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use replay::{Deviation, Part as ReplayedPart, Replay, ReplayOptions, replay};
pub use report::report;
pub use soak::{Part, SoakOptions, SoakReport, soak};
pub use teach::{TeachOptions, TeachReport, teach};
