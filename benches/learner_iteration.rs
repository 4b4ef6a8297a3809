//! Times a learner iteration on the swing-ups, with the default settings of each, and with a single step size in the place of
//! forecasts and plans: the share of each
//! stage, and the share of the machine's matrix-multiply peak.
//!
//! ```sh
//! cargo bench --bench learner_iteration            # RAYON_NUM_THREADS=1 for one thread
//! ```
//!
//! The peak is measured in the same run, with the matrix multiplication of the regression (faer,
//! blocks of 384) on the same number of threads. Operations are counted by formula, not measured.
//! The count covers the weights (densities) and the fits (Gram matrices, their reduction, solutions),
//! with additions and multiplications as one each. Exponentials, divisions, copies and the two other
//! stages are not counted. The gap between the share and 100 % is therefore partly uncounted
//! work.

use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use moto_controller::experiment::catalogue::find;
use moto_controller::experiment::{TaskConfig, Variant};
use moto_controller::policy::CompiledPolicy;
use moto_controller::robot::{TrialKey, TrialKind};
use moto_controller::tasks::swing_up::SwingUp;
use moto_learners::moto::{ForecastConfig, GuardConfig, IterationReport, Moto, MotoConfig, StageSeconds, StateScales};
use moto_learners::{LearnerSettings, Learners};
use rayon::prelude::*;

/// Number of repetitions. The fastest counts, because the machine's other work slows the others.
const REPETITIONS: usize = 15;
/// Subdiagonals of the band of a reduced Gram matrix.
const BAND: f64 = 8.;
/// Number of ridges in cross-validation.
const RIDGES: f64 = 19.;

/// Operations per second of matrix multiplications on all threads, as the best of several runs.
fn peak() -> f64 {
    const SIZE: usize = 384;
    let threads = rayon::current_num_threads();
    let matrix = |seed: usize| Mat::from_fn(SIZE, SIZE, |i, j| ((i * 31 + j * 17 + seed) % 23) as f64 - 11.);
    let mut operands: Vec<_> = (0..threads).map(|seed| (matrix(seed), matrix(seed + 1), matrix(0))).collect();
    let products = 10;
    let seconds = (0..REPETITIONS).map(|_| {
        let start = Instant::now();
        operands.par_iter_mut().with_max_len(1).for_each(|(a, b, c)| {
            for _ in 0..products {
                matmul(c.as_mut(), Accum::Replace, a.as_ref(), b.as_ref(), 1., Par::Seq);
            }
        });
        start.elapsed().as_secs_f64()
    });
    let best = seconds.fold(f64::INFINITY, f64::min);
    2. * (SIZE as f64).powi(3) * (threads * products) as f64 / best
}

/// Sizes of a problem.
struct Size {
    horizon: f64,
    rollouts: f64,
    iterations: f64,
    /// Number of states and actions.
    inputs: f64,
}

/// Operations of the stages (weights, fits).
fn operations(size: &Size, report: &IterationReport) -> [f64; 2] {
    let Size { horizon, rollouts, iterations, inputs } = *size;
    let new = rollouts * horizon;
    let old = new * (iterations - 1.);
    // Old transitions meet the new components, new transitions all components: a triangular product
    // and two norms each.
    let densities = (old * horizon + new * horizon * iterations) * (inputs * (inputs + 1.) + 5. * inputs);
    let features = inputs * (inputs + 3.) / 2.;
    let (mut designs, mut backward) = (0., 0.);
    for step in &report.steps {
        let samples = step.transitions as f64;
        let order = samples.min(features);
        // Dual: half of two products of samples by inputs. Primal: half of a product of features by
        // samples.
        designs += if samples < features { 2. * samples * samples * inputs } else { samples * features * features };
        designs += 4. / 3. * order.powi(3) + RIDGES * order * 3. * BAND * BAND;
        // With and without the control variate: rotations there and back, and a solution per ridge.
        backward += 2. * (4. * order * order + RIDGES * order * (BAND * BAND + 4. * BAND));
    }
    [densities, designs + backward]
}

fn total(seconds: &StageSeconds) -> f64 {
    seconds.intake + seconds.weights + seconds.fits + seconds.update
}

