//! `moto_controller environment`.

use std::io::BufRead;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::experiment::catalogue::find;
use crate::experiment::{Session, environment};
use crate::terminal::output::print;

/// Step through the task of an experiment from outside: a line of JSON each way.
///
/// The first line printed has the sizes. {"reset": EPISODE} answers the first state of the episode
/// with this number, {"step": [ACTION]} the next state, the reward, and whether the episode is
/// over. A request that is refused is answered by {"error": "..."}, and nothing changes. Ends with
/// the input.
#[derive(Args)]
#[command(after_long_help = "\
Example:
  $ moto_controller environment 4a
  {\"action_dim\":2,\"action_scale\":[5.0,5.0],\"horizon\":100,\"state_dim\":4,\"task\":\"4a\"}
  {\"reset\": 0}
  {\"state\":[3.13,0.01,0.02,-0.01]}
  {\"step\": [2.5, -1]}
  {\"over\":false,\"reward\":-15.9,\"state\":[3.13,0.02,0.05,0.10]}
The task is that of the experiment's first variant. On the control loop (3a, 3b, 3c) the reward comes with the last step.
benches/moto_gymnasium.py makes a Gymnasium environment of it.")]
pub struct Environment {
    /// Name of the experiment (`moto_controller experiment --list`)
    #[arg(value_name = "EXPERIMENT")]
    name: String,

    /// Seed of all episodes; the same seed and number give the same episode, to the bit
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Environment {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = (find(&self.name)?.config)();
        // Every experiment of the catalogue has a variant, and a test checks that.
        let variant = config.variants.first().ok_or("the experiment has no variant")?;
        let mut session = Session::new(environment(variant, self.seed)?);
        print(format_args!("{}\n", session.greeting(&self.name)))?;
        for line in std::io::stdin().lock().split(b'\n') {
            // What is no text is no request, which the answer says.
            print(format_args!("{}\n", session.answer(&String::from_utf8_lossy(&line?))))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
