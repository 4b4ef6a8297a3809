//! Times the control law from a state to a safe command, and a full cycle of the loop: 9 joints, 24
//! states.

#[path = "../tests/control_support/mod.rs"]
mod control_support;

use control_support::{AllOfIt, Joints, PERIOD, config, key, order};
use criterion::Criterion;
use hdrhistogram::Histogram;
use moto_controller::control::*;
use moto_controller::policy::{CompiledPolicy, LinearGaussian, Policy};
use moto_controller::robot::{PlantDriver, link};
use nalgebra::{DMatrix, DVector};
use std::hint::black_box;
use std::time::{Duration, Instant};

const JOINTS: usize = 9;
const STATES: usize = 24;
const HORIZON: usize = 30;

/// Policy, scaling and limits of the loop.
struct Law {
    policy: CompiledPolicy,
    limits: Limits,
    states: Vec<[f64; STATES]>,
    noise: [f64; JOINTS],
    scale: [f64; JOINTS],
    action: [f64; JOINTS],
    asked: [f64; JOINTS],
    sent: [f64; JOINTS],
    count: usize,
}

impl Law {
    fn new() -> Self {
        let law = LinearGaussian {
            gain: DMatrix::from_fn(JOINTS, STATES, |i, j| ((i * 7 + j * 3) % 11) as f64 / 11. - 0.4),
            bias: DVector::from_fn(JOINTS, |i, _| i as f64 / 9.),
            covariance: DMatrix::identity(JOINTS, JOINTS) + DMatrix::from_element(JOINTS, JOINTS, 0.2),
        };
        let state = |i: usize| std::array::from_fn(|j| ((i * 13 + j * 5) % 17) as f64 / 17. - 0.5);
        Self {
            policy: CompiledPolicy::new(&Policy { steps: vec![law; HORIZON] }).unwrap(),
            limits: Limits::new(&config(JOINTS).limits, PERIOD.as_secs_f64()),
            states: (0..1024).map(state).collect(),
            noise: std::array::from_fn(|i| i as f64 / 9. - 0.5),
            scale: [20., 20., 20., 3., 3., 1.5, 1.5, 0.3, 0.3],
            action: [0.; JOINTS],
            asked: [0.; JOINTS],
            sent: [0.; JOINTS],
            count: 0,
        }
    }

    fn run(&mut self) -> f64 {
        self.count += 1;
        let state = black_box(&self.states[self.count % self.states.len()]);
        self.policy.action(self.count % HORIZON, state, &self.noise, &mut self.action);
        for ((asked, scale), action) in self.asked.iter_mut().zip(&self.scale).zip(&self.action) {
            *asked = scale * action;
        }
        let clipped = self.limits.apply(&state[..JOINTS], &state[JOINTS..2 * JOINTS], &self.asked, &mut self.sent);
        black_box(&self.sent);
        f64::from(u8::from(clipped == Ok(true)))
    }
}

/// A simulated clock that also steps the plant. The rest of a cycle is the loop's.
struct Untimed {
    now: Duration,
    driver: PlantDriver<Joints>,
}

impl Clock for Untimed {
    fn now(&self) -> Duration {
        self.now
    }
    fn sleep_until(&mut self, release: Duration, _idle: bool) {
        self.driver.advance(release);
        self.now = release;
    }
}

/// Duration of each call, including two readings of the clock.
fn each(name: &str, count: usize, mut call: impl FnMut() -> Duration) {
    let mut times = Histogram::<u64>::new_with_bounds(1, 1_000_000_000, 3).unwrap();
    (0..count / 10).for_each(|_| {
        call();
    });
    for _ in 0..count {
        times.saturating_record(call().as_nanos() as u64);
    }
    let at = |q| times.value_at_quantile(q);
    println!("{name}: p50 {} p99 {} p99.9 {} max {} ns over {count} calls", at(0.5), at(0.99), at(0.999), times.max());
}

fn timed(call: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    call();
    begin.elapsed()
}

fn cycles(count: usize) {
    let (port, robot) = link(JOINTS, 1);
    let joints = Joints::at(&[0.1; JOINTS]);
    let clock = Untimed { now: Duration::ZERO, driver: PlantDriver::new(joints, robot, true) };
    let mut config = config(JOINTS);
    (config.decimation, config.trigger) = (10, Trigger::AtOnce);
    let dynamics = Box::new(NominalInertia(vec![1.; JOINTS].into()));
    let parts = LoopParts { config, port, clock: Box::new(clock), stroke: Box::new(AllOfIt(JOINTS)), dynamics };
    let (mut control, mut client) = ControlLoop::new(parts).unwrap();
    let horizon = 500;
    let buffers = TrialBuffers::new(&TrialShape { decimation: 10, ..control_support::shape(JOINTS, horizon) });
    let mut next = Some(TrialOrder { key: key(0), buffers, ..order(0, horizon, JOINTS) });
    each("whole turn of the loop, plant's step included", count, || {
        if let Some(order) = next.take() {
            let _ = client.order(order);
        }
        let time = timed(|| {
            control.turn();
        });
        while client.event().is_some() {}
        next = client.finished().map(|trial| trial.order);
        time
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut law = Law::new();
    criterion.bench_function("state to safe command, 9 x 24", |bencher| bencher.iter(|| law.run()));
    criterion.final_summary();
    each("clock read twice", 1_000_000, || timed(|| {}));
    let mut law = Law::new();
    each("state to safe command, 9 x 24", 1_000_000, || {
        timed(|| {
            black_box(law.run());
        })
    });
    cycles(200_000);
}
