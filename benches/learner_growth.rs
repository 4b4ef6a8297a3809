//! How the cost of a learner's update grows: with joints, trials kept, steps of the stroke, and rollouts of an iteration.
//!
//! ```sh
//! cargo bench --bench learner_growth               # RAYON_NUM_THREADS=1 for one thread
//! ```
//!
//! The learner has the reuse of the shipped table tennis: every step is fitted to the transitions of that step in all trials kept. The
//! trials are of joints without friction that are pushed at random. One size changes at a time; the others stay at `USUAL`. Each
//! size has a process of its own, whose largest resident memory counts. The exponent is the slope of the logarithms, over all rows
//! and between the last two.

use std::process::Command;
use std::time::Instant;

use moto_learners::moto::{Moto, MotoConfig, Reuse, StateScales, TrustRegion};
use moto_learners::policy::{LinearGaussian, Policy};
use moto_learners::{Batch, Reward};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Number of repetitions. The fastest counts, because the machine's other work slows the others.
const REPETITIONS: usize = 3;
/// Time of a step, s.
const STEP: f64 = 0.02;

/// Sizes of a problem.
#[derive(Clone, Copy)]
struct Size {
    joints: usize,
    kept: usize,
    horizon: usize,
    rollouts: usize,
}

const USUAL: Size = Size { joints: 7, kept: 600, horizon: 100, rollouts: 15 };

/// The cost of positions, velocities and efforts, all squared.
struct Squares;

impl Reward for Squares {
    fn step(&self, _: usize, state: &[f64], action: &[f64], _: &[f64], _: &[f64]) -> f64 {
        -state.iter().map(|x| x * x).sum::<f64>() - 0.01 * action.iter().map(|u| u * u).sum::<f64>()
    }

    fn last(&self, state: &[f64]) -> f64 {
        -state.iter().map(|x| x * x).sum::<f64>()
    }
}

/// Rollouts of the learner's policy: positions and velocities of the joints, and their accelerations as actions.
fn batch(learner: &Moto, size: &Size, rollouts: usize, random: &mut ChaCha8Rng) -> Batch {
    let joints = size.joints;
    let mut noise = |rows: usize| DMatrix::from_fn(rows, rollouts, |_, _| StandardNormal.sample(random));
    let mut states: Vec<DMatrix<f64>> = vec![noise(2 * joints)];
    let mut actions = Vec::new();
    for law in &learner.policy().steps {
        let state = &states[states.len() - 1];
        let deviation = law.covariance.diagonal().map(f64::sqrt);
        let mut action = &law.gain * state + DMatrix::from_diagonal(&deviation) * noise(joints);
        action.column_iter_mut().for_each(|mut column| column += &law.bias);
        let (positions, velocities) = (state.rows(0, joints), state.rows(joints, joints));
        let mut next = state.clone();
        next.rows_mut(0, joints).copy_from(&(positions + STEP * velocities));
        next.rows_mut(joints, joints).copy_from(&(velocities + STEP * &action));
        actions.push(action);
        states.push(next + 1e-3 * noise(2 * joints));
    }
    let outcomes = vec![DMatrix::zeros(0, rollouts); size.horizon];
    Batch { states, received: actions.clone(), actions, outcomes, ..Batch::zeros(learner.policy(), rollouts) }
}

/// Seconds of an update, and the most memory of the process, MB.
fn measure(size: &Size) -> (f64, f64) {
    let Size { joints, kept, horizon, rollouts } = *size;
    let config = MotoConfig {
        reuse: Reuse::SameStepDecay,
        trust_region: TrustRegion::Trajectory,
        stored_iterations: 2,
        ..MotoConfig::default()
    };
    let law = LinearGaussian {
        gain: DMatrix::zeros(joints, 2 * joints),
        bias: DVector::zeros(joints),
        covariance: DMatrix::identity(joints, joints),
    };
    let initial = Policy { steps: vec![law; horizon] };
    let mut learner = Moto::new(config, initial, StateScales(vec![1.; 2 * joints])).expect("valid");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    // All trials kept but the newest come in one iteration, which fills the store at once.
    if kept > rollouts {
        let old = batch(&learner, size, kept - rollouts, &mut random);
        learner.update(old, &Squares).expect("an update");
    }
    let newest = batch(&learner, size, rollouts, &mut random);
    let repetitions = (0..REPETITIONS).map(|_| {
        let (mut learner, newest) = (learner.clone(), newest.clone());
        let start = Instant::now();
        learner.update(newest, &Squares).expect("an update");
        start.elapsed().as_secs_f64()
    });
    let fastest = repetitions.fold(f64::INFINITY, f64::min);
    (fastest, memory())
}

/// The most memory that the process had, MB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the process's own file");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.expect("the kernel counts it") / 1024.
}

/// Slope of the logarithms by least squares.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logarithms = || points.iter().map(|(x, y)| (x.ln(), y.ln()));
    let count = points.len() as f64;
    let (x, y) = logarithms().fold((0., 0.), |sum, (x, y)| (sum.0 + x / count, sum.1 + y / count));
    let (above, below) = logarithms().fold((0., 0.), |(a, b), (u, v)| (a + (u - x) * (v - y), b + (u - x).powi(2)));
    above / below
}

/// Measures in a process of its own.
fn measure_apart(size: &Size) -> (f64, f64) {
    let program = std::env::current_exe().expect("the path of this program");
    let sizes = [size.joints, size.kept, size.horizon, size.rollouts].map(|n| n.to_string());
    let output = Command::new(program).args(sizes).output().expect("this program once more");
    let text = String::from_utf8(output.stdout).expect("two numbers");
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [seconds, memory] = numbers[..] else { panic!("no result for {:?}", String::from_utf8_lossy(&output.stderr)) };
    (seconds, memory)
}

fn sweep(name: &str, values: &[usize], set: fn(&mut Size, usize)) {
    println!("\n{name:<10} {:>12} {:>12}", "ms / update", "MB");
    let (mut times, mut memories) = (Vec::new(), Vec::new());
    for value in values {
        let mut size = USUAL;
        set(&mut size, *value);
        let (seconds, memory) = measure_apart(&size);
        println!("{value:<10} {:>12.1} {memory:>12.0}", 1e3 * seconds);
        times.push((*value as f64, seconds));
        memories.push((*value as f64, memory));
    }
    for (name, points) in [("time", &times), ("memory", &memories)] {
        println!("exponent of {name} {:.2}, at the end {:.2}", exponent(points), exponent(&points[points.len() - 2..]));
    }
}

fn main() {
    // Cargo passes --bench, which is ignored.
    let sizes: Vec<usize> = std::env::args().filter_map(|number| number.parse().ok()).collect();
    if let [joints, kept, horizon, rollouts] = sizes[..] {
        let (seconds, memory) = measure(&Size { joints, kept, horizon, rollouts });
        println!("{seconds} {memory}");
        return;
    }
    let Size { joints, kept, horizon, rollouts } = USUAL;
    println!(
        "{joints} joints, {kept} trials kept, {horizon} steps, {rollouts} rollouts; {} threads",
        rayon::current_num_threads()
    );
    sweep("joints", &[2, 4, 7, 14, 28], |size, value| size.joints = value);
    sweep("kept", &[150, 300, 600, 1200, 2400], |size, value| size.kept = value);
    sweep("horizon", &[30, 75, 150, 300], |size, value| size.horizon = value);
    sweep("rollouts", &[5, 20, 80, 400], |size, value| size.rollouts = value);
}
