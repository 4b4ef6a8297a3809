//! Commands with the simulated robot: a dry run, an evaluation, a long run, and a check of the
//! machine.

mod deadlines;
mod doctor;
mod dry_run;
mod evaluate;
mod soak;

pub use doctor::{DoctorOptions, DoctorReport, Fact, Grade, Measured, Verdict, doctor};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use soak::{Part, SoakOptions, SoakReport, soak};
