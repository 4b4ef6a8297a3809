//! Figure 2 of the paper: the quad link.

use super::Entry;
use super::settings::{
    gps, limited_quad, measures, moto, paper_without_reuse, quad, quad_defaults, quad_with_little_torque,
};
use crate::experiment::{ExperimentConfig, Variant};

pub const MOTION: Entry = Entry {
    name: "2a",
    explanation: "\
        Quad link with the torque limit of 25 N m and with a reduced one of 15 N m: does MOTO still swing up, and \
        how? Made with this project's default settings, 5 and 7 rollouts per iteration, and a wide start: little torque needs \
        several swings, which is nothing that a policy finds once it has cooled down, and plans of several sizes. motion.svg draws the motion of \
        the median seed.",
    duration: "about 20 minutes",
    config: motion,
    quick_divisor: 12,
};

pub const JOINT_LIMITS: Entry = Entry {
    name: "2b",
    explanation: "\
        Quad link with soft limits of its three outer joints, 400 rollouts per iteration, nothing reused: guided \
        policy search against MOTO as in the paper. The paper finds that GPS hardly improves and MOTO learns.",
    duration: "about 8 minutes",
    config: joint_limits,
    quick_divisor: 20,
};

fn motion() -> ExperimentConfig {
    let with = |limit: f64, settings, rollouts: usize| {
        moto(&format!("torque limit {limit} N m"), &quad(limit, None, 15.), settings, rollouts, 2000 / rollouts)
    };
    ExperimentConfig {
        name: "2a".into(),
        title: "Quad link, swing-up with less torque".into(),
        seeds: 16,
        first_seed: 1,
        measures: measures(),
        variants: [with(25., quad_defaults(), 5), with(15., quad_with_little_torque(), 7)]
            .map(|variant| Variant { thresholds: vec![-20.], ..variant })
            .into(),
    }
}

fn joint_limits() -> ExperimentConfig {
    let task = limited_quad(10.);
    ExperimentConfig {
        name: "2b".into(),
        title: "Quad link with joint limits, 400 rollouts per iteration".into(),
        seeds: 16,
        first_seed: 1,
        measures: measures(),
        variants: [moto("MOTO", &task, paper_without_reuse(), 400, 60), gps("GPS", &task, 400, 60)]
            .map(|variant| Variant { thresholds: vec![-100., -20.], ..variant })
            .into(),
    }
}
