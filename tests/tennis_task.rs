//! The task: settings, state, trigger, outcome, reward, configuration.

mod tennis_common;

use moto_controller::control::{Episode, Stroke};
use moto_controller::robot::{Plant, Reading};
use moto_controller::simulation::ArmConfig;
use moto_controller::tasks::table_tennis::world::{Ball, TableTennisPlant};
use moto_controller::tasks::table_tennis::{
    DemonstrationKind, Setting, TableTennis, TableTennisConfig, TableTennisError, TrialOutcome,
};
use moto_controller::tasks::{Judgement, Task};
use moto_learners::{Measured, Reward};
use nalgebra::{DMatrix, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::time::Duration;
use tennis_common::{ACTION_SCALE, DECIMATION, REST, arm, begin, control, model, replay, task};

/// Standard normal draws for one stroke.
fn noise(seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..30 * 9).map(|_| random.sample::<f64, _>(StandardNormal)).collect()
}

/// A stroke of the plain demonstration's replay with exploration noise, by which the racket hits or misses.
fn explored(task: &TableTennis, plant: &mut TableTennisPlant, rollout: u64) -> Episode {
    begin(plant, rollout);
    replay(task, plant, &task.initial_policy().unwrap(), Some(&noise(rollout)))
}

#[test]
fn the_initial_policy_is_the_block_means_of_the_demonstration() {
    let task = task(|config| config.initial_deviation = 0.5);
    let demonstration = task.demonstration().unwrap();
    let policy = task.initial_policy().unwrap();
    policy.validate().unwrap();
    assert_eq!((policy.horizon(), policy.action_dim(), policy.state_dim()), (30, 9, 24));
    for (t, law) in policy.steps.iter().enumerate() {
        for (joint, scale) in ACTION_SCALE.into_iter().enumerate() {
            let block = (t * DECIMATION..(t + 1) * DECIMATION).map(|cycle| demonstration.asked[cycle * 9 + joint]);
            let mean = block.sum::<f64>() / DECIMATION as f64;
            assert!((law.bias[joint] * scale - mean).abs() < 1e-9);
        }
        assert_eq!(law.gain, DMatrix::zeros(9, 24));
        assert_eq!(law.covariance, DMatrix::from_diagonal_element(9, 9, 0.25));
    }
    assert_eq!(policy, task.initial_policy().unwrap(), "made twice, the same to the bit");
}

/// The task's prices find the errors in the outcomes, at the step of the passage and at no other.
fn errors_are_where_they_are_marked(task: &TableTennis, outcome: &TrialOutcome) {
    let (outcomes, passage) = (outcome.outcomes(), outcome.passage.unwrap());
    let expected = [Some(passage.offset), passage.landing_error];
    for (price, expected) in task.errors().into_iter().zip(expected) {
        let Measured::Marked(mark) = price.measured else { panic!("{price:?}") };
        let marked: Vec<usize> = (0..outcomes.ncols()).filter(|step| outcomes[(mark, *step)] != 0.).collect();
        assert_eq!(marked, expected.map_or(vec![], |_| vec![passage.step]));
        if let Some(error) = expected {
            assert_eq!(outcomes.column(passage.step).as_slice()[price.rows], error);
        }
    }
}

