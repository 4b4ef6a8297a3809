//! The Gaussian mixture on known mixtures.

use crate::gps::{Mixture, MixtureConfig};
use crate::moto::tests::Random;
use nalgebra::{DMatrix, DVector};

/// Points of three well separated Gaussians with shares 1/2, 1/4, 1/4, in no order.
fn known(random: &mut Random, count: usize) -> (Vec<DVector<f64>>, Vec<DMatrix<f64>>, DMatrix<f64>) {
    let dim = 3;
    let means: Vec<DVector<f64>> =
        [[-6., 0., 0.], [5., 5., 0.], [4., -6., 1.]].map(|m| DVector::from_row_slice(&m)).into();
    let roots: Vec<DMatrix<f64>> = (0..3).map(|_| random.matrix(dim, dim) * 0.5).collect();
    let mut points = DMatrix::zeros(dim, count);
    for (i, mut point) in points.column_iter_mut().enumerate() {
        let cluster = [0, 1, 0, 2][i % 4];
        point.copy_from(&(&means[cluster] + &roots[cluster] * random.vector(dim)));
    }
    (means, roots.iter().map(|r| r * r.transpose()).collect(), points)
}

fn config(clusters: usize) -> MixtureConfig {
    MixtureConfig { clusters, passes: 50, ..MixtureConfig::default() }
}

#[test]
fn finds_the_clusters_of_a_known_mixture() {
    let mut random = Random::new(5);
    let (means, covariances, points) = known(&mut random, 8000);
    let diagonal = DVector::from_element(3, 1e-6);
    for seed in 0..5 {
        let mixture = Mixture::fit(&points, &config(3), &diagonal, seed).unwrap();
        assert_eq!(mixture.means.len(), 3);
        for (k, (mean, covariance)) in means.iter().zip(&covariances).enumerate() {
            let nearest = |a: &usize, b: &usize| {
                (&mixture.means[*a] - mean).norm().total_cmp(&(&mixture.means[*b] - mean).norm())
            };
            let found = (0..3).min_by(nearest).unwrap();
            assert!((&mixture.means[found] - mean).amax() < 0.1, "seed {seed}, mean of cluster {k}");
            assert!((&mixture.covariances[found] - covariance).amax() < 0.15, "seed {seed}, covariance of cluster {k}");
            assert!((mixture.shares[found] - [0.5, 0.25, 0.25][k]).abs() < 0.01, "seed {seed}, share of cluster {k}");
        }
    }
}

#[test]
fn the_prior_at_points_of_one_cluster_has_its_moments() {
    let mut random = Random::new(6);
    let (_, _, points) = known(&mut random, 4000);
    let mixture = Mixture::fit(&points, &config(3), &DVector::from_element(3, 1e-6), 0).unwrap();
    // Every fourth point belongs to the second Gaussian.
    let indices: Vec<usize> = (0..40).map(|i| 4 * i + 1).collect();
    let prior = mixture.prior(&points.select_columns(&indices), 2.5).unwrap();
    let distance = |k: &usize| (&mixture.means[*k] - DVector::from_row_slice(&[5., 5., 0.])).norm();
    let cluster = (0..3).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
    assert!((&prior.mean - &mixture.means[cluster]).amax() < 1e-3);
    assert!((&prior.scatter - &mixture.covariances[cluster] * 2.5).amax() < 1e-2);
    assert_eq!((prior.mean_count, prior.scatter_count), (2.5, 2.5));
}

#[test]
fn the_prior_where_all_clusters_meet_has_the_moments_of_the_mixture() {
    let mut random = Random::new(7);
    let (_, _, points) = known(&mut random, 4000);
    let mixture = Mixture::fit(&points, &config(3), &DVector::from_element(3, 1e-6), 0).unwrap();
    let prior = mixture.prior(&points, 1.0).unwrap();
    // At a maximum of the likelihood the mixture's moments equal the moments of the points.
    let mut centred = points.clone();
    let mean = points.column_mean();
    centred.column_iter_mut().for_each(|mut column| column -= &mean);
    let covariance = &centred * centred.transpose() / points.ncols() as f64;
    assert!((prior.mean - mean).amax() < 1e-3);
    assert!((prior.scatter - covariance).amax() < 1e-2);
}

#[test]
fn degenerate_points_give_fewer_clusters() {
    let points = DMatrix::from_fn(2, 400, |i, j| (i + j % 2) as f64);
    let mixture = Mixture::fit(&points, &config(8), &DVector::from_element(2, 1e-4), 0).unwrap();
    assert_eq!(mixture.means.len(), 2);
    assert!((mixture.shares[0] - 0.5).abs() < 1e-9);
}

#[test]
fn same_bits_at_any_number_of_threads() {
    let mut random = Random::new(8);
    let (_, _, points) = known(&mut random, 3000);
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Mixture::fit(&points, &config(12), &DVector::from_element(3, 1e-6), 3).unwrap())
    };
    let alone = fit(1);
    assert_eq!(alone, fit(2));
    assert_eq!(alone, fit(7));
}
