//! What table tennis looks like.

use nalgebra::{Vector2, Vector3};

use super::TableTennis;
use crate::control::Episode;
use crate::dynamics::Shape;
use crate::view::{Mark, Surroundings, Thing};

/// Thickness of the table and of the net as drawn, m.
const SLAB: f64 = 0.03;
const NET: f64 = 0.01;
/// The target as drawn: a disc, m.
const TARGET: Shape = Shape::Cylinder { radius: 0.06, length: 0.004 };

const GREEN: [f64; 4] = [0.13, 0.36, 0.38, 1.];
const WHITE: [f64; 4] = [0.92, 0.92, 0.9, 0.7];
const ORANGE: [f64; 4] = [0.95, 0.55, 0.1, 1.];
const YELLOW: [f64; 4] = [0.95, 0.83, 0.2, 1.];

impl TableTennis {
    /// Table, net, target and ball, and the arm at its place.
    pub(super) fn drawn(&self) -> Surroundings {
        let (table, height) = (&self.config.court.table, self.config.court.table.height);
        let net = Shape::Box([NET, table.width + 2. * table.net_overhang, table.net_height]);
        let top = Shape::Box([table.length, table.width, SLAB]);
        Surroundings {
            base: self.config.base.pose(),
            things: vec![
                Thing::at("table", Vector3::new(0., 0., height - SLAB / 2.), top, GREEN),
                Thing::at("net", Vector3::new(0., 0., height + table.net_height / 2.), net, WHITE),
                Thing::at("target", self.target.push(height), TARGET, YELLOW),
                Thing::body("ball", self.config.court.ball.radius, ORANGE),
            ],
        }
    }

    /// Where the ball lands, if it flies back.
    pub(super) fn landed(&self, episode: &Episode) -> Vec<Mark> {
        let height = self.config.court.table.height;
        let landing = self.evaluate(episode).landing;
        let mark = |point: Vector2<f64>| Mark {
            name: "landing".into(),
            target: self.target.push(height),
            reached: point.push(height),
        };
        landing.map(|landing| mark(landing.point)).into_iter().collect()
    }
}