#[test]
fn what_is_recorded_says_what_the_plant_did() {
    let task = task(|config| config.demonstration = DemonstrationKind::Plain);
    let mut plant = task.plant(0).unwrap();
    let (mut hits, mut misses) = (0, 0);
    for rollout in 0..60 {
        let episode = explored(&task, &mut plant, rollout);
        let outcome = task.evaluate(&episode);
        // A ball that was hit is faster towards +x than any flight or bounce could make it.
        assert_eq!(outcome.hit, plant.ball().velocity.x > 0., "rollout {rollout}");
        let passing: Vec<_> = outcome.miss.iter().filter(|&&miss| miss != 0.).collect();
        assert_eq!(passing.len(), 1, "rollout {rollout}: {:?}", outcome.miss);
        assert_eq!(outcome.hit, *passing[0] <= task.config().court.racket.radius);
        let passage = outcome.passage.unwrap();
        assert!((passage.offset[0].hypot(passage.offset[1]) - passing[0]).abs() < 1e-9, "{passage:?}");
        assert_eq!(passage.landing_error.is_some(), outcome.landing.is_some());
        if let (Some([x, y]), Some(distance)) = (passage.landing_error, outcome.distance_to_target) {
            assert!((x.hypot(y) - distance).abs() < 1e-12);
        }
        errors_are_where_they_are_marked(&task, &outcome);
        hits += u32::from(outcome.hit);
        misses += u32::from(!outcome.hit);
        assert!(outcome.hit || (outcome.landing.is_none() && !outcome.success));
    }
    assert!(hits > 10 && misses > 5, "{hits} hits, {misses} misses");
}

#[test]
fn the_landing_predicted_at_the_end_is_where_the_plant_has_the_ball_land() {
    let task = task(|config| config.demonstration = DemonstrationKind::Plain);
    let mut plant = task.plant(0).unwrap();
    let mut landed = 0;
    for rollout in 0..30 {
        let outcome = task.evaluate(&explored(&task, &mut plant, rollout));
        let Some(landing) = outcome.landing.filter(|landing| landing.clears_net) else { continue };
        if !task.config().court.table.spans(landing.point.x, landing.point.y) {
            continue;
        }
        let (end, command) = (plant.now(), moto_controller::robot::Command::zeros(9));
        let mut before = *plant.ball();
        while plant.ball().velocity.z <= before.velocity.z {
            before = *plant.ball();
            plant.step(plant.now() + plant.period(), &command);
        }
        // The bounce lies within the last period; the flight from its start gives the place.
        let time = (plant.now() - end).as_secs_f64();
        assert!((time - plant.period().as_secs_f64()..time).contains(&landing.time), "{time} {landing:?}");
        let place = task.config().court.landing(&before).unwrap().point;
        assert!((place - landing.point).norm() < 1e-8, "{place} {landing:?}");
        landed += 1;
    }
    assert!(landed > 5, "{landed} balls landed on the table");
}

/// Positions and velocities of the ball before and after the bounce of a trial.
fn flight(plant: &mut TableTennisPlant, iteration: u64, rollout: u64) -> [Ball; 2] {
    plant.reset(Duration::from_secs(rollout));
    plant.begin_trial(&tennis_common::key(iteration, rollout));
    plant.launch();
    [400, 500].map(|time| {
        let until = Duration::from_secs(rollout) + Duration::from_millis(time);
        plant.step(until, &moto_controller::robot::Command::zeros(9));
        *plant.ball()
    })
}

#[test]
fn what_is_random_in_a_trial_depends_on_its_key_alone() {
    for setting in [Setting::Context, Setting::NoisyBounce] {
        let task = task(|config| config.setting = setting);
        let (mut one, mut other, mut reseeded) =
            (task.plant(3).unwrap(), task.plant(3).unwrap(), task.plant(4).unwrap());
        let forwards: Vec<_> = (0..6).map(|rollout| flight(&mut one, 2, rollout)).collect();
        let backwards: Vec<_> = (0..6).rev().map(|rollout| flight(&mut other, 2, rollout)).collect();
        assert!(forwards.iter().eq(backwards.iter().rev()));
        assert!((1..6).all(|rollout| forwards[rollout] != forwards[0]));
        assert_ne!(flight(&mut one, 3, 0), forwards[0], "another iteration");
        assert_ne!(flight(&mut reseeded, 2, 0), forwards[0], "another seed");
        one.reset(Duration::ZERO);
        let evaluation = moto_controller::robot::TrialKey {
            kind: moto_controller::robot::TrialKind::Evaluate,
            ..tennis_common::key(2, 0)
        };
        one.begin_trial(&evaluation);
        one.launch();
        one.step(Duration::from_millis(500), &moto_controller::robot::Command::zeros(9));
        assert_ne!(*one.ball(), forwards[0][1], "another purpose");
    }
}

