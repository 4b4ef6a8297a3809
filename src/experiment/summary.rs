//! Statistics over seeds.

use serde::Serialize;

use super::{ExperimentConfig, Measure, Record, Variant, VariantRecords};

/// Shares of a group's largest budget at which variants are compared.
const CHECKPOINTS: [f64; 4] = [0.25, 0.5, 0.75, 1.];

/// Summary of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the experiment.
    pub name: String,
    /// Summaries of the variants.
    pub variants: Vec<VariantSummary>,
}

/// Summary of a variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariantSummary {
    /// Label of the variant.
    pub label: String,
    /// Group of the variant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Number of seeds.
    pub seeds: usize,
    /// Number of seeds whose method broke down. Their last value counts from then on.
    pub failed: usize,
    /// Curves of the measures.
    pub measures: Vec<Curve>,
    /// Episodes to each threshold of the first measure.
    pub reached: Vec<Reached>,
    /// Mean wall-clock time per seed, s.
    pub seconds: f64,
}

/// A measure over the seeds, at several numbers of episodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The measure.
    pub measure: Measure,
    /// Statistics, by number of episodes.
    pub at: Vec<Statistics>,
}

/// Statistics of a measure over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Number of episodes. The last iteration complete by then that has a value counts.
    pub episodes: u64,
    /// Mean.
    pub mean: f64,
    /// Unbiased standard deviation. Zero for a single seed.
    pub deviation: f64,
    /// Median.
    pub median: f64,
    /// Value of the worst seed.
    pub worst: f64,
}

/// Episodes to a threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reached {
    /// Threshold of the first measure.
    pub threshold: f64,
    /// Episodes by seed. `None` if the seed did not reach the threshold.
    pub episodes: Vec<Option<u64>>,
    /// Number of seeds that reached the threshold.
    pub seeds: usize,
    /// Median over the seeds. A seed that did not reach the threshold counts as later than all
    /// others. `None` if the median is such a seed.
    pub median: Option<f64>,
    /// Episodes of the slowest seed. `None` if a seed did not reach the threshold.
    pub worst: Option<u64>,
}

/// Summarises what is finished of an experiment.
pub fn summarise(config: &ExperimentConfig, variants: &[VariantRecords<'_>]) -> Summary {
    let variants = variants.iter().map(|VariantRecords { variant, records: seeds, .. }| {
        let group = config.variants.iter().filter(|other| other.group == variant.group);
        let budget = group.map(Variant::episodes).max().unwrap_or(0);
        let checkpoints: Vec<u64> = CHECKPOINTS.iter().map(|share| (share * budget as f64).round() as u64).collect();
        let spent = |seed: &Vec<Record>| seed.iter().map(|record| record.seconds).sum::<f64>();
        VariantSummary {
            label: variant.label.clone(),
            group: variant.group.clone(),
            seeds: seeds.len(),
            failed: seeds.iter().filter(|seed| seed.len() < variant.iterations).count(),
            measures: config.measures.iter().map(|measure| curve(*measure, variant, seeds, &checkpoints)).collect(),
            reached: variant.thresholds.iter().map(|bar| reached(*bar, config.measures[0], seeds)).collect(),
            seconds: seeds.iter().map(spent).sum::<f64>() / seeds.len().max(1) as f64,
        }
    });
    Summary { name: config.name.clone(), variants: variants.collect() }
}

impl Summary {
    /// The statistics of all measures as CSV, with a line per variant, measure and number of
    /// episodes.
    ///
    /// # Errors
    /// If the statistics have no CSV form.
    pub fn csv(&self) -> Result<String, csv::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            group: &'a str,
            variant: &'a str,
            measure: Measure,
            episodes: u64,
            mean: f64,
            standard_deviation: f64,
            median: f64,
            worst: f64,
            seeds: usize,
            failed: usize,
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        for variant in &self.variants {
            for curve in &variant.measures {
                for at in &curve.at {
                    writer.serialize(Row {
                        group: &variant.group,
                        variant: &variant.label,
                        measure: curve.measure,
                        episodes: at.episodes,
                        mean: at.mean,
                        standard_deviation: at.deviation,
                        median: at.median,
                        worst: at.worst,
                        seeds: variant.seeds,
                        failed: variant.failed,
                    })?;
                }
            }
        }
        writer.flush()?;
        // The CSV text is valid UTF-8, so nothing is replaced.
        Ok(String::from_utf8_lossy(writer.get_ref()).into_owned())
    }
}

