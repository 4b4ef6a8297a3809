use super::Random;
use crate::moto::band::{Band, WIDTH};
use faer::Mat;
use nalgebra::{DMatrix, DVector};

#[test]
fn the_reduction_is_orthogonal_and_banded() {
    let random = &mut Random::new(1);
    for order in [1, 2, WIDTH - 1, WIDTH, WIDTH + 1, WIDTH + 2, 2 * WIDTH, 2 * WIDTH + 1, 27, 63, 65, 130, 201] {
        // Full rank, low rank, and zero, where the reflectors' columns vanish.
        for rank in [order, order.div_ceil(3), 0] {
            let features = random.matrix(order, rank);
            let matrix = &features * features.transpose();
            let mut lower = Mat::zeros(order, order);
            for j in 0..order {
                (0..order).for_each(|i| lower[(i, j)] = if i < j { f64::NAN } else { matrix[(i, j)] });
            }
            let band = Band::reduce(&mut lower.clone());
            let banded = DMatrix::from_fn(order, order, |i, j| {
                let (row, distance) = (i.max(j), i.abs_diff(j));
                if distance <= WIDTH { band.rows[row][distance] } else { 0.0 }
            });
            let mut basis = DMatrix::identity(order, order);
            for mut column in basis.column_iter_mut() {
                band.rotate_back(column.as_mut_slice());
            }
            let identity = DMatrix::identity(order, order);
            assert!((basis.transpose() * &basis - identity).norm() < 1e-12 * order as f64, "order {order}");
            let rebuilt = &basis * banded * basis.transpose();
            assert!((rebuilt - &matrix).norm() <= 1e-12 * (1e-30 + matrix.norm()), "order {order}, rank {rank}");
            let point = DVector::from_fn(order, |_, _| random.normal());
            let mut rotated = point.clone();
            band.rotate(rotated.as_mut_slice());
            assert!((rotated - basis.transpose() * point).norm() < 1e-12 * order as f64);
        }
    }
}
