//! Options that spread an experiment over machines.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::super::Failure;
use crate::experiment::{Part, slurm};

// A comment for the documentation would become the command's help.
#[derive(Args)]
#[group(multiple = false)]
#[command(next_help_heading = "On several machines that share the results folder")]
pub struct Spread {
    /// Print the jobs, one seed of one variant each, as JSON lines: index, variant, seed. More seeds
    /// change no job's index
    #[arg(long)]
    list_jobs: bool,

    /// Run the job with this index alone. Stopped by a signal it saves and ends with exit code 75; the
    /// same command goes on
    #[arg(long, value_name = "I")]
    job: Option<usize>,

    /// Run every N-th job from job I on (I from 0 to N - 1), ending as --job does; `slurm`, or no value: I
    /// and N are those of the Slurm array that this process is a task of
    #[arg(long, value_name = "I/N|slurm", num_args = 0..=1, default_missing_value = "slurm")]
    shard: Option<Shard>,

    /// Make summary, figures and page of the seeds that are finished, and say which are missing (exit
    /// code 75)
    #[arg(long)]
    merge: bool,

    /// Write experiment.sbatch into the results folder: a Slurm array of all jobs, and the merge behind
    /// it
    #[arg(long, value_name = "SCHEDULER")]
    submit: Option<Scheduler>,
}

/// What is done with the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Its jobs are listed.
    List,
    /// Jobs are run.
    Run(Part),
    /// What is finished is summarised.
    Merge,
    /// A batch script is written.
    Submit,
}

impl Spread {
    /// What the options ask for: without any, all jobs are run.
    ///
    /// # Errors
    /// Slurm's variables do not say which shard this is.
    pub fn what(&self) -> Result<What, Failure> {
        Ok(match self {
            Self { list_jobs: true, .. } => What::List,
            Self { merge: true, .. } => What::Merge,
            Self { submit: Some(Scheduler::Slurm), .. } => What::Submit,
            Self { job: Some(index), .. } => What::Run(Part::Job(*index)),
            Self { shard: Some(Shard::Of { index, of }), .. } => What::Run(Part::Shard { index: *index, of: *of }),
            Self { shard: Some(Shard::Slurm), .. } => What::Run(slurm::shard(&|name| std::env::var(name).ok())?),
            _ => What::Run(Part::All),
        })
    }
}

/// A scheduler that a script is written for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scheduler {
    /// Slurm
    Slurm,
}

/// A share of the jobs, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shard {
    Of { index: usize, of: usize },
    Slurm,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "slurm" {
            return Ok(Self::Slurm);
        }
        let numbers = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        let (index, of) =
            numbers.filter(|(index, of)| index < of).ok_or("expected I/N with I from 0 to N - 1, or slurm")?;
        Ok(Self::Of { index, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_shard_is_taken_for_one() {
        assert_eq!("2/5".parse(), Ok(Shard::Of { index: 2, of: 5 }));
        assert_eq!("slurm".parse(), Ok(Shard::Slurm));
        for wrong in ["5/5", "0/0", "1", "1/", "-1/4", "1/4/2", "half", ""] {
            assert_eq!(wrong.parse::<Shard>().unwrap_err(), "expected I/N with I from 0 to N - 1, or slurm", "{wrong}");
        }
    }
}
