//! The Gaussian mixture over transitions (Levine and Abbeel 2014, section 4.1), by expectation maximisation.

use super::gaussians::Gaussian;
use super::kmeans;
use super::{MixtureConfig, NormalInverseWishart};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// Points an expectation step takes at a time.
const CHUNK: usize = 256;
/// Rise of the mean log likelihood, nats per point, below which expectation maximisation ends.
const CONVERGED: f64 = 1e-4;

/// A Gaussian mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Share of each cluster, summing to 1 (cluster).
    pub shares: Vec<f64>,
    /// Mean of each cluster (dim).
    pub means: Vec<DVector<f64>>,
    /// Covariance of each cluster (dim x dim), positive definite.
    pub covariances: Vec<DMatrix<f64>>,
}

impl Mixture {
    /// Fits a mixture to `points` (dim x point); `diagonal` (dim, > 0) is added to the variances of every cluster, and its
    /// square root is the unit in which distances between points are first measured. `seed` adds to the configured one.
    ///
    /// `None` if a covariance is not positive definite.
    pub fn fit(points: &DMatrix<f64>, config: &MixtureConfig, diagonal: &DVector<f64>, seed: u64) -> Option<Self> {
        let count = points.ncols();
        let most = (count / config.cluster_size).clamp(1, config.clusters);
        let mut scaled = points.clone();
        for (mut row, variance) in scaled.row_iter_mut().zip(diagonal.iter()) {
            row /= variance.sqrt();
        }
        let labels = kmeans::clusters(&scaled, most, config.seed.wrapping_add(seed));
        let mut weights = DMatrix::zeros(count, labels.iter().max()? + 1);
        for (i, &label) in labels.iter().enumerate() {
            weights[(i, label)] = 1.0;
        }
        let mut likelihood = f64::NEG_INFINITY;
        let mut mixture = Self::maximised(points, &weights, diagonal);
        for _ in 0..config.passes {
            let logs = mixture.log_responsibilities(points)?;
            let mean = logs.iter().map(|(_, total)| total).sum::<f64>() / count as f64;
            if mean < likelihood + CONVERGED {
                break;
            }
            likelihood = mean;
            for (i, (responsibilities, _)) in logs.into_iter().enumerate() {
                weights.row_mut(i).copy_from_slice(&responsibilities);
            }
            mixture = Self::maximised(points, &weights, diagonal);
        }
        Some(mixture)
    }

    /// The maximisation step; `weights` is point x cluster. A cluster nothing belongs to is left out.
    fn maximised(points: &DMatrix<f64>, weights: &DMatrix<f64>, diagonal: &DVector<f64>) -> Self {
        let cluster = |k: usize| {
            let weight = weights.column(k);
            let mass = weight.sum();
            let mean = points * weight / mass;
            let mut centred = points.clone();
            centred.column_iter_mut().for_each(|mut column| column -= &mean);
            let mut weighted = centred.clone();
            weighted.column_iter_mut().zip(weight.iter()).for_each(|(mut column, w)| column *= w / mass);
            let mut covariance = DMatrix::from_diagonal(diagonal);
            covariance.gemm(1.0, &weighted, &centred.transpose(), 1.0);
            let transposed = covariance.transpose();
            (mass / points.ncols() as f64, mean, (covariance + transposed) * 0.5)
        };
        let kept = (0..weights.ncols()).filter(|&k| weights.column(k).sum() > 1e-6);
        let kept: Vec<usize> = kept.collect();
        let clusters: Vec<_> = kept.into_par_iter().map(cluster).collect();
        let (mut shares, mut means, mut covariances) = (Vec::new(), Vec::new(), Vec::new());
        for (share, mean, covariance) in clusters {
            shares.push(share);
            means.push(mean);
            covariances.push(covariance);
        }
        Self { shares, means, covariances }
    }

    /// The probability of each cluster at each point (dim x point), and the point's log density (less the dimension's
    /// constant).
    fn log_responsibilities(&self, points: &DMatrix<f64>) -> Option<Vec<(Vec<f64>, f64)>> {
        let gaussians = self.means.iter().zip(&self.covariances).map(|(m, c)| Gaussian::new(m, c));
        let gaussians: Vec<Gaussian> = gaussians.collect::<Option<_>>()?;
        let chunk = |first: usize| {
            let points = points.columns(first, CHUNK.min(points.ncols() - first)).into_owned();
            let logs: Vec<Vec<f64>> = gaussians.iter().map(|g| g.log_densities(&points)).collect();
            let point = |i: usize| {
                let mut terms: Vec<f64> =
                    logs.iter().zip(&self.shares).map(|(log, share)| log[i] + share.ln()).collect();
                let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total = largest + terms.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
                terms.iter_mut().for_each(|x| *x = (*x - total).exp());
                (terms, total)
            };
            (0..points.ncols()).map(point).collect::<Vec<_>>()
        };
        let firsts: Vec<usize> = (0..points.ncols()).step_by(CHUNK).collect();
        Some(firsts.into_par_iter().map(chunk).collect::<Vec<_>>().concat())
    }

    /// Mean probability of each cluster over `points` (dim x point).
    pub fn responsibilities(&self, points: &DMatrix<f64>) -> Option<Vec<f64>> {
        let all = self.log_responsibilities(points)?;
        let mut mean = vec![0.0; self.shares.len()];
        for (responsibilities, _) in &all {
            mean.iter_mut().zip(responsibilities).for_each(|(m, r)| *m += r / all.len() as f64);
        }
        Some(mean)
    }

    /// The prior of a step with these transitions (dim x rollout): the moments of the mixture with the clusters' shares
    /// replaced by their mean probabilities there, counting `strength` rollouts.
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