#[test]
fn settings_vary_what_they_say() {
    let nominal = flight(&mut task(|_| ()).plant(0).unwrap(), 0, 0);
    assert_eq!(nominal, flight(&mut task(|_| ()).plant(9).unwrap(), 5, 5), "nothing is random in (a)");

    let context = task(|config| config.setting = Setting::Context);
    let mut plant = context.plant(0).unwrap();
    let (mut least, mut most) = (Vector3::repeat(f64::MAX), Vector3::repeat(f64::MIN));
    for rollout in 0..300 {
        plant.reset(Duration::ZERO);
        plant.begin_trial(&tennis_common::key(0, rollout));
        assert_eq!(plant.ball().velocity, Vector3::zeros(), "in the server's hand");
        plant.launch();
        let deviation = plant.ball().velocity - Vector3::from(context.config().serve.velocity);
        (least, most) = (least.inf(&deviation), most.sup(&deviation));
    }
    for (axis, half) in [0.48, 0.24, 0.24].into_iter().enumerate() {
        assert!(least[axis] >= -half && least[axis] < -0.9 * half, "{least}");
        assert!(most[axis] <= half && most[axis] > 0.9 * half, "{most}");
    }

    let bounce = task(|config| config.setting = Setting::NoisyBounce);
    let mut plant = bounce.plant(0).unwrap();
    let n = 400;
    let mut sums = [0.; 4];
    for rollout in 0..n {
        let [before, after] = flight(&mut plant, 0, rollout);
        assert_eq!(before, nominal[0], "before the bounce");
        let change = after.velocity - nominal[1].velocity;
        for axis in 0..2 {
            sums[axis] += change[axis] / n as f64;
            sums[2 + axis] += change[axis].powi(2) / n as f64;
        }
    }
    for axis in 0..2 {
        // Drag takes a little of the scatter between the bounce and the look at it.
        assert!(sums[axis].abs() < 0.05, "mean {}", sums[axis]);
        assert!((sums[2 + axis].sqrt() - 0.3).abs() < 0.04, "deviation {}", sums[2 + axis].sqrt());
    }
}

#[test]
fn same_seed_same_bits() {
    let task = task(|config| config.setting = Setting::NoisyBounce);
    let run = || {
        let mut plant = task.plant(5).unwrap();
        let episode = explored(&task, &mut plant, 7);
        let judged: Judgement = task.judge(&episode);
        (episode, judged)
    };
    assert_eq!(run(), run());
}

#[test]
fn the_state_is_aligned_to_the_joints() {
    let task = task(|_| ());
    let mut plant = task.plant(0).unwrap();
    let mut reading = Reading::zeros(9, 6);
    begin(&mut plant, 0);
    plant.launch();
    plant.step(Duration::from_millis(200), &moto_controller::robot::Command::zeros(9));
    plant.read(&mut reading);
    let mut stroke = task.stroke();
    let mut state = [0.; 24];
    stroke.policy_state(&reading, &mut state);
    assert_eq!((&state[..9], &state[9..18], &state[18..]), (&*reading.position, &*reading.velocity, &*reading.task));

    // An older view of the ball is flown on to the time of the joints, over a bounce too.
    let old = (reading.task.clone(), reading.task_stamp);
    plant.step(Duration::from_millis(520), &moto_controller::robot::Command::zeros(9));
    plant.read(&mut reading);
    let truth = reading.task.clone();
    assert!(old.0[5] < 0. && truth[5] > 0., "a bounce in between");
    (reading.task, reading.task_stamp) = old;
    stroke.policy_state(&reading, &mut state);
    for (aligned, truth) in state[18..].iter().zip(&truth) {
        assert!((aligned - truth).abs() < 1e-7, "{aligned} {truth}");
    }
}

