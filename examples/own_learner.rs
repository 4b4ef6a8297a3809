//! A learner of your own: its file, which is this one, and one line that registers it. A
//! configuration then chooses the learner by its name. The daemon runs it on the loop like any
//! other learner, and stores, resumes and judges it.
//!
//! ```sh
//! cargo run --release --example own_learner
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use moto_controller::commands::{DryRunOptions, EvaluateOptions, dry_run, evaluate};
use moto_controller::policy::{Policy, StoredLaw};
use moto_controller::supervisor::{Beginning, ConfigSource, run_configuration};
use moto_learners::{Batch, LEARNERS, Learner, LearnerError, LearnerSettings, Report, Reward, Start, learner};
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cross-entropy search over the biases of a policy. The new bias of a step is the mean over the
/// best rollouts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct BestOfConfig {
    /// Number of best rollouts of a batch that the update uses.
    #[schemars(extend("minimum" = 1))]
    best: usize,
    /// Factor on the exploration's covariance at each iteration.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    cooling: f64,
}

impl Default for BestOfConfig {
    fn default() -> Self {
        Self { best: 4, cooling: 0.95 }
    }
}

impl LearnerSettings for BestOfConfig {
    const NAME: &'static str = "best_of";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(BestOf { config: self.clone(), policy: start.policy.clone(), iteration: 0 }))
    }
}

/// The learner with its full state.
#[derive(Clone, Serialize, Deserialize)]
struct BestOf {
    config: BestOfConfig,
    policy: Policy,
    iteration: usize,
}

impl Learner for BestOf {
    fn law(&self) -> StoredLaw {
        StoredLaw::Policy(self.policy.clone())
    }

    fn iteration(&self) -> usize {
        self.iteration
    }

    fn learn(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Report, LearnerError> {
        let returns = batch.returns(reward)?;
        let mut order: Vec<usize> = (0..returns.len()).collect();
        order.sort_by(|a, b| returns[*b].total_cmp(&returns[*a]));
        let best = &order[..self.config.best.min(order.len())];
        for (t, law) in self.policy.steps.iter_mut().enumerate() {
            // The feedback's part of the action, which does not belong to the bias.
            let feedback = |i: usize| &law.gain * batch.states[t].column(i);
            let biases: Vec<DVector<f64>> = best.iter().map(|&i| batch.actions[t].column(i) - feedback(i)).collect();
            law.bias = DMatrix::from_columns(&biases).column_mean();
            law.covariance *= self.config.cooling;
        }
        self.iteration += 1;
        let mean_return = returns.iter().sum::<f64>() / returns.len() as f64;
        let (iteration, rollouts) = (self.iteration - 1, returns.len());
        Ok(Report { iteration, rollouts, mean_return, ..Report::default() })
    }

    fn save(&self) -> Result<Vec<u8>, LearnerError> {
        serde_json::to_vec(self).map_err(|error| LearnerError::State(error.to_string()))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), LearnerError> {
        *self = serde_json::from_slice(state).map_err(|error| LearnerError::State(error.to_string()))?;
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}

/// Writes the configuration: the shipped swing-up, shortened, with this learner.
fn configuration(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = fs::read_to_string(root.join("config/double_link.yaml"))?;
    for (shipped, mine) in [
        ("../urdf/", &*format!("{}/urdf/", root.display())),
        ("moto: {", "best_of: {best: 4} # moto: {"),
        ("swing_up: {}", "swing_up: {horizon: 30, rewarded_steps: 10}"),
    ] {
        assert!(text.contains(shipped), "{shipped}");
        text = text.replace(shipped, mine);
    }
    let path = folder.join("mine.yaml");
    fs::write(&path, text)?;
    Ok(path)
}

/// Learns to lift a chain of two links, in two runs of the program. The second run continues the
/// first.
///
/// # Errors
/// An error of the daemon.
///
/// # Panics
/// If nothing is learned.
pub fn main() -> Result<(), Box<dyn Error>> {
    LEARNERS.add(learner::<BestOfConfig>());

    let place = tempfile::tempdir()?;
    let folder = place.path().join("run");
    let run = |config, iterations, out, beginning| {
        dry_run(DryRunOptions {
            config,
            adjust: Box::new(move |config| {
                (config.run.rollouts, config.run.iterations) = (20, iterations);
                (config.run.evaluation_strokes, config.run.realtime_strokes) = (5, 0);
            }),
            realtime: false,
            out,
            beginning,
            live: None,
        })
    };
    let mine = ConfigSource::File(configuration(place.path())?);
    print!("{}", run(mine, 10, Some(folder.clone()), Beginning::Demonstration)?);
    print!("{}", run(run_configuration(&folder)?, 15, None, Beginning::Resume(folder.clone()))?);

    let judged = |initial| {
        let run = folder.clone();
        evaluate(&EvaluateOptions { run, strokes: Some(5), noise: false, initial, realtime: false })
    };
    let (first, learned) = (judged(true)?.mean_return, judged(false)?.mean_return);
    println!("mean return of the first policy: {first:.1}, of what was learned: {learned:.1}");
    assert!(learned > 0.75 * first, "nothing was learned");
    Ok(())
}
