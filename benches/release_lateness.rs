//! Runs the control loop on the wall clock and prints the lateness of its releases as one line of
//! JSON. Compared with `cyclictest` at the same priority and period, it shows the delay that the
//! loop adds (`benches/cyclictest.sh`).

#[path = "../tests/control_support/mod.rs"]
mod control_support;

use clap::Parser;
use control_support::{AllOfIt, Joints, config, order, shape};
use moto_controller::control::*;
use moto_controller::robot::link;
use std::error::Error;
use std::time::{Duration, Instant};

#[derive(Parser)]
struct Arguments {
    /// How long to run, s.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// SCHED_FIFO priority.
    #[arg(long, default_value_t = 80)]
    priority: u8,
    /// Processor to pin the loop to.
    #[arg(long)]
    cpu: Option<usize>,
    /// Control period, us.
    #[arg(long, default_value_t = 2000)]
    period: u32,
}

const JOINTS: usize = 9;
const HORIZON: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (port, robot) = link(JOINTS, 1);
    let clock = WallClock::new();
    let mut config = config(JOINTS);
    (config.period, config.trigger) = (f64::from(arguments.period) * 1e-6, Trigger::AtOnce);
    (config.watchdog.max_state_age, config.watchdog.max_task_age) = (10., None);
    (config.watchdog.max_consecutive_misses, config.limits.trip_ratio, config.watchdog.jump_tolerance) =
        (1000, 10., 1.);
    config.scheduling =
        SchedulingConfig { priority: Some(arguments.priority), cpu: arguments.cpu, ..SchedulingConfig::default() };
    let decimation = config.decimation;
    let ordinary = SchedulingConfig { priority: None, cpu: None, ..config.scheduling.clone() };
    let plant = PlantThread::spawn(Joints::at(&config.start_posture), robot, clock, config.period() / 2, ordinary)?;
    let dynamics = Box::new(NominalInertia(vec![1.; JOINTS].into()));
    let mut handle =
        spawn(LoopParts { config, port, clock: Box::new(clock), stroke: Box::new(AllOfIt(JOINTS)), dynamics })?;
    let startup = handle.startup.clone();
    let mut latency = Latency::new();
    let buffers = TrialBuffers::new(&TrialShape { decimation, ..shape(JOINTS, HORIZON) });
    let mut next = Some(TrialOrder { buffers, ..order(0, HORIZON, JOINTS) });
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    while Instant::now() < end {
        if let Some(Err(full)) = next.take().map(|order| handle.client.order(order)) {
            next = Some(full);
        }
        if let Some(trial) = handle.client.finished() {
            latency.add(&trial.order.buffers.latency.stroke);
            latency.add(&trial.order.buffers.latency.between);
            next = Some(trial.order);
        }
        while handle.client.event().is_some() {}
        std::thread::sleep(Duration::from_millis(20));
    }
    handle.client.stopper().shutdown();
    let (mut client, rest) = handle.join(None);
    latency.add(&rest?);
    while let Some(trial) = client.finished() {
        latency.add(&trial.order.buffers.latency.stroke);
        latency.add(&trial.order.buffers.latency.between);
    }
    plant.join().map_err(|_| "the plant panicked")?;
    println!("{}", serde_json::json!({ "startup": startup, "latency": latency.summary() }));
    Ok(())
}
