//! Checks the program that simulates the robot: starts it, and makes a stroke's exchanges with it.

use std::time::{Duration, Instant};

use super::facts::{Fact, Verdict, fact};
use crate::control::Latency;
use crate::dynamics::Compensated;
use crate::programs::{Role, Simulator};
use crate::robot::{Command, Plant, Reading, TrialKey, TrialKind};
use crate::setup::Setup;
use crate::supervisor::DaemonError;
use crate::supervisor::programs::simulator as started;
use crate::tasks::Task;

/// Longest measurement. A slow program makes fewer exchanges.
const LONGEST: Duration = Duration::from_secs(5);
const NAME: &str = "simulator";

/// What a stroke's exchanges with the program have shown.
struct Exchanges {
    /// Durations of the exchanges.
    latency: Latency,
    /// Readings, the reset's first: positions, velocities, observed values.
    readings: Vec<Vec<f64>>,
}

/// The program of `robot.simulator`, if one is configured. It is started, and twice makes the same
/// stroke under the efforts that hold the start posture.
///
/// # Errors
/// A setting of the task that is refused.
pub fn simulator(setup: &Setup) -> Result<Option<Fact>, DaemonError> {
    let Some(config) = &setup.config.robot.simulator else { return Ok(None) };
    let program = config.program.join(" ");
    let poor = |found: &str, why: &str| Ok(Some(fact(NAME, format!("{program}: {found}"), Some((Verdict::Poor, why)))));
    let simulator = match started(setup, Role::Trials { judges: setup.config.judge.is_simulator() }) {
        Ok(Some(simulator)) => simulator,
        Ok(None) => return Ok(None),
        Err(DaemonError::Program(error)) => return poor("it does not start", &error.to_string()),
        Err(error) => return Err(error),
    };
    let mut plant = match simulator.plant() {
        Ok(plant) => plant,
        Err(error) => return poor("it does not answer the first reset", &error.to_string()),
    };
    let task = setup.task()?;
    let [first, second] = [0, 1].map(|time| stroke(setup, &*task, &simulator, &mut *plant, time));
    match (first, second) {
        (Err(failure), _) | (_, Err(failure)) => poor("it fails in a stroke", &failure),
        (Ok(first), Ok(second)) => Ok(Some(judged(setup, &program, &first, &second))),
    }
}

/// Makes the exchanges of a stroke, with the arm put into its start posture, as the `time`th.
fn stroke(
    setup: &Setup,
    task: &dyn Task,
    simulator: &Simulator,
    plant: &mut dyn Plant,
    time: u32,
) -> Result<Exchanges, String> {
    let (control, n) = (&setup.config.control, setup.model.dof());
    let key = TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout: 0 };
    let cycles = (task.horizon() * control.decimation) as u32;
    let failed = |simulator: &Simulator| simulator.take(&key).failure.map_or(Ok(()), Err);
    let begin = control.period() * (cycles + 1) * time;
    plant.reset(begin);
    plant.begin_trial(&key);
    failed(simulator)?;
    let (mut reading, mut command) = (Reading::zeros(n, task.task_values()), Command::zeros(n));
    if !setup.config.robot.compensates.contains(&Compensated::Gravity) {
        let (mut workspace, zeros) = (setup.model.workspace(), vec![0.; n]);
        setup.model.inverse_dynamics(&mut workspace, &control.start_posture, &zeros, &zeros, &mut command.effort);
    }
    let mut exchanges = Exchanges { latency: Latency::new(), readings: Vec::new() };
    let mut note = |plant: &mut dyn Plant, readings: &mut Vec<Vec<f64>>| {
        plant.read(&mut reading);
        readings.push([&*reading.position, &*reading.velocity, &*reading.task].concat());
    };
    note(plant, &mut exchanges.readings);
    let started = Instant::now();
    for cycle in (1..=cycles).take_while(|_| started.elapsed() < LONGEST) {
        let asked = Instant::now();
        plant.step(begin + control.period() * cycle, &command);
        exchanges.latency.execution.saturating_record(asked.elapsed().as_nanos() as u64);
        failed(simulator)?;
        note(plant, &mut exchanges.readings);
    }
    Ok(exchanges)
}

/// What is said of a program that answers.
fn judged(setup: &Setup, program: &str, first: &Exchanges, second: &Exchanges) -> Fact {
    let control = &setup.config.control;
    let quantile = |q| Duration::from_nanos(first.latency.execution.value_at_quantile(q));
    let (median, most, period) = (quantile(0.5), quantile(0.99), control.period());
    let found = format!(
        "{program}: a period of {period:?} takes it {median:.0?} (median of {}), {most:.0?} (99 %)",
        first.latency.execution.len()
    );
    let start = control.start_posture.iter().zip(&first.readings[0]);
    let mut away = start.map(|(asked, at)| (at - asked).abs() > control.homing.position_tolerance);
    let differs = || first.readings.iter().zip(&second.readings).any(|(one, other)| one != other);
    let wrong = if let Some(joint) = away.position(|away| away) {
        let (name, asked, at) =
            (&setup.config.robot.joints[joint], control.start_posture[joint], first.readings[0][joint]);
        Some((Verdict::Poor, format!("after a reset joint {name} is at {at}, the posture asked for has it at {asked}")))
    } else if differs() {
        let what = "after the same reset the same efforts give other answers: runs cannot be made again with the same seed; \
                    draw what is random from the reset's numbers";
        Some((Verdict::Fair, what.into()))
    } else if most > period {
        let what = "fast enough to learn with; on the wall clock (--realtime, simulate) its answers are old";
        Some((Verdict::Fair, what.into()))
    } else {
        None
    };
    fact(NAME, found, wrong.as_ref().map(|(verdict, what)| (*verdict, what.as_str())))
}