#[test]
fn the_stroke_starts_when_the_ball_is_near_enough() {
    let task = task(|_| ());
    let mut stroke = task.stroke();
    let mut plant = task.plant(0).unwrap();
    let mut reading = Reading::zeros(9, 6);
    begin(&mut plant, 0);
    plant.read(&mut reading);
    assert!(!stroke.triggered(&reading), "the ball is in the server's hand");
    plant.launch();
    let command = moto_controller::robot::Command::zeros(9);
    for step in 1..=86 {
        plant.step(Duration::from_millis(2 * step), &command);
        plant.read(&mut reading);
        assert_eq!(stroke.triggered(&reading), step == 86, "at step {step}");
    }
    reading.task[3] *= -1.;
    assert!(!stroke.triggered(&reading), "it flies away");
    reading.task[3] = f64::NAN;
    assert!(!stroke.triggered(&reading), "it is not seen");
}

#[test]
fn rewards_are_what_the_configuration_prices() {
    let task = task(|_| ());
    let state = [0.; 24];
    let step = |action: f64, miss: f64| task.step(3, &state, &[action; 9], &state, &[miss]);
    assert_eq!(step(0., 0.), 0.);
    assert!((step(2., 0.) + 1e-4 * 36.).abs() < 1e-15);
    assert!((step(0., 0.1) + 0.5).abs() < 1e-15);
    assert!((step(0., 0.7) + 12.5).abs() < 1e-15);

    // A ball shot at a point 20 cm from the target costs the square of that.
    let court = &task.config().court;
    let from = Vector3::new(-1.5, -0.4, 1.05);
    let last = |velocity: Vector3<f64>| {
        let mut state = [0.; 24];
        Ball { position: from, velocity }.write(&mut state[18..]);
        task.last(&state)
    };
    let velocity = court.velocity_to_reach(&from, &Vector3::new(0.75, 0.2, court.surface()), 0.5);
    assert!((last(velocity) + 0.04).abs() < 1e-8);
    assert_eq!(last(Vector3::new(-3., 0., 0.)), -2., "it does not fly back");
    assert_eq!(last(Vector3::new(20., 0., 5.)), -2., "it flies metres too far");
}

#[test]
fn the_reward_of_a_stroke_adds_up() {
    let task = task(|_| ());
    let mut plant = task.plant(0).unwrap();
    for rollout in 0..3 {
        let episode = explored(&task, &mut plant, rollout);
        let judged = task.judge(&episode);
        assert_eq!(judged.outcomes.shape(), (1, 30));
        let state = |t: usize| &episode.states[24 * t..24 * (t + 1)];
        let steps: f64 = (0..30)
            .map(|t| task.step(t, state(t), episode.step(t).sent, state(t + 1), judged.outcomes.column(t).as_slice()))
            .sum();
        assert!((steps + task.last(state(30)) - judged.total_reward).abs() < 1e-12);
    }
}

/// An episode of an arm at rest and a ball that flies past it, a row per control period.
fn watching(task: &TableTennis, ball: Ball, cycles: usize) -> Episode {
    let court = &task.config().court;
    let mut episode = Episode { joints: 9, task_values: 6, state_dim: 24, action_dim: 9, ..Episode::default() };
    for cycle in 0..=cycles {
        let elapsed = Duration::from_millis(2 * cycle as u64);
        let mut row = [0.; 6];
        court.predict(&ball, elapsed.as_secs_f64()).write(&mut row);
        episode.time.push(elapsed);
        episode.position.extend(REST);
        episode.velocity.extend([0.; 9]);
        episode.task.extend(row);
        if cycle % DECIMATION == 0 {
            episode.states.extend(REST.iter().chain(&[0.; 9]).chain(&row));
        }
        if cycle < cycles {
            episode.sent.extend([0.; 9]);
            if cycle % DECIMATION == 0 {
                episode.noise.extend([0.; 9]);
                episode.actions.extend([0.; 9]);
                episode.sent_actions.extend([0.; 9]);
            }
        }
    }
    episode
}

