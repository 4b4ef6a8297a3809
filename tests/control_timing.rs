//! The loop's time: the index follows elapsed time, misses are counted, and the histograms hold what happened.

mod control_support;

use control_support::*;
use moto_controller::control::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const HORIZON: usize = 20;

/// Makes one trial with wake-ups as late as `late` says, counted from the start of the stroke.
fn trial(config: ControlConfig, late: impl Fn(u64) -> Duration + Send + 'static) -> (Rig, FinishedTrial) {
    let joints = Joints::at(&config.start_posture);
    // The launch is at the first wake-up; it triggers ten wake-ups later, with which the stroke starts.
    let mut rig = Rig::new(config, joints, move |wake, _| {
        let late = if wake < 10 { Duration::ZERO } else { late(wake - 10) };
        Wake { late, ..Wake::default() }
    });
    rig.client.order(order(0, HORIZON, 1)).unwrap();
    rig.until("the trial", |rig| !rig.finished.is_empty());
    let trial = rig.finished.pop().unwrap();
    (rig, trial)
}

#[test]
fn a_missed_period_shortens_a_step_and_not_the_stroke() {
    let mut config = config(1);
    config.max_missed_share = 0.1;
    // The cycle due 7 periods in comes 2 periods and a half late: within step 1, whose last three cycles are 7, 8 and 9.
    let (_, trial) = trial(config, |cycle| if cycle == 7 { 5 * PERIOD / 2 } else { Duration::ZERO });
    let episode = trial.episode();
    assert_eq!(trial.outcome, Outcome::Completed);
    assert_eq!(*episode.time.last().unwrap(), PERIOD * 5 * HORIZON as u32, "the stroke takes as long");
    assert_eq!((episode.cycles(), episode.missed_cycles, episode.steps()), (HORIZON * 5 - 2, 2, HORIZON));
    let ticks: Vec<_> = episode.time.iter().map(|t| t.as_micros() / 2000).collect();
    assert_eq!(ticks[..12], [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13]);
    assert!((trial.missed_share - 0.02).abs() < 1e-12);
    // Step 2 starts at its time, on the reading of its time.
    let at = ticks.iter().position(|t| *t == 10).unwrap();
    assert_eq!(episode.step(2).state[0], episode.position[at]);
}

#[test]
fn a_step_that_starts_late_ends_on_time_and_its_mean_weighs_what_was_held() {
    let mut config = config(1);
    (config.max_missed_share, config.limits.effort_rate) = (0.1, vec![50.]);
    // Three periods are missed across the end of step 3.
    let (_, trial) = trial(config, |cycle| if cycle == 18 { 3 * PERIOD } else { Duration::ZERO });
    let episode = trial.episode();
    let ticks: Vec<_> = episode.time.iter().map(|t| t.as_micros() / 2000).collect();
    let late = ticks.iter().position(|t| *t == 21).unwrap();
    assert_eq!(ticks[late - 1..late + 2], [17, 21, 22]);
    assert_eq!(episode.step(4).state[0], episode.position[late], "step 4 starts with the first reading after its time");
    // Commands of step 3: held one period each at 15 and 16, four at 17. Rates this low make them differ.
    let sent = &episode.sent[late - 3..late];
    assert!(sent[0] != sent[1] && sent[1] != sent[2]);
    let mean = (sent[0] + sent[1] + 4. * sent[2]) / 6. / 2.;
    assert!((episode.step(3).sent[0] - mean).abs() < 1e-12);
    // Step 4 has the four periods that are left of it.
    let next = &episode.sent[late..late + 4];
    assert!((episode.step(4).sent[0] - next.iter().sum::<f64>() / 4. / 2.).abs() < 1e-12);
    assert_eq!((episode.steps(), ticks[ticks.len() - 1]), (HORIZON, 5 * HORIZON as u128));
}

#[test]
fn a_stroke_that_loses_a_whole_step_is_given_up() {
    let (mut rig, trial) = trial(config(1), |cycle| if cycle == 12 { 9 * PERIOD } else { Duration::ZERO });
    assert_eq!(trial.outcome, Outcome::Aborted(Abort::SkippedStep { step: 3 }));
    assert_eq!(trial.episode().steps(), 3);
    rig.until("the return", |rig| rig.returned() == 1);
    assert!(rig.faults().is_empty());
}

