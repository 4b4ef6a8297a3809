//! A learner of one's own: its file, which is this one, and one line that registers it. A configuration then chooses it by its
//! name, and the daemon runs it on the loop like any other: it is stored, resumed and judged.
//!
//! ```sh
//! cargo run --release --example own_learner
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use moto_controller::commands::{DryRunOptions, EvaluateOptions, dry_run, evaluate};
use moto_controller::policy::{Policy, StoredLaw};
use moto_controller::report::IterationMetrics;
use moto_controller::storage::{RunView, files::Disk};
use moto_controller::supervisor::{Beginning, ConfigSource, run_configuration};
use moto_learners::{
    Batch, LEARNERS, Learner, LearnerError, LearnerSettings, Learners, Report, Reward, Start, learner,
};
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cross-entropy search over the biases of a policy: each step's bias becomes the mean of what the best rollouts did there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct BestOfConfig {
    /// Best rollouts of a batch that are learned from.
    #[schemars(extend("minimum" = 1))]
    best: usize,
    /// What the exploration's covariance is multiplied by with each iteration.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    cooling: f64,
}

impl Default for BestOfConfig {
    fn default() -> Self {
        Self { best: 4, cooling: 0.9 }
    }
}

impl LearnerSettings for BestOfConfig {
    const NAME: &'static str = "best_of";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(BestOf { config: self.clone(), policy: start.policy.clone(), iteration: 0 }))
    }
}

/// The learner with everything it remembers.
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
            // What the feedback added to the bias, to keep it apart.
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

/// Swings a chain of two links up with it, in two runs of the program, as it were: the second goes on with the first.
///
/// # Errors
/// What the daemon refuses, or that nothing was learned.
pub fn main() -> Result<(), Box<dyn Error>> {
    LEARNERS.add(learner::<BestOfConfig>());

    let place = tempfile::tempdir()?;
    let folder = place.path().join("run");
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/double_link.yaml");
    // In a file: `learner: {best_of: {best: 5}}`.
    let mine = Learners::chosen(&BestOfConfig { best: 5, ..Default::default() })?;
    let options = |config, iterations, beginning| DryRunOptions {
        config,
        adjust: Box::new(move |config| {
            config.run.iterations = iterations;
            (config.run.evaluation_strokes, config.run.realtime_strokes) = (10, 0);
        }),
        realtime: false,
        out: Some(folder.clone()),
        beginning,
    };
    let first = DryRunOptions {
        adjust: Box::new(|config| {
            (config.learner, config.run.rollouts, config.run.iterations) = (mine, 25, 10);
            (config.run.evaluation_strokes, config.run.realtime_strokes) = (10, 0);
        }),
        ..options(ConfigSource::File(configuration), 10, Beginning::Demonstration)
    };
    print!("{}", dry_run(first)?);
    print!("{}", dry_run(options(run_configuration(&folder)?, 20, Beginning::Resume(folder.clone())))?);

    let lines: Vec<IterationMetrics> = RunView::open(Arc::new(Disk), &folder)?.metrics()?;
    let returns: Vec<f64> = lines.iter().map(|line| line.return_.mean).collect();
    println!("mean returns: {returns:.1?}");
    let options = EvaluateOptions { run: folder, strokes: Some(10), noise: false, initial: false, realtime: false };
    let learned = evaluate(&options)?.mean_return;
    println!("mean return of what was learned: {learned:.1}, of the first policy: {:.1}", returns[0]);
    assert_eq!(returns.len(), 20);
    assert!(learned > 0.5 * returns[0], "nothing was learned");
    Ok(())
}