#[test]
fn the_miss_is_recorded_at_the_step_in_which_the_ball_passes() {
    let task = task(|_| ());
    let racket = task.arm().racket(&mut task.arm().model().workspace(), &REST, &[0.; 9]);
    // Along the normal, 20 cm off the centre, 5 m/s: the ball is a radius away after 0.2 s.
    let sideways = racket.normal.cross(&Vector3::z()).normalize();
    let aim = racket.centre + sideways * 0.2;
    let court = &task.config().court;
    let to = aim + racket.normal * court.ball.radius;
    let from = to + racket.normal * 1. + Vector3::z() * 0.1;
    let velocity = court.velocity_to_reach(&from, &to, 0.2);
    let outcome = task.evaluate(&watching(&task, Ball { position: from, velocity }, 300));
    for (t, &miss) in outcome.miss.iter().enumerate() {
        let expected = if (9..=10).contains(&t) && miss != 0. { 0.2 } else { 0. };
        assert!((miss - expected).abs() < 1e-6, "step {t}: {miss}");
    }
    assert!((outcome.miss.iter().sum::<f64>() - 0.2).abs() < 1e-6);
    assert!(!outcome.hit && !outcome.success);
}

#[test]
fn a_reading_seen_twice_hides_no_hit() {
    let task = task(|config| config.demonstration = DemonstrationKind::Plain);
    let episode = task.demonstration().unwrap();
    let expected = task.evaluate(&episode);
    assert!(expected.hit);
    for late in 275..290 {
        let mut stalled = episode.clone();
        stalled.position.copy_within(9 * (late - 1)..9 * late, 9 * late);
        stalled.velocity.copy_within(9 * (late - 1)..9 * late, 9 * late);
        stalled.task.copy_within(6 * (late - 1)..6 * late, 6 * late);
        let outcome = task.evaluate(&stalled);
        assert!(outcome.success, "cycle {late}");
        let (miss, expected): (f64, f64) = (outcome.miss.iter().sum(), expected.miss.iter().sum());
        assert!((miss - expected).abs() < 1e-3, "cycle {late}: {miss} {expected}");
    }
}

#[test]
fn a_ball_that_never_passes_costs_the_gap_at_the_end() {
    let task = task(|_| ());
    let ball = Ball { position: Vector3::new(1., 0.2, 1.5), velocity: Vector3::new(-0.5, 0., 0.) };
    let episode = watching(&task, ball, 300);
    let outcome = task.evaluate(&episode);
    let racket = task.arm().racket(&mut task.arm().model().workspace(), &REST, &[0.; 9]);
    let gap = (task.config().court.predict(&ball, 0.6).position - racket.centre).norm();
    assert!((outcome.miss[29] - gap).abs() < 1e-9 && outcome.miss[..29].iter().all(|&miss| miss == 0.));
    assert!((outcome.total_reward + 12.5 + 2.).abs() < 1e-12);
}

#[test]
fn a_stroke_that_broke_off_is_judged_without_complaint() {
    let task = task(|config| config.demonstration = DemonstrationKind::Plain);
    let whole = task.demonstration().unwrap();
    assert!(task.evaluate(&whole).success);
    for cycles in [0, 1, 150, 290] {
        let mut part = whole.clone();
        let steps = cycles / DECIMATION;
        part.time.truncate(cycles);
        part.position.truncate(cycles * 9);
        part.velocity.truncate(cycles * 9);
        part.task.truncate(cycles * 6);
        part.sent.truncate(cycles * 9);
        part.states.truncate(steps * 24);
        for actions in [&mut part.actions, &mut part.sent_actions, &mut part.noise] {
            actions.truncate(steps * 9);
        }
        let outcome = task.evaluate(&part);
        assert!(!outcome.success && outcome.total_reward.is_finite(), "{cycles} cycles: {outcome:?}");
        assert_eq!(outcome.miss.len(), 30);
    }
}

