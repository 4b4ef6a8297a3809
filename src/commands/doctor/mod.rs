//! Checks the machine: its facts, and the loop's timing on it.

mod facts;
mod load;
mod measure;
mod simulator;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

pub use facts::{Fact, Verdict};
pub use measure::{Grade, Measured};

use crate::report::latency_histogram_svg;
use crate::storage::files::{Disk, Files};
use crate::supervisor::DaemonError;
use crate::supervisor::{ConfigSource, block_on};

/// Options of the check.
pub struct DoctorOptions {
    /// The configuration whose loop is measured.
    pub config: ConfigSource,
    /// Control period to measure, in place of the configuration's. A policy step stays as long.
    pub period: Option<Duration>,
    /// Duration of the measurement, half of it idle and half under load. Zero skips the
    /// measurement.
    pub time: Duration,
    /// The folder whose disk is checked.
    pub folder: PathBuf,
    /// Path of the histogram.
    pub picture: PathBuf,
}

/// Results of the check.
#[derive(Debug, Serialize)]
pub struct DoctorReport {
    /// Facts about the machine.
    pub facts: Vec<Fact>,
    /// Measurements of the loop: alone, and with every processor busy and the learner updating.
    pub measured: Vec<Measured>,
    /// Path of the histogram, if the loop was measured.
    pub picture: Option<PathBuf>,
}

/// Checks the machine.
///
/// # Errors
/// The configuration is refused, the loop does not start, or the histogram cannot be written.
pub fn doctor(options: &DoctorOptions) -> Result<DoctorReport, DaemonError> {
    let DoctorOptions { config, period, time, folder, picture } = options;
    let setup = config.load(|config| {
        if let Some(period) = period.map(|period| period.as_secs_f64()) {
            let control = &mut config.control;
            let step = control.period * control.decimation as f64;
            (control.period, control.decimation) = (period, (step / period).round() as usize);
        }
    })?;
    let mut facts = facts::facts(&setup.config.control.scheduling, folder);
    facts.push(facts::limits(setup.differences()));
    facts.extend(simulator::simulator(&setup)?);
    if time.is_zero() {
        return Ok(DoctorReport { facts, measured: Vec::new(), picture: None });
    }
    let half = *time / 2;
    let task = setup.task()?;
    let measured = block_on(async |interrupt| {
        let idle = measure::measure(&setup, &*task, "idle", half, &interrupt).await?;
        let load = load::Load::start(&setup, &*task, &interrupt).await?;
        let loaded = measure::measure(&setup, &*task, "loaded", half, &interrupt).await;
        drop(load);
        Ok(vec![idle, loaded?])
    })?;
    draw(picture, &measured)?;
    Ok(DoctorReport { facts, measured, picture: Some(picture.clone()) })
}

fn draw(path: &Path, measured: &[Measured]) -> Result<(), DaemonError> {
    let curves: Vec<_> = measured.iter().map(|measured| (measured.condition, measured.lateness())).collect();
    let picture = latency_histogram_svg("Release lateness of the control loop", &curves)?;
    Ok(Disk.create(path)?.write(picture.as_bytes())?)
}