#[test]
fn a_stroke_with_too_many_misses_is_kept_but_not_learned_from() {
    // 3 of 100 cycles, none in a row.
    let (_, late) = trial(config(1), |cycle| if [20, 40, 60].contains(&cycle) { PERIOD } else { Duration::ZERO });
    assert_eq!((&late.outcome, late.on_time, late.usable()), (&Outcome::Completed, false, false));
    let (_, fine) = trial(config(1), |cycle| if [20, 40].contains(&cycle) { PERIOD } else { Duration::ZERO });
    assert_eq!((&fine.outcome, fine.on_time, fine.usable()), (&Outcome::Completed, true, true));
}

#[test]
fn misses_with_a_cycle_on_time_in_between_do_not_stop_the_loop() {
    let joints = Joints::at(&[0.1]);
    let mut rig = Rig::new(config(1), joints, |wake, _| Wake {
        late: if wake.is_multiple_of(4) { 10 * PERIOD } else { Duration::ZERO },
        ..Wake::default()
    });
    rig.turns(200);
    assert!(rig.faults().is_empty());
    assert_eq!(rig.client.status().misses, 500);
    assert_eq!(rig.client.status().cycles, 200);
}

#[test]
fn the_histograms_hold_every_cycle_and_what_it_took() {
    let late = |cycle: u64| Duration::from_micros(10 * (cycle % 100));
    let (mut rig, trial) = trial(config(1), late);
    let stroke = trial.order.buffers.latency.stroke.summary();
    let before = trial.order.buffers.latency.between.summary();
    assert_eq!((stroke.cycles, stroke.misses), (5 * HORIZON as u64, 0));
    assert_eq!(stroke.release_lateness.max / 10_000, 99);
    assert!(stroke.release_lateness.p50.abs_diff(495_000) <= 10_000, "{stroke:?}");
    assert!(stroke.release_lateness.p99.abs_diff(980_000) <= 10_000, "{stroke:?}");
    // Ten wake-ups from the order to the trigger, none of them late, with readings as old as the release.
    assert_eq!((before.cycles, before.release_lateness.max, before.state_age.max), (10, 0, 0));
    // The rest comes with the next trial: nothing is lost, nothing counted twice.
    rig.client.order(order(1, HORIZON, 1)).unwrap();
    rig.until("the second trial", |rig| !rig.finished.is_empty());
    let second = rig.finished.pop().unwrap().order.buffers.latency;
    let cycles = rig.client.status().cycles;
    rig.turns(7);
    let rest = rig.control.into_latency(); // Without the cycle under way.
    assert_eq!(stroke.cycles + before.cycles + second.stroke.cycles + second.between.cycles + rest.cycles, cycles + 6);
}

#[test]
fn buffers_may_be_used_again_as_they_come_back() {
    let (mut rig, first) = trial(config(1), |_| Duration::ZERO);
    let episode = first.episode().clone();
    rig.client.order(first.order).unwrap();
    rig.until("the same trial again", |rig| !rig.finished.is_empty());
    let again = &rig.finished[0];
    assert_eq!((again.episode().cycles(), again.episode().steps()), (episode.cycles(), episode.steps()));
    assert_eq!(again.order.buffers.latency.stroke.cycles, 5 * HORIZON as u64);
}

/// A robot faster than the loop, or slower: the newest reading counts, and its age is measured.
#[test]
fn the_age_of_the_state_is_measured() {
    let config = config(1);
    let joints = Joints::at(&config.start_posture);
    let published = Arc::new(AtomicUsize::new(0));
    let count = published.clone();
    let mut rig = Rig::new(config, joints, move |wake, _| {
        let silent = !wake.is_multiple_of(3);
        count.fetch_add(usize::from(!silent), Ordering::Relaxed);
        Wake { silent, ..Wake::default() }
    });
    rig.turns(300);
    assert_eq!(published.load(Ordering::Relaxed), 100);
    let ages = rig.control.into_latency().summary().state_age;
    assert_eq!(ages.max / 100_000, 40, "two periods");
    assert!(ages.p50.abs_diff(2_000_000) < 20_000);
}
