//! Writes the summary and the figures of what is finished of an experiment to its folder.

use std::path::{Path, PathBuf};

use super::rollouts::OnTheLoop;
use super::summary::{Summary, summarise};
use super::table;
use super::{Collected, ExperimentConfig, ExperimentError, Folder, Measure, Record, TaskConfig, VariantRecords, peers};
use crate::report::page::{ExperimentPage, PAGE_FILE, PageData, PagePanel, page};
use crate::report::{ComparisonCurve, ComparisonPanel, SwingMotion, comparison_svg, motion_svg};
use crate::storage::files::{Disk, Files};

/// Writes `summary.csv`, `summary.json`, `figure.svg`, `report.html` and, if seeds kept a motion, `motion.svg`.
/// If seeds are missing or damaged, the titles say of how many seeds they are. The curves of the file `peers` are drawn among the returns with
/// exploration.
///
/// # Errors
/// A file operation fails, the peers cannot be read, or a figure cannot be drawn.
pub fn publish(
    config: &ExperimentConfig,
    collected: &Collected<'_>,
    folder: &Folder,
    peers: Option<&Path>,
) -> Result<Summary, ExperimentError> {
    let _held = folder.shared_files()?;
    let Collected { variants, .. } = collected;
    let (finished, all) = (collected.finished(), collected.all());
    let seeds = if finished == all { String::new() } else { format!(" ({finished} of {all} seeds)") };
    let title = format!("{}{seeds}", config.title);
    let summary = summarise(config, variants);
    let failed = |name: &str, what: &dyn std::fmt::Display| ExperimentError::Unwritable {
        path: folder.path().join(name),
        what: what.to_string(),
    };
    let json = serde_json::to_string_pretty(&summary).map_err(|e| failed("summary.json", &e))?;
    folder.write("summary.json", &json)?;
    folder.write("summary.csv", &summary.csv().map_err(|e| failed("summary.csv", &e))?)?;
    let mut panels = panels(&config.measures, variants);
    if let Some(path) = peers {
        let outside = peers::read(path, &config.name, config.variants.len())?;
        let returns = panels.iter_mut().filter(|panel| panel.value == Measure::Rollouts.title());
        returns.for_each(|panel| panel.curves.extend(outside.clone()));
    }
    folder.write("figure.svg", &comparison_svg(&title, &panels)?)?;
    let motions = motions(variants, folder)?;
    let mut pictures = String::new();
    if !motions.is_empty() {
        pictures = motion_svg(&format!("{title}: mean action of the median seed"), &motions)?;
        folder.write("motion.svg", &pictures)?;
    }
    let data = ExperimentPage {
        title,
        command_line: std::env::args().collect(),
        config: serde_saphyr::to_string(config).map_err(|e| failed("config.yaml", &e))?,
        table: table(&summary),
        panels: panels.iter().map(PagePanel::from).collect(),
        motions: pictures,
    };
    folder.write(PAGE_FILE, &page(&PageData::Experiment(&data)).map_err(|e| failed(PAGE_FILE, &e))?)?;
    Ok(summary)
}

/// A panel per group and measure.
fn panels(measures: &[Measure], variants: &[VariantRecords<'_>]) -> Vec<ComparisonPanel> {
    let mut groups: Vec<&str> = variants.iter().map(|v| v.variant.group.as_str()).collect();
    groups.dedup();
    let panel = |group: &str, measure: Measure| {
        let members: Vec<_> = variants.iter().filter(|v| v.variant.group == group).collect();
        let curves = members.iter().enumerate().map(|(color, variant)| curve(measure, variant, color));
        let (title, value) = (group.into(), measure.title().into());
        ComparisonPanel { title, value, across: episodes(&members), curves: curves.collect() }
    };
    groups.iter().flat_map(|group| measures.iter().map(|measure| panel(group, *measure))).collect()
}

/// What the horizontal axis counts: episodes, of so many steps and seconds on the robot if all variants have the same.
fn episodes(variants: &[&VariantRecords<'_>]) -> String {
    let mut lengths = variants.iter().map(|variant| match &variant.variant.task {
        TaskConfig::SwingUp(task) => Some((task.horizon, task.step * task.horizon as f64)),
        task => OnTheLoop::length(task).ok(),
    });
    let first = lengths.next().flatten();
    match first.filter(|_| lengths.all(|length| length == first)) {
        Some((steps, seconds)) => {
            format!("episodes of {steps} steps, {} s on the robot", (seconds * 1e3).round() / 1e3)
        }
        None => "episodes".into(),
    }
}

/// Values of a variant. A seed that broke down keeps its last value; iterations without one keep the
/// value before.
fn curve(measure: Measure, of: &VariantRecords<'_>, color: usize) -> ComparisonCurve {
    let VariantRecords { variant, records, .. } = of;
    let values = |seed: &Vec<Record>| {
        let mut newest = f64::NAN;
        let value = |i: usize| {
            newest = seed.get(i).and_then(|record| measure.of(record)).unwrap_or(newest);
            newest
        };
        (0..variant.iterations).map(value).collect()
    };
    ComparisonCurve {
        label: variant.label.clone(),
        color,
        dashed: false,
        episodes: (1..=variant.iterations).map(|i| (i * variant.rollouts) as f64).collect(),
        values: records.iter().map(values).collect(),
    }
}

/// The motion of each variant's median seed, ranked by the last return of its mean action. Variants
/// without motions are left out.
fn motions(variants: &[VariantRecords<'_>], folder: &Folder) -> Result<Vec<(String, SwingMotion)>, ExperimentError> {
    let mut motions = Vec::new();
    for VariantRecords { variant, seeds, records } in variants {
        let last = |seed| Measure::MeanAction.newest(seed).unwrap_or(f64::NEG_INFINITY);
        let mut ranked: Vec<(f64, u64)> =
            seeds.iter().zip(records).map(|(number, seed)| (last(seed), *number)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((value, seed)) = ranked.get(ranked.len() / 2) else { continue };
        let path: PathBuf = folder.attachment(variant, *seed, SwingMotion::ENDING);
        if Disk.exists(&path)? {
            let motion = serde_json::from_slice(&Disk.read(&path)?);
            let records = folder.records(variant, *seed);
            let motion = motion.map_err(|e| ExperimentError::Attachment { path, what: e.to_string(), records })?;
            let group = if variant.group.is_empty() { String::new() } else { format!("{}, ", variant.group) };
            motions.push((format!("{group}{} (return {value:.2})", variant.label), motion));
        }
    }
    Ok(motions)
}
