//! Importance weights of stored transitions (Akrour et al. 2018, section 4.1).
//!
//! The weight of a transition in the fit of step t is a ratio of densities of its (state, action):
//! under step t of the policy that is being improved, over the mixture of all stored steps and
//! iterations. The dynamics cancel. All densities are logarithms.

use super::density::{Density, log_sum_exp};
use super::store::{Origin, Stored};
use super::{MotoConfig, MotoError, Reuse};
use crate::batch::column;
use crate::quadratic::columns::{LANES, Lanes};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// A stored transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Index of the iteration in the store's order.
    pub entry: usize,
    pub step: usize,
    pub rollout: usize,
}

/// The transitions of one step's fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weighted {
    pub samples: Vec<Sample>,
    /// Weights, which sum to one.
    pub weights: Vec<f64>,
    /// `(sum w)^2 / sum w^2`.
    pub effective: f64,
}

/// Sums that an update adds to the store: (iteration, sums) for each entry.
pub(super) type NewSums = Vec<Vec<(u64, Vec<f64>)>>;

/// The weights of a step's samples, up to a factor.
type StepWeights<'a> = &'a (dyn Fn(usize, &[Sample]) -> Result<Vec<f64>, MotoError> + Sync);

/// The weights of every step (horizon) under the policy of the last entry, and the new density
/// sums. `None` at a step that has no transitions, because all rollouts were broken off before.
pub(super) fn weigh(entries: &[&Stored], config: &MotoConfig) -> Result<(Vec<Option<Weighted>>, NewSums), MotoError> {
    let newest = entries.len() - 1;
    let same_step = |weights: StepWeights<'_>| {
        let steps: Result<Vec<Option<Weighted>>, MotoError> = (0..entries[newest].horizon())
            .into_par_iter()
            .map(|t| {
                let of_entry = |(entry, stored): (usize, &&Stored)| acted(stored, entry, t).collect::<Vec<_>>();
                let samples: Vec<Sample> = entries.iter().enumerate().flat_map(of_entry).collect();
                if samples.is_empty() {
                    return Ok(None);
                }
                let weights = weights(t, &samples)?;
                Ok::<_, MotoError>(Some(Weighted::new(samples, weights, config.weight_cut)))
            })
            .collect();
        Ok((steps?, vec![Vec::new(); entries.len()]))
    };
    match config.reuse {
        Reuse::TimeAndIterations => all_steps(entries, config.weight_cut),
        Reuse::Iterations => same_step(&|t, samples| ratios(entries, t, samples)),
        Reuse::SameStepDecay => same_step(&|_, samples| {
            let weight = |sample: &Sample| config.sample_decay.powf((newest - sample.entry) as f64);
            Ok(samples.iter().map(weight).collect())
        }),
        Reuse::None => same_step(&|_, samples| Ok(vec![1.0; samples.len()])),
    }
}

/// The transitions of step `t` of an entry.
fn acted(stored: &Stored, entry: usize, t: usize) -> impl Iterator<Item = Sample> {
    stored.batch.that_acted(t).map(move |rollout| Sample { entry, step: t, rollout })
}

impl Weighted {
    /// Leaves out weights below the cut and normalises the other weights.
    fn new(samples: Vec<Sample>, weights: Vec<f64>, cut: f64) -> Self {
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let kept = samples.into_iter().zip(weights).filter(|(_, w)| *w > cut * largest);
        let (samples, mut weights): (Vec<_>, Vec<_>) = kept.unzip();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= total);
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        Self { samples, weights, effective }
    }
}

/// State and drawn action of up to `LANES` transitions of one entry; unused lanes repeat the last
/// transition.
fn gather(stored: &Stored, samples: &[Sample]) -> Vec<Lanes> {
    let (states, actions) = (&stored.batch.states, &stored.batch.actions);
    let mut points = vec![[0.0; LANES]; states[0].nrows() + actions[0].nrows()];
    for lane in 0..LANES {
        let Sample { step, rollout, .. } = samples[lane.min(samples.len() - 1)];
        let values = column(&states[step], rollout).iter().chain(column(&actions[step], rollout));
        points.iter_mut().zip(values).for_each(|(p, v)| p[lane] = *v);
    }
    points
}

/// Densities of all steps of an entry (horizon).
fn densities(stored: &Stored) -> Result<Vec<Density>, MotoError> {
    let Origin { policy, states } = stored.origin()?;
    let steps = states.iter().zip(&policy.steps).enumerate();
    steps.map(|(t, (states, law))| Density::new(states, law, t)).collect()
}

/// Weights `z_t^i / (1/J sum_j z_t^j)` of samples of one step, up to a factor.
fn ratios(entries: &[&Stored], t: usize, samples: &[Sample]) -> Result<Vec<f64>, MotoError> {
    let components: Result<Vec<_>, _> =
        entries.iter().map(|e| e.origin().and_then(|o| Density::new(&o.states[t], &o.policy.steps[t], t))).collect();
    let components = components?;
    let mut logs = Vec::new();
    for of_entry in samples.chunk_by(|a, b| a.entry == b.entry) {
        for some in of_entry.chunks(LANES) {
            let points = gather(entries[some[0].entry], some);
            let mixture = Mixture { groups: &[&components], points: &points };
            let (terms, all) = pulp::Arch::new().dispatch(mixture);
            let current = terms[terms.len() - 1];
            logs.extend((0..some.len()).map(|l| current[l] - all[0][l]));
        }
    }
    Ok(exponentials(logs))
}

/// Log densities of groups of components at some points: those of the last group, and the log-sum
/// of each group.
struct Mixture<'a> {
    groups: &'a [&'a [Density]],
    points: &'a [Lanes],
}

