//! First centres of the mixture: k-means++ (Arthur and Vassilvitskii 2007), then some of Lloyd's
//! passes.

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const PASSES: usize = 8;

/// Assigns each point (dim x point) to one of at most `clusters` clusters. A cluster may be empty.
pub fn clusters(points: &DMatrix<f64>, clusters: usize, seed: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let count = points.ncols();
    let mut centres = points.columns(random.random_range(0..count), 1).into_owned();
    let mut nearest = vec![(0, f64::INFINITY); count];
    loop {
        let newest = centres.ncols() - 1;
        nearest.par_iter_mut().enumerate().with_min_len(256).for_each(|(i, nearest)| {
            let distance = distance(points, i, &centres, newest);
            if distance < nearest.1 {
                *nearest = (newest, distance);
            }
        });
        if centres.ncols() == clusters {
            break;
        }
        let total: f64 = nearest.iter().map(|(_, distance)| distance).sum();
        let mut left = random.random::<f64>() * total;
        let chosen = nearest.iter().position(|(_, distance)| {
            left -= distance;
            left < 0.0
        });
        // If every point coincides with a centre, there are no more clusters.
        let Some(chosen) = chosen else { break };
        centres = centres.insert_column(newest + 1, 0.0);
        centres.set_column(newest + 1, &points.column(chosen));
    }
    let mut labels: Vec<usize> = nearest.into_iter().map(|(cluster, _)| cluster).collect();
    for _ in 0..PASSES {
        move_centres(&mut centres, points, &labels);
        let next: Vec<usize> =
            (0..count).into_par_iter().with_min_len(256).map(|i| closest(points, i, &centres)).collect();
        if next == labels {
            break;
        }
        labels = next;
    }
    labels
}

/// Moves each centre to the mean of its points; a centre without points stays.
fn move_centres(centres: &mut DMatrix<f64>, points: &DMatrix<f64>, labels: &[usize]) {
    let mut sums = DMatrix::<f64>::zeros(centres.nrows(), centres.ncols());
    let mut counts = vec![0.0; centres.ncols()];
    for (point, &label) in points.column_iter().zip(labels) {
        let mut sum = sums.column_mut(label);
        sum += point;
        counts[label] += 1.0;
    }
    for (k, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        centres.set_column(k, &(sums.column(k) / count));
    }
}

fn closest(points: &DMatrix<f64>, point: usize, centres: &DMatrix<f64>) -> usize {
    let distances = (0..centres.ncols()).map(|k| (k, distance(points, point, centres, k)));
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(k, _)| k)
}

/// Squared Euclidean distance.
fn distance(points: &DMatrix<f64>, point: usize, centres: &DMatrix<f64>, centre: usize) -> f64 {
    points.column(point).iter().zip(centres.column(centre).iter()).map(|(x, c)| (x - c) * (x - c)).sum()
}
