//! The Gaussian mixture over transitions (Levine and Abbeel 2014, section 4.1), by expectation
//! maximisation.

use super::gaussians::Gaussian;
use super::kmeans;
use super::{MixtureConfig, NormalInverseWishart};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// Points per block of an expectation step.
const CHUNK: usize = 256;
/// Rise of the mean log likelihood, nats per point, below which expectation maximisation ends.
const CONVERGED: f64 = 1e-4;

/// Probability below which a point is left out of a cluster's moments.
const NEGLIGIBLE: f64 = 1e-10;

/// A Gaussian mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Share of each cluster (cluster). The shares sum to 1.
    pub shares: Vec<f64>,
    /// Mean of each cluster (dim).
    pub means: Vec<DVector<f64>>,
    /// Covariance of each cluster (dim x dim), positive definite.
    pub covariances: Vec<DMatrix<f64>>,
}

impl Mixture {
    /// Fits a mixture to `points` (dim x point). `diagonal` (dim, > 0) is added to the variances of
    /// every cluster, and its square root is the first unit of distance between points. `seed` is
    /// added to the configured seed.
    ///
    /// `None` if a covariance is not positive definite or a density is not finite.
    pub fn fit(points: &DMatrix<f64>, config: &MixtureConfig, diagonal: &DVector<f64>, seed: u64) -> Option<Self> {
        let count = points.ncols();
        let most = (count / config.cluster_size).clamp(1, config.clusters);
        let mut scaled = points.clone();
        for (mut row, variance) in scaled.row_iter_mut().zip(diagonal.iter()) {
            row /= variance.sqrt();
        }
        let labels = kmeans::clusters(&scaled, most, config.seed.wrapping_add(seed));
        let mut responsibilities = DMatrix::zeros(labels.iter().max()? + 1, count);
        for (i, &label) in labels.iter().enumerate() {
            responsibilities[(label, i)] = 1.0;
        }
        let mut likelihood = f64::NEG_INFINITY;
        let mut mixture = Self::maximised(points, &responsibilities, diagonal);
        for _ in 0..config.passes {
            let mean;
            (responsibilities, mean) = mixture.expected(points)?;
            if !mean.is_finite() {
                return None;
            }
            if mean < likelihood + CONVERGED {
                break;
            }
            likelihood = mean;
            mixture = Self::maximised(points, &responsibilities, diagonal);
        }
        Some(mixture)
    }

    /// The maximisation step, given each cluster's probability at each point (cluster x point). A
    /// cluster without points is left out.
    fn maximised(points: &DMatrix<f64>, responsibilities: &DMatrix<f64>, diagonal: &DVector<f64>) -> Self {
        let cluster = |k: usize| {
            let row = responsibilities.row(k);
            let (members, weights): (Vec<usize>, Vec<f64>) =
                row.iter().copied().enumerate().filter(|(_, r)| *r > NEGLIGIBLE).unzip();
            let mass: f64 = weights.iter().sum();
            if mass == 0.0 {
                return None;
            }
            let mut members = points.select_columns(&members);
            let weights = DVector::from_vec(weights) / mass;
            let mean = &members * &weights;
            members.column_iter_mut().zip(&weights).for_each(|(mut column, weight)| {
                column -= &mean;
                column *= weight.sqrt();
            });
            let mut covariance = DMatrix::from_diagonal(diagonal);
            covariance.gemm(1.0, &members, &members.transpose(), 1.0);
            let transposed = covariance.transpose();
            Some((mass, (mean, (covariance + transposed) * 0.5)))
        };
        let clusters = (0..responsibilities.nrows()).into_par_iter().map(cluster).collect::<Vec<_>>();
        let (masses, (means, covariances)): (Vec<f64>, (Vec<_>, Vec<_>)) = clusters.into_iter().flatten().unzip();
        let total: f64 = masses.iter().sum();
        Self { shares: masses.iter().map(|mass| mass / total).collect(), means, covariances }
    }

    /// The expectation step: the probability of each cluster at each point (cluster x point), and
    /// the mean log density of the points without the dimension's constant. `None` if a covariance
    /// is not positive definite.
    fn expected(&self, points: &DMatrix<f64>) -> Option<(DMatrix<f64>, f64)> {
        let gaussians = self.means.iter().zip(&self.covariances).map(|(m, c)| Gaussian::new(m, c));
        let gaussians: Vec<Gaussian> = gaussians.collect::<Option<_>>()?;
        let count = points.ncols();
        let mut all = DMatrix::zeros(self.shares.len(), count);
        let chunks = all.as_mut_slice().par_chunks_mut(CHUNK * self.shares.len()).enumerate();
        let totals: Vec<f64> = chunks
            .map(|(chunk, terms)| {
                let first = chunk * CHUNK;
                let points = points.columns(first, CHUNK.min(count - first)).into_owned();
                for (k, (gaussian, share)) in gaussians.iter().zip(&self.shares).enumerate() {
                    let logs = gaussian.log_densities(&points);
                    let terms = terms.iter_mut().skip(k).step_by(gaussians.len());
                    terms.zip(logs).for_each(|(term, log)| *term = log + share.ln());
                }
                terms.chunks_exact_mut(gaussians.len()).map(normalised).sum()
            })
            .collect();
        Some((all, totals.iter().sum::<f64>() / count as f64))
    }

    /// Mean probability of each cluster over `points` (dim x point).
    fn responsibilities(&self, points: &DMatrix<f64>) -> Option<Vec<f64>> {
        let (all, _) = self.expected(points)?;
        Some(all.column_mean().as_slice().to_vec())
    }

    /// The prior of a step with these transitions (dim x rollout). Its moments are those of the
    /// mixture, with the mean probability of each cluster at the transitions as its share. The
    /// prior counts `strength` rollouts.
    pub fn prior(&self, transitions: &DMatrix<f64>, strength: f64) -> Option<NormalInverseWishart> {
        let shares = self.responsibilities(transitions)?;
        let mean = shares.iter().zip(&self.means).fold(DVector::zeros(transitions.nrows()), |sum, (w, m)| sum + m * *w);
        let mut scatter = DMatrix::zeros(mean.len(), mean.len());
        for ((share, centre), covariance) in shares.iter().zip(&self.means).zip(&self.covariances) {
            let shift = centre - &mean;
            scatter += covariance * (share * strength);
            scatter.ger(share * strength, &shift, &shift, 1.0);
        }
        Some(NormalInverseWishart { mean, scatter, mean_count: strength, scatter_count: strength })
    }
}

/// Turns logarithms into shares of their sum. Returns the logarithm of the sum.
fn normalised(terms: &mut [f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = largest + terms.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
    terms.iter_mut().for_each(|x| *x = (*x - total).exp());
    total
}