fn curve(measure: Measure, variant: &Variant, seeds: &[Vec<Record>], checkpoints: &[u64]) -> Curve {
    let rollouts = variant.rollouts as u64;
    let within = checkpoints.iter().filter(|e| (rollouts..variant.episodes() + rollouts).contains(e));
    let at = within.map(|episodes| {
        let newest =
            |seed: &Vec<Record>| measure.newest(&seed[..seed.partition_point(|record| record.episodes <= *episodes)]);
        // A seed without a value counts as worse than any other.
        let value = |seed| newest(seed).filter(|value| !value.is_nan()).unwrap_or(f64::NEG_INFINITY);
        Statistics::new(*episodes, seeds.iter().map(value).collect())
    });
    Curve { measure, at: at.collect() }
}

impl Statistics {
    fn new(episodes: u64, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.).max(1.);
        let worst = values.first().copied().unwrap_or(f64::NAN);
        Self { episodes, mean, deviation: variance.sqrt(), median: median(&values), worst }
    }
}

/// Median of sorted values. NaN if there are none.
fn median(sorted: &[f64]) -> f64 {
    let upper = sorted.len() / 2;
    match sorted {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 || sorted[upper - 1] == sorted[upper] => sorted[upper],
        _ => 0.5 * (sorted[upper - 1] + sorted[upper]),
    }
}

fn reached(threshold: f64, measure: Measure, seeds: &[Vec<Record>]) -> Reached {
    let first = |seed: &Vec<Record>| seed.iter().find(|r| measure.of(r) >= Some(threshold)).map(|r| r.episodes);
    let episodes: Vec<Option<u64>> = seeds.iter().map(first).collect();
    let mut sorted: Vec<f64> = episodes.iter().map(|e| e.map_or(f64::INFINITY, |e| e as f64)).collect();
    sorted.sort_by(f64::total_cmp);
    let worst = episodes.iter().copied().collect::<Option<Vec<u64>>>().and_then(|all| all.into_iter().max());
    Reached {
        threshold,
        seeds: episodes.iter().flatten().count(),
        median: Some(median(&sorted)).filter(|m| m.is_finite()),
        worst,
        episodes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(returns: &[f64]) -> Vec<Record> {
        let record = |(i, value): (usize, &f64)| Record {
            iteration: i as u64 + 1,
            episodes: 20 * (i as u64 + 1),
            mean_action_return: Some(*value),
            ..Record::default()
        };
        returns.iter().enumerate().map(record).collect()
    }

    #[test]
    fn a_threshold_is_reached_by_the_median_seed() {
        let seeds = [seed(&[-5., -0.5, -2.]), seed(&[-5., -3., -1.]), seed(&[-5., -4., -3.])];
        let found = reached(-1., Measure::MeanAction, &seeds);
        assert_eq!(found.episodes, [Some(40), Some(60), None]);
        assert_eq!((found.median, found.worst, found.seeds), (Some(60.), None, 2));
        assert_eq!(reached(-1., Measure::MeanAction, &seeds[1..]).median, None);
        assert_eq!(reached(-4., Measure::MeanAction, &seeds[..2]).worst, Some(40));
    }

    #[test]
    fn where_it_was_not_judged_the_value_before_counts() {
        let config = (crate::experiment::catalogue::find("4a").unwrap().config)();
        let variant = Variant { rollouts: 20, iterations: 3, ..config.variants[0].clone() };
        let mut records = seed(&[-5., -4., -3.]);
        (records[1].mean_action_return, records[2].mean_action_return) = (None, None);
        let found = curve(Measure::MeanAction, &variant, &[records.clone()], &[20, 60]);
        assert_eq!(found.at.iter().map(|at| at.mean).collect::<Vec<_>>(), [-5., -5.]);
        assert_eq!(reached(-4.5, Measure::MeanAction, &[records]).episodes, [None]);
    }

    #[test]
    fn statistics_over_seeds() {
        let statistics = Statistics::new(20, vec![-3., -1., -8., -2.]);
        assert_eq!((statistics.mean, statistics.median, statistics.worst), (-3.5, -2.5, -8.));
        assert!((statistics.deviation - (29f64 / 3.).sqrt()).abs() < 1e-12);
        let failed = Statistics::new(20, vec![-3., f64::NEG_INFINITY, -1.]);
        assert_eq!((failed.mean, failed.median, failed.worst), (f64::NEG_INFINITY, -3., f64::NEG_INFINITY));
    }
}