#[test]
fn scales_go_with_the_state() {
    let scales = task(|_| ()).state_scales();
    assert_eq!(scales.len(), 24);
    assert_eq!([scales[0], scales[3], scales[9], scales[12], scales[18], scales[23]], [0.02, 0.1, 0.1, 0.5, 0.05, 0.5]);
}

#[test]
fn a_configuration_is_read_back_as_it_was_written() {
    let config = TableTennisConfig { setting: Setting::NoisyBounce, ..TableTennisConfig::default() };
    let yaml = serde_saphyr::to_string(&config).unwrap();
    assert_eq!(serde_saphyr::from_str::<TableTennisConfig>(&yaml).unwrap(), config);
    assert!(serde_saphyr::from_str::<TableTennisConfig>("serve: {sped: 1.0}").is_err());
}

#[test]
fn a_bad_parameter_is_refused_by_name_and_value() {
    let refusal = |edit: fn(&mut TableTennisConfig)| {
        let mut config = TableTennisConfig::default();
        edit(&mut config);
        TableTennis::new(config, arm(), model(), &control()).unwrap_err().to_string()
    };
    assert_eq!(refusal(|c| c.serve.spread = -0.1), "serve.spread is -0.1, expected 0 to 1");
    assert_eq!(refusal(|c| c.target[1] = f64::NAN), "target of axis y is NaN, expected -5 to 5 m");
    assert_eq!(
        refusal(|c| c.player.hit_time = 0.2),
        "player.hit_time is 0.2, expected at least 0.01 s after backswing_time, 0.27 s"
    );
    assert_eq!(refusal(|c| c.court.ball.radius = 0.), "court.ball.radius is 0, expected 0.001 to 0.2 m");
    assert_eq!(refusal(|c| c.court.table.width = 0.), "court.table.width is 0, expected 0.1 to 10 m");
    assert_eq!(
        refusal(|c| c.court.racket.reach = 0.05),
        "court.racket.reach is 0.05, expected at least racket.radius, 0.08 m"
    );
    assert_eq!(
        refusal(|c| c.court.racket.link = "raket".into()),
        "court.racket.link is \"raket\", expected a link of the robot description (did you mean racket?)"
    );
    assert_eq!(
        refusal(|c| c.court.racket.normal = [0.; 3]),
        "court.racket.normal is [0.0, 0.0, 0.0], expected a direction, of a length above 0"
    );
    assert_eq!(refusal(|c| c.base.yaw = 10.), "base.yaw is 10, expected -7 to 7 rad");
    let short = ArmConfig { armature: vec![1.; 8], ..arm() };
    let error = TableTennis::new(TableTennisConfig::default(), short, model(), &control()).unwrap_err();
    assert!(matches!(error, TableTennisError::Setting(_)));
    assert_eq!(error.to_string(), "armature has 8 entries, the robot has 9 joints");
}

/// The period of the loop may be chosen: the physics keeps up, and the player still returns the ball.
#[test]
fn the_period_of_the_loop_is_free() {
    for (period, decimation) in [(0.001, 20), (0.002, 10), (0.0025, 8), (0.004, 5), (0.005, 4)] {
        let control = moto_controller::control::ControlConfig { period, decimation, ..control() };
        let plain = TableTennisConfig { demonstration: DemonstrationKind::Plain, ..TableTennisConfig::default() };
        let task = TableTennis::new(plain, arm(), model(), &control).unwrap();
        let mut plant = task.plant(0).unwrap();
        assert!(plant.period() <= Duration::from_millis(2));
        begin(&mut plant, 0);
        let outcome = task.evaluate(&task.play(&mut plant).unwrap());
        assert!(outcome.success && outcome.distance_to_target.unwrap() < 0.05, "{period}: {outcome:?}");
    }
}

#[test]
fn the_ball_falls_as_the_arm_does() {
    let mut moon = model();
    moon.set_gravity(Vector3::new(0., 0., -1.62));
    let task = TableTennis::new(TableTennisConfig::default(), arm(), moon, &control()).unwrap();
    assert_eq!(task.config().court.ball.gravity, 1.62);
}
