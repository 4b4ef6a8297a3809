//! What a stroke looks like: the points of its terms and of its demonstration.

use nalgebra::Vector3;

use super::config::Demonstration;
use super::moment::When;
use super::term::{Priced, Term};
use super::{StrokeTask, measure::Measure};
use crate::control::Episode;
use crate::dynamics::Shape;
use crate::view::{Mark, Surroundings, Thing};

/// Points as drawn, m.
const TARGET: Shape = Shape::Sphere { radius: 0.02 };
const VIA: Shape = Shape::Sphere { radius: 0.012 };
/// Radius of an observed body as drawn, m.
const BODY: f64 = 0.02;

const YELLOW: [f64; 4] = [0.95, 0.83, 0.2, 1.];
const BLUE: [f64; 4] = [0.35, 0.6, 0.85, 0.8];
const ORANGE: [f64; 4] = [0.95, 0.55, 0.1, 1.];

impl StrokeTask {
    /// Targets of the terms, via points of the demonstration, and observed bodies.
    pub(super) fn drawn(&self, episode: &Episode) -> Surroundings {
        let mut things: Vec<Thing> = vec![];
        let mut add = |name: String, at: Vector3<f64>, shape, color| {
            if !things.iter().any(|thing| thing.pose.translation.vector == at && thing.shape == shape) {
                things.push(Thing::at(&name, at, shape, color));
            }
        };
        if let Some(first) = episode.states.get(..episode.state_dim).filter(|state| !state.is_empty()) {
            for (i, measure) in self.placed() {
                let target = measure.place(&self.model, first).map(|(target, _)| target);
                target.into_iter().for_each(|at| add(format!("target_{i}"), at, TARGET, YELLOW));
            }
        }
        if let Demonstration::ViaPoints(points) = &self.config.demonstration {
            let positions = points.iter().enumerate().filter_map(|(i, point)| Some((i, point.position?)));
            positions.for_each(|(i, at)| add(format!("via_{i}"), at.into(), VIA, BLUE));
        }
        let observed = self.config.observe.iter().map(|value| value.observed());
        things.extend(observed.filter(|body| !body.frame.is_empty()).map(|body| Thing::body(&body.name, BODY, ORANGE)));
        Surroundings { things, ..Surroundings::default() }
    }

    /// Where links came, at the time of each term that asks for a place.
    pub(super) fn marks_of(&self, episode: &Episode) -> Vec<Mark> {
        let states: Vec<&[f64]> = episode.states.chunks_exact(episode.state_dim.max(1)).collect();
        let mark = |(i, Term { priced, when, .. }): (usize, &Term)| {
            let (Priced::Error(measure), When::At { step, share }) = (priced, *when) else { return None };
            let (target, reached) = measure.place(&self.model, &self.state_at(&states, step, share)?)?;
            Some(Mark { name: format!("reward[{i}]"), target, reached })
        };
        self.terms.iter().enumerate().filter_map(mark).collect()
    }

    /// The measures of terms and conditions, with the numbers of their terms.
    fn placed(&self) -> impl Iterator<Item = (usize, &Measure)> {
        let terms = self.terms.iter().enumerate().filter_map(|(i, term)| match &term.priced {
            Priced::Error(measure) => Some((i, measure)),
            Priced::Effort | Priced::EffortChange => None,
        });
        let conditions = self.conditions.iter().enumerate();
        terms.chain(conditions.map(|(i, condition)| (self.terms.len() + i, &condition.measure)))
    }
}
