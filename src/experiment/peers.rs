//! Curves of learners outside this program, kept as CSV and drawn beside an experiment's own.
//!
//! The columns are `experiment`, `label`, `seed`, `episodes` and `rollouts_return`, the mean return
//! of the episodes since the row before, exploration included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::ExperimentError;
use crate::report::ComparisonCurve;
use crate::storage::files::{Disk, Files};

/// A line of the file.
#[derive(Deserialize)]
struct Row {
    experiment: String,
    label: String,
    seed: u64,
    episodes: u64,
    rollouts_return: f64,
}

/// Returns of a curve, by number of episodes and seed.
type Points = BTreeMap<u64, BTreeMap<u64, f64>>;

/// The outside curves of an experiment: mean and band over seeds, as of our own. `first_color` is
/// the first that no curve has.
///
/// # Errors
/// [`ExperimentError::Peers`] if the file is damaged or has no curve of this experiment.
pub fn read(path: &Path, experiment: &str, first_color: usize) -> Result<Vec<ComparisonCurve>, ExperimentError> {
    let wrong = |what: String| ExperimentError::Peers { path: path.into(), what };
    let bytes = Disk.read(path)?;
    let rows: Result<Vec<Row>, csv::Error> = csv::Reader::from_reader(&bytes[..]).deserialize().collect();
    let rows = rows.map_err(|error| wrong(error.to_string()))?;
    let mut curves = BTreeMap::<String, Points>::new();
    for row in rows.into_iter().filter(|row| row.experiment == experiment) {
        curves.entry(row.label).or_default().entry(row.episodes).or_default().insert(row.seed, row.rollouts_return);
    }
    if curves.is_empty() {
        return Err(wrong(format!("no line of experiment {experiment:?}")));
    }
    let curve = |(color, (label, points)): (usize, (String, Points))| {
        let seeds: BTreeSet<u64> = points.values().flat_map(BTreeMap::keys).copied().collect();
        let of = |seed: &u64| points.values().map(|at| at.get(seed).copied().unwrap_or(f64::NAN)).collect();
        ComparisonCurve {
            label,
            color: first_color + color,
            dashed: true,
            episodes: points.keys().map(|episodes| *episodes as f64).collect(),
            values: seeds.iter().map(of).collect(),
        }
    };
    Ok(curves.into_iter().enumerate().map(curve).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_of_an_experiment_are_read_by_label_and_seed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("peers.csv");
        let text = "experiment,label,seed,episodes,rollouts_return\n4a,SAC,1,50,-9\n4a,SAC,1,100,-5\n4a,SAC,2,50,-8\n4b,SAC,1,50,-7\n";
        std::fs::write(&path, text).unwrap();
        let curves = read(&path, "4a", 4).unwrap();
        assert_eq!(curves.len(), 1);
        assert_eq!((&*curves[0].label, curves[0].color, curves[0].dashed), ("SAC", 4, true));
        assert_eq!(curves[0].episodes, [50., 100.]);
        assert_eq!(curves[0].values[0], [-9., -5.]);
        assert!(curves[0].values[1][0] == -8. && curves[0].values[1][1].is_nan());
        let refused = |name: &str| read(&path, name, 0).unwrap_err().to_string();
        assert!(refused("3a").contains("peers.csv: no line of experiment \"3a\""));
        std::fs::write(&path, "experiment,label,seed,episodes\n4a,SAC,1,50\n").unwrap();
        assert!(refused("4a").contains("rollouts_return"), "{}", refused("4a"));
    }
}
