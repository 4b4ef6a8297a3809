//! What the command line can do with the simulated robot: a dry run, a judgement of what was learned, a long run, and a look at
//! what this machine can promise.

mod deadlines;
mod doctor;
mod dry_run;
mod evaluate;
mod soak;

pub use doctor::{DoctorOptions, DoctorReport, Fact, Grade, Measured, Verdict, doctor};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use soak::{Part, SoakOptions, SoakReport, soak};
