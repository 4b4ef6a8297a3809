//! A learning run in the caller's thread equals the daemon's in lockstep.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use controller::commands::{DryRunOptions, dry_run};
use controller::control::Episode;
use controller::storage::{RunView, files::Disk};
use controller::supervisor::{Beginning, ConfigSource};

use super::{Place, Rig};
use crate::types::MOTO_SIMULATED;

/// The trials that were learned from, by iteration and rollout, without their times.
fn learned_from(folder: &Path) -> BTreeMap<(u64, u64), (Episode, Option<f64>)> {
    let view = RunView::open(Arc::new(Disk), folder).unwrap();
    let trials = view.trials().unwrap().into_iter().map(|(_, path)| view.read_trial(&path).unwrap());
    let learned = trials.filter(|(_, meta)| !meta.evaluation).map(|(mut episode, meta)| {
        episode.start = Default::default();
        ((meta.iteration, meta.rollout), (episode, meta.total_reward))
    });
    learned.collect()
}

#[test]
fn a_run_in_the_caller_s_thread_equals_the_daemon_s_in_lockstep_to_the_bit() {
    let place = Place::new(&[]);
    let mut rig = Rig::new(&place, MOTO_SIMULATED);
    rig.until("the end", |status| !status.running);
    assert!(rig.controller.status().complete, "{}", super::error(rig.controller.0));
    let daemon = place.path("daemon");
    dry_run(DryRunOptions {
        config: ConfigSource::File(place.path("links.yaml")),
        adjust: Box::new(|_| {}),
        realtime: false,
        out: Some(daemon.clone()),
        beginning: Beginning::Demonstration,
        live: None,
    })
    .unwrap();
    let (ours, theirs) = (learned_from(&place.path("run")), learned_from(&daemon));
    assert_eq!(ours.len(), 6);
    assert_eq!(ours, theirs);
    // The policy of the second iteration was learned in the first.
    let first = |iteration| &ours[&(iteration, 0)].0.actions;
    assert_ne!(first(1), first(2));
}