/// The default settings of a chain, as `experiment defaults` compares them.
fn defaults(group: &str) -> Variant {
    let experiment = (find("defaults").expect("a known experiment").config)();
    let mut variants = experiment.variants.into_iter();
    variants.find(|variant| variant.group == group && variant.label == "defaults").expect("a known variant")
}

/// The defaults without forecasts and plans, with twice the rollouts and half the memory: one step size for each update.
fn one_step_size(group: &str) -> Variant {
    let mut variant = defaults(group);
    let settings: MotoConfig = variant.method.typed(MotoConfig::NAME).expect("the defaults are of MOTO");
    let settings = MotoConfig {
        epsilon: 0.4,
        beta0: Some(0.1),
        stored_iterations: 12,
        sample_decay: 0.8,
        guard: GuardConfig::default(),
        forecast: ForecastConfig::default(),
        ..settings
    };
    variant.method = Learners::chosen(&settings).expect("settings have the form of a configuration");
    variant.rollouts = if variant.rollouts == 2 { 5 } else { 10 };
    variant
}

fn measure(title: &str, variant: Variant, peak: f64) {
    let Variant { task, method, rollouts, .. } = variant;
    let TaskConfig::SwingUp(task) = task else { unreachable!("chains swing up") };
    let config: MotoConfig = method.typed(MotoConfig::NAME).expect("the defaults are of MOTO");
    let task = SwingUp::new(task).expect("the defaults are valid");
    let (iterations, horizon) = (config.stored_iterations, task.horizon());
    let mut learner = Moto::new(config, task.initial_policy(), StateScales(task.state_scales())).expect("valid");
    let batch = |learner: &Moto| {
        let iteration = learner.iteration() as u64;
        let keys: Vec<_> =
            (0..rollouts as u64).map(|rollout| TrialKey { kind: TrialKind::Learn, iteration, rollout }).collect();
        task.rollouts(&CompiledPolicy::new(learner.policy()).expect("a policy of the task"), 1, &keys, true)
    };
    // Fills the store.
    for _ in 0..iterations {
        learner.update(batch(&learner), &task).expect("an update");
    }
    let batch = batch(&learner);
    let reports: Vec<IterationReport> =
        (0..REPETITIONS).map(|_| learner.clone().update(batch.clone(), &task).expect("an update")).collect();
    let fastest = reports.iter().min_by(|a, b| total(&a.seconds).total_cmp(&total(&b.seconds))).expect("repetitions");
    let seconds = &fastest.seconds;
    let size = Size {
        horizon: horizon as f64,
        rollouts: rollouts as f64,
        iterations: iterations as f64,
        inputs: (task.state_dim() + task.action_dim()) as f64,
    };
    let [weights, fits] = operations(&size, fastest);
    let stages = [
        ("intake", seconds.intake, None),
        ("weights", seconds.weights, Some(weights)),
        ("fits", seconds.fits, Some(fits)),
        ("update", seconds.update, None),
    ];
    let total = total(seconds);
    let samples = fastest.steps.iter().map(|s| s.transitions as f64).sum::<f64>() / horizon as f64;
    println!("\n{title}: M {rollouts}, J {iterations}, T {horizon}; {samples:.0} transitions per fit");
    let share = |operations: f64, seconds: f64| 100. * operations / seconds / peak;
    for (stage, seconds, counted) in stages {
        let part = 100. * seconds / total;
        let counted = counted.map_or_else(String::new, |n| {
            format!("{:8.1} million operations  {:5.1} % of the peak", n / 1e6, share(n, seconds))
        });
        println!("  {stage:<10} {:8.2} ms  {part:4.0} %  {counted}", 1e3 * seconds);
    }
    let all = weights + fits;
    println!(
        "  {:<10} {:8.2} ms         {:8.1} million operations  {:5.1} % of the peak",
        "all",
        1e3 * total,
        all / 1e6,
        share(all, total)
    );
}

fn main() {
    // Cargo passes --bench, which is ignored.
    let peak = peak();
    println!(
        "matrix-multiply peak on {} threads: {:.1} billion operations per second",
        rayon::current_num_threads(),
        peak / 1e9
    );
    for group in ["double link", "quad link with joint limits"] {
        measure(group, defaults(group), peak);
        measure(&format!("{group}, one step size"), one_step_size(group), peak);
    }
}