impl WithSimd for Mixture<'_> {
    type Output = (Vec<Lanes>, Vec<Lanes>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let mut centred = self.points.to_vec();
        let (mut terms, mut sums) = (Vec::new(), Vec::with_capacity(self.groups.len()));
        for group in self.groups {
            terms.resize(group.len(), [0.0; LANES]);
            for (component, term) in group.iter().zip(&mut terms) {
                component.log(simd, self.points, &mut centred, term);
            }
            sums.push(log_sum_exp(simd, &terms));
        }
        (terms, sums)
    }
}

/// `exp` of logarithms relative to the largest one.
fn exponentials(mut logs: Vec<f64>) -> Vec<f64> {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.iter_mut().for_each(|x| *x = (*x - largest).exp());
    logs
}

/// Consecutive transitions of one entry, evaluated together.
struct Block<'a> {
    samples: &'a [Sample],
    /// Log density at each step under the last entry (horizon).
    current: Vec<Lanes>,
    /// Log-sum over the steps for each entry without a stored sum (entry, sums).
    sums: Vec<(usize, Lanes)>,
    /// Log of the mixture of all stored steps and iterations, up to a constant.
    mixture: Lanes,
}

/// Weights across time steps and iterations.
fn all_steps(entries: &[&Stored], cut: f64) -> Result<(Vec<Option<Weighted>>, NewSums), MotoError> {
    let last = entries.len() - 1;
    // Components are needed for the last entry, and for every entry with a missing sum.
    let components: Result<Vec<Vec<Density>>, _> = (0..entries.len())
        .into_par_iter()
        .map(|j| {
            let missing = entries.iter().any(|e| e.log_sum(entries[j].id).is_none());
            if j == last || missing { densities(entries[j]) } else { Ok(Vec::new()) }
        })
        .collect();
    let components = components?;
    let of_entry = |(entry, stored): (usize, &&Stored)| {
        (0..stored.horizon()).flat_map(|t| acted(stored, entry, t)).collect::<Vec<_>>()
    };
    let samples: Vec<Vec<Sample>> = entries.iter().enumerate().map(of_entry).collect();
    let runs: Vec<(usize, &[Sample])> =
        samples.iter().flat_map(|samples| (0..).step_by(LANES).zip(samples.chunks(LANES))).collect();
    let blocks: Vec<Block<'_>> = runs
        .into_par_iter()
        .with_min_len(4)
        .map(|(first, samples)| evaluate(entries, &components, first, samples))
        .collect();
    let mut sums: NewSums = vec![Vec::new(); entries.len()];
    for block in &blocks {
        for (component, values) in &block.sums {
            let id = entries[*component].id;
            let entry = block.samples[0].entry;
            let of_entry = &mut sums[entry];
            let position = of_entry.iter().position(|(stored, _)| *stored == id).unwrap_or_else(|| {
                of_entry.push((id, Vec::with_capacity(entries[entry].batch.transitions())));
                of_entry.len() - 1
            });
            of_entry[position].1.extend(&values[..block.samples.len()]);
        }
    }
    let horizon = entries[last].horizon();
    let some = !blocks.is_empty();
    let steps = (0..horizon).into_par_iter().map(|t| some.then(|| select(&blocks, t, cut))).collect();
    Ok((steps, sums))
}

/// Evaluates the components on consecutive transitions of an entry, from its transition `first` on.
fn evaluate<'a>(entries: &[&Stored], components: &[Vec<Density>], first: usize, samples: &'a [Sample]) -> Block<'a> {
    let (stored, count) = (entries[samples[0].entry], samples.len());
    let points = gather(stored, samples);
    // The last entry is evaluated last. Its densities are needed step by step even if its sum is
    // known.
    let (known, mut missing): (Vec<usize>, Vec<usize>) =
        (0..entries.len()).partition(|&j| stored.log_sum(entries[j].id).is_some());
    let new = missing.len();
    if missing.last() != Some(&(entries.len() - 1)) {
        missing.push(entries.len() - 1);
    }
    let groups: Vec<&[Density]> = missing.iter().map(|&j| components[j].as_slice()).collect();
    let (current, sums) = pulp::Arch::new().dispatch(Mixture { groups: &groups, points: &points });
    let sums: Vec<(usize, Lanes)> = missing.into_iter().zip(sums).take(new).collect();
    let stored_sums = known.iter().filter_map(|&j| stored.log_sum(entries[j].id));
    let mut totals: Vec<Lanes> =
        stored_sums.map(|sums| std::array::from_fn(|l| sums[first + l.min(count - 1)])).collect();
    totals.extend(sums.iter().map(|(_, sum)| *sum));
    let mixture = log_sum_exp(pulp::Scalar, &totals);
    Block { samples, current, sums, mixture }
}

/// The weighted transitions of step `t`.
fn select(blocks: &[Block<'_>], t: usize, cut: f64) -> Weighted {
    let ratio = |block: &Block<'_>, lane: usize| block.current[t][lane] - block.mixture[lane];
    let mut largest = f64::NEG_INFINITY;
    for block in blocks {
        largest = (0..block.samples.len()).map(|l| ratio(block, l)).fold(largest, f64::max);
    }
    let negligible = cut.ln();
    let (mut samples, mut weights) = (Vec::new(), Vec::new());
    for block in blocks {
        for (l, sample) in block.samples.iter().enumerate() {
            let log = ratio(block, l) - largest;
            let weight = if log < negligible { 0.0 } else { log.exp() };
            if weight > cut {
                samples.push(*sample);
                weights.push(weight);
            }
        }
    }
    Weighted::new(samples, weights, cut)
}
