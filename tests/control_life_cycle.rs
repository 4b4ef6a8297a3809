//! A trial from order to return: phases, what is recorded, what is refused, and that lockstep gives the same bits.

mod control_support;

use control_support::*;
use moto_controller::control::*;
use moto_controller::policy::{CompiledPolicy, Law};
use moto_controller::robot::link;

const HORIZON: usize = 8;

#[test]
fn a_trial_goes_home_waits_strokes_and_returns() {
    const LONG: usize = 60;
    let joints = Joints::at(&[-0.6, 0.9]);
    let mut rig = Rig::new(config(2), joints, |_, _| Wake::default());
    rig.client.order(order(0, LONG, 2)).unwrap();
    rig.until("the stroke", |rig| rig.phases().ends_with(&[Phase::Stroke]));
    rig.until("the trial", |rig| !rig.finished.is_empty());
    assert_eq!(rig.phases(), [Phase::Homing, Phase::Ready, Phase::Stroke, Phase::Return]);
    assert_eq!(rig.returned(), 0, "the trial comes back before the arm is home");
    rig.until("the return", |rig| rig.returned() == 1);
    assert_eq!(*rig.phases().last().unwrap(), Phase::Idle);
    let trial = &rig.finished[0];
    let episode = trial.episode();
    assert_eq!((trial.outcome.clone(), trial.usable()), (Outcome::Completed, true));
    assert_eq!((episode.steps(), episode.cycles(), episode.time.len()), (LONG, LONG * 5, LONG * 5 + 1));
    assert!(episode.position[..2].iter().all(|q| (q - 0.1).abs() < 0.02), "the stroke starts at the start posture");
    assert!((episode.task[0] - FLIGHT).abs() < 1e-9, "and with the first reading that triggers it");
    assert_eq!(*episode.time.last().unwrap(), PERIOD * (LONG * 5) as u32);
    // The arm rests at home afterwards.
    rig.turns(50);
    let at = rig.events.len();
    assert!(rig.effort().iter().all(|effort| effort.abs() < 0.5), "{:?}", rig.effort());
    assert_eq!(rig.events.len(), at);
}

#[test]
fn the_record_holds_what_the_policy_saw_asked_and_sent() {
    let mut rig = Rig::calm(config(2));
    rig.client.order(order(3, HORIZON, 2)).unwrap();
    rig.until("the trial", |rig| !rig.finished.is_empty());
    let trial = &rig.finished[0];
    let (episode, policy) = (trial.episode(), policy(HORIZON, 2));
    assert_eq!(episode.noise, *trial.order.noise);
    assert_eq!(episode.clipped_cycles, 0);
    let compiled = CompiledPolicy::new(&policy).unwrap();
    for t in 0..HORIZON {
        let step = episode.step(t);
        let cycle = t * 5;
        assert_eq!(step.state[..2], episode.position[cycle * 2..cycle * 2 + 2]);
        assert_eq!(step.state[2..4], episode.velocity[cycle * 2..cycle * 2 + 2]);
        assert_eq!(step.state[4], episode.task[cycle]);
        let mut action = [0.; 2];
        compiled.action(t, step.state, step.noise, &mut action);
        assert_eq!(step.action, action);
        for (i, action) in action.iter().enumerate() {
            assert!((step.sent[i] - action).abs() < 1e-12, "nothing was clipped");
            for c in cycle..cycle + 5 {
                assert_eq!(episode.asked[c * 2 + i], 2. * action);
                assert_eq!(episode.sent[c * 2 + i], 2. * action);
            }
        }
    }
    assert_eq!(episode.states[HORIZON * 5..HORIZON * 5 + 2], episode.position[HORIZON * 10..]);
    // The robot got what was recorded, and in order.
    let commands = &rig.robot.lock().unwrap().log;
    assert!(commands.windows(2).all(|c| c[1].sequence == c[0].sequence + 1));
    let first = commands.iter().position(|c| c.effort[..] == episode.sent[..2]).unwrap();
    for (i, command) in commands[first..first + HORIZON * 5].iter().enumerate() {
        assert_eq!(command.effort[..], episode.sent[i * 2..i * 2 + 2]);
    }
}

#[test]
fn what_is_learned_from_is_what_was_sent_not_what_was_asked() {
    let mut config = config(1);
    config.limits.effort_rate = vec![50.];
    let mut rig = Rig::calm(config);
    rig.client.order(order(3, HORIZON, 1)).unwrap();
    rig.until("the trial", |rig| !rig.finished.is_empty());
    let trial = &rig.finished[0];
    let episode = trial.episode();
    assert!(trial.over_clipped && trial.clipped_share > 0.1 && trial.usable());
    assert_eq!(trial.clipped_share, f64::from(episode.clipped_cycles) / 40.);
    assert!(episode.sent.windows(2).all(|s| (s[1] - s[0]).abs() <= 50. * 0.002 + 1e-12));
    for t in 0..HORIZON {
        let mean = episode.sent[t * 5..t * 5 + 5].iter().sum::<f64>() / 5. / 2.;
        assert!((episode.step(t).sent[0] - mean).abs() < 1e-12);
    }
    assert!((0..HORIZON).any(|t| (episode.step(t).sent[0] - episode.step(t).action[0]).abs() > 0.05));
}

#[test]
fn the_trigger_may_be_at_once_the_operators_or_never_come() {
    for trigger in [Trigger::AtOnce, Trigger::Operator, Trigger::Task] {
        let mut config = config(1);
        config.trigger = trigger;
        let joints = Joints::at(&config.start_posture);
        let never = trigger == Trigger::Task;
        let mut rig = Rig::new(config, joints, move |_, reading| {
            reading.task[0] = if never { -1. } else { reading.task[0] };
            Wake::default()
        });
        rig.client.request(Request::Trigger).unwrap(); // Too early: there is no trial yet.
        rig.client.order(order(0, HORIZON, 1)).unwrap();
        rig.turns(20);
        let expected = if trigger == Trigger::AtOnce { Phase::Stroke } else { Phase::Ready };
        assert_eq!(*rig.phases().last().unwrap(), expected, "{trigger:?}");
        rig.client.request(Request::Trigger).unwrap();
        rig.until("the return", |rig| rig.returned() == 1);
        let outcome = &rig.finished[0].outcome;
        if never {
            assert!(matches!(outcome, Outcome::Aborted(Abort::NotTriggered { .. })), "{outcome:?}");
            assert!(!rig.finished[0].usable() && rig.faults().is_empty());
        } else {
            assert_eq!(*outcome, Outcome::Completed);
        }
    }
}

#[test]
fn a_movement_is_tracked_from_parameters_drawn_at_the_start() {
    let mut rig = Rig::calm(config(2));
    rig.client.order(movement_order(3, HORIZON, 2)).unwrap();
    rig.until("the trial", |rig| !rig.finished.is_empty());
    let trial = &rig.finished[0];
    let (episode, Law::Movement(movement)) = (trial.episode(), &trial.order.law) else { panic!("a policy") };
    assert_eq!((episode.steps(), episode.cycles()), (HORIZON, HORIZON * 5));
    let mut parameters = [0.; 4];
    movement.draw(episode.step(0).state, &trial.order.noise, &mut parameters);
    let mut still = parameters;
    movement.draw(&[0.; 5], &trial.order.noise, &mut still);
    assert_ne!(parameters, still, "they answer to the state");
    for cycle in 0..HORIZON * 5 {
        for joint in 0..2 {
            let [q, qd, qdd] = movement.primitive().at(cycle, joint, &parameters);
            let i = cycle * 2 + joint;
            // Unit inertia, the default gains.
            let asked = qdd + 400. * (q - episode.position[i]) + 40. * (qd - episode.velocity[i]);
            assert!((episode.asked[i] - asked).abs() < 1e-9, "cycle {cycle}: {} {asked}", episode.asked[i]);
        }
    }
    // What was asked as each step began, in the policy's units; the noise is in the parameters.
    assert!((0..HORIZON).all(|t| (episode.step(t).action[1] - episode.asked[t * 10 + 1] / 2.).abs() < 1e-12));
    assert!(episode.noise.len() == HORIZON * 2 && episode.noise.iter().all(|noise| *noise == 0.));
}

#[test]
fn a_pause_ends_with_the_trial_in_hand_and_a_failed_trial_is_marked() {
    let mut rig = Rig::calm(config(1));
    for rollout in 0..3 {
        rig.client.order(order(rollout, HORIZON, 1)).unwrap();
    }
    rig.until("the stroke", |rig| rig.phases().contains(&Phase::Stroke));
    rig.client.request(Request::Pause).unwrap();
    rig.client.request(Request::MarkFailed).unwrap();
    rig.until("the return", |rig| rig.returned() == 1);
    rig.turns(100);
    assert_eq!(rig.finished.len(), 1);
    assert!(rig.client.status().paused);
    assert!(rig.finished[0].marked_failed && !rig.finished[0].usable());
    assert_eq!(rig.finished[0].outcome, Outcome::Completed);
    rig.client.request(Request::Resume).unwrap();
    rig.until("the other returns", |rig| rig.returned() == 3);
    assert!(rig.finished[1].usable());
    rig.client.request(Request::MarkFailed).unwrap();
    rig.turns(2);
    assert_eq!(*rig.events.last().unwrap(), Event::MarkedFailed { key: key(2) });
}

#[test]
fn while_the_arm_goes_to_a_trial_or_waits_for_it_the_one_before_is_marked_failed() {
    let mut rig = Rig::calm(config(1));
    let marks = |rig: &Rig| -> Vec<Event> {
        let mark = |e: &&Event| matches!(e, Event::MarkedFailed { .. } | Event::NothingToMark);
        rig.events.iter().filter(mark).copied().collect()
    };
    rig.client.request(Request::MarkFailed).unwrap();
    rig.turn();
    rig.client.order(order(0, HORIZON, 1)).unwrap();
    rig.until("the way", |rig| rig.client.status().phase == Phase::Homing || rig.client.status().phase == Phase::Ready);
    rig.client.request(Request::MarkFailed).unwrap();
    rig.turn();
    assert_eq!(marks(&rig), [Event::NothingToMark; 2], "no trial has ended yet");
    rig.until("the first return", |rig| rig.returned() == 1);
    rig.client.order(order(1, HORIZON, 1)).unwrap();
    for phase in [Phase::Homing, Phase::Ready] {
        rig.until("the phase", |rig| rig.phases().iter().filter(|p| **p == phase).count() == 2);
        rig.client.request(Request::MarkFailed).unwrap();
    }
    rig.until("the stroke", |rig| rig.client.status().phase == Phase::Stroke);
    assert_eq!(marks(&rig)[2..], [Event::MarkedFailed { key: key(0) }; 2]);
    rig.until("the second return", |rig| rig.returned() == 2);
    assert!(rig.finished[1].usable(), "the trial on its way is not meant");
    // From its end on it is.
    rig.client.request(Request::MarkFailed).unwrap();
    rig.turn();
    assert_eq!(marks(&rig)[4..], [Event::MarkedFailed { key: key(1) }]);
}

#[test]
fn an_order_that_does_not_fit_comes_back_with_the_reason() {
    type Spoil = (&'static str, fn(&mut TrialOrder));
    let spoil: [Spoil; 8] = [
        ("movement's control cycles", |o| {
            let law = movement(&[0.1; 2], 5, HORIZON, 4);
            (o.noise, o.law) = (vec![0.; 4].into(), law);
        }),
        ("action dimension", |o| o.law = CompiledPolicy::new(&policy(HORIZON, 1)).unwrap().into()),
        ("length of the noise", |o| o.noise = o.noise[1..].into()),
        ("noise is not finite", |o| o.noise[3] = f64::NAN),
        ("number of joints", |o| o.buffers = TrialBuffers::new(&TrialShape { joints: 3, ..shape(2, HORIZON) })),
        ("task values", |o| o.buffers = TrialBuffers::new(&TrialShape { task_values: 2, ..shape(2, HORIZON) })),
        ("room for times", |o| o.buffers = TrialBuffers::new(&TrialShape { decimation: 4, ..shape(2, HORIZON) })),
        ("room for states", |o| {
            o.buffers = TrialBuffers::new(&TrialShape { horizon: 1, decimation: 5 * HORIZON, ..shape(2, HORIZON) });
        }),
    ];
    let mut rig = Rig::calm(config(2));
    for (index, (what, spoil)) in spoil.iter().enumerate() {
        let mut order = order(index as u64, HORIZON, 2);
        spoil(&mut order);
        rig.client.order(order).unwrap();
        rig.turns(2);
        let trial = rig.finished.pop().expect(what);
        let Outcome::Refused(error) = &trial.outcome else { panic!("{what}: {:?}", trial.outcome) };
        assert!(what.contains("action") || error.to_string().contains(what), "{what}: {error}");
        assert_eq!((trial.order.key, trial.usable()), (key(index as u64), false));
    }
    assert!(rig.phases().is_empty(), "none was taken");
    rig.client.order(order(99, HORIZON, 2)).unwrap();
    rig.until("a good one", |rig| rig.returned() == 1);
}

/// The weight of each joint that [`led`] makes.
const WEIGHT: f64 = 3.;

/// Unit inertia and that weight.
struct Heavy;

impl InverseDynamics for Heavy {
    fn torque(&mut self, _: &[f64], _: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        effort.iter_mut().zip(acceleration).for_each(|(effort, qdd)| *effort = qdd + WEIGHT);
    }
}

/// A heavy joint of unit inertia at `start`, on which a hand pushes all the time, as a rig.
fn led(config: ControlConfig, start: f64, push: f64, script: impl FnMut(u64) -> Wake + Send + 'static) -> Rig {
    let mut joints = Joints::at(&[start]);
    joints.push = push - WEIGHT;
    let mut script = script;
    Rig::with_dynamics(config, joints, Box::new(AllOfIt(1)), Box::new(Heavy), move |wake, _| script(wake))
}

/// A fifth of the safe state's damping.
const HAND_DAMPING: f64 = 0.2 * 5.;

#[test]
fn an_arm_led_by_hand_is_carried_and_damped_and_its_states_are_told() {
    // Within the position bounds and the speed limit, so that no limit acts.
    let mut rig = led(config(1), 0.1, 0.8, |_| Wake::default());
    rig.turns(20);
    assert_eq!(rig.client.joint_sample(), None, "only from an arm that is led");
    rig.client.request(Request::Teach).unwrap();
    let mut seen: Vec<JointSample> = vec![];
    for _ in 0..500 {
        rig.turn();
        let sample = rig.client.joint_sample().expect("a state in each cycle");
        assert_eq!(rig.client.joint_sample(), None);
        let expected = WEIGHT - HAND_DAMPING * sample.velocity[0];
        assert!((rig.effort()[0] - expected).abs() < 1e-12, "{sample:?}: {:?}", rig.effort());
        seen.push(sample);
    }
    assert_eq!(rig.phases(), [Phase::Teaching]);
    assert!(seen.windows(2).all(|pair| pair[1].stamp - pair[0].stamp == PERIOD));
    assert!(seen[499].position[0] > 0.3, "the hand moved it: {:?}", seen[499]);
    assert_eq!(rig.client.status().lost_samples, 0);
    // A supervisor that does not take them loses them, and is told so.
    rig.turns(3000);
    let kept = std::iter::from_fn(|| rig.client.joint_sample()).count() as u64;
    assert!(kept > 1000 && rig.client.status().lost_samples == 3000 - kept, "{kept}");
}

#[test]
fn an_arm_is_let_go_and_held_again_without_a_jump_and_waits_for_resume() {
    let mut rig = led(config(1), 0.1, 0., |_| Wake::default());
    let jump = |rig: &mut Rig, turns: usize| {
        let mut efforts = vec![rig.effort()[0]];
        for _ in 0..turns {
            rig.turn();
            efforts.push(rig.effort()[0]);
        }
        efforts.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0., f64::max)
    };
    rig.turns(500);
    rig.client.request(Request::Teach).unwrap();
    assert!(jump(&mut rig, 100) < 0.01);
    rig.client.request(Request::Resume).unwrap();
    rig.client.request(Request::EndTeaching).unwrap();
    assert!(jump(&mut rig, 100) < 0.01);
    assert_eq!(rig.phases(), [Phase::Teaching, Phase::Idle]);
    // A hand is on the arm: it does not go home by itself.
    rig.client.order(order(0, HORIZON, 1)).unwrap();
    rig.turns(50);
    assert!(rig.client.status().paused && rig.finished.is_empty());
    rig.client.request(Request::Resume).unwrap();
    rig.until("the homing", |rig| rig.phases().contains(&Phase::Homing));

    // It is held where the hand left it.
    let mut rig = led(config(1), 0.1, 0.8, |_| Wake::default());
    rig.turns(20);
    rig.client.request(Request::Teach).unwrap();
    rig.turns(500);
    let left = std::iter::from_fn(|| rig.client.joint_sample()).last().unwrap().position[0];
    assert!(left > 0.3);
    rig.client.request(Request::EndTeaching).unwrap();
    rig.turns(500);
    rig.client.request(Request::Teach).unwrap();
    rig.turn();
    let held = rig.client.joint_sample().unwrap();
    assert!((held.position[0] - left).abs() < 0.02 && held.velocity[0].abs() < 0.01, "{left}: {held:?}");
}

#[test]
fn an_arm_is_not_led_by_hand_during_a_trial_nor_in_the_safe_state() {
    let mut rig = Rig::calm(config(1));
    rig.client.order(order(0, 60, 1)).unwrap();
    for phase in [Phase::Ready, Phase::Stroke, Phase::Return] {
        rig.until("the phase", |rig| rig.phases().contains(&phase));
        rig.client.request(Request::Teach).unwrap();
    }
    rig.until("the return", |rig| rig.returned() == 1);
    rig.client.request(Request::Stop).unwrap();
    rig.turn();
    rig.client.request(Request::Teach).unwrap();
    rig.until("zero", |rig| rig.client.status().safety == SafetyState::Zero);
    rig.client.request(Request::Teach).unwrap();
    rig.turn();
    assert!(!rig.phases().contains(&Phase::Teaching) && !rig.client.status().paused);
    rig.client.request(Request::EndTeaching).unwrap();
    rig.turn();
    assert_eq!(rig.finished[0].outcome, Outcome::Completed);
}

#[test]
fn limits_and_watchdogs_act_on_an_arm_led_by_hand() {
    // A hand that pushes toward the bound at 2 feels the soft zone from 1.9 on, and what carries the arm fades there.
    let mut rig = led(config(1), 1.6, 1.5, |_| Wake::default());
    rig.client.request(Request::Teach).unwrap();
    rig.turns(1500);
    let last = std::iter::from_fn(|| rig.client.joint_sample()).last().unwrap();
    assert!((1.9..1.95).contains(&last.position[0]), "{last:?}");
    assert!((rig.effort()[0] - (WEIGHT - 1.5)).abs() < 0.01 && rig.faults().is_empty(), "{:?}", rig.effort());

    // The hand is stronger than the zone.
    let mut rig = led(config(1), 1.6, 18., |_| Wake::default());
    rig.client.request(Request::Teach).unwrap();
    rig.until("the bound", |rig| !rig.faults().is_empty());
    assert!(matches!(rig.faults()[..], [Fault::OutOfBounds { .. } | Fault::Overspeed { .. }]), "{:?}", rig.faults());
    // Joint states that do not come any more, and a loop that is late.
    for (wake, stale) in
        [(Wake { silent: true, ..Wake::default() }, true), (Wake { late: 15 * PERIOD, ..Wake::default() }, false)]
    {
        let mut rig = led(config(1), 0.1, 0., move |number| if number > 50 { wake } else { Wake::default() });
        rig.client.request(Request::Teach).unwrap();
        rig.until("the fault", |rig| !rig.faults().is_empty());
        match rig.faults()[0] {
            Fault::StaleReading { .. } => assert!(stale),
            Fault::MissedDeadlines { .. } => assert!(!stale),
            other => panic!("{other}"),
        }
        assert_eq!((rig.phases(), rig.states()), (vec![Phase::Teaching, Phase::Idle], vec![SafetyState::Damp]));
        rig.until("zero", |rig| rig.client.status().safety == SafetyState::Zero && rig.effort() == [0.]);
    }
}

/// Every number of an episode but its place in time.
fn bits(episode: &Episode) -> Vec<u64> {
    [
        &episode.position,
        &episode.velocity,
        &episode.task,
        &episode.asked,
        &episode.sent,
        &episode.states,
        &episode.noise,
        &episode.actions,
        &episode.sent_actions,
    ]
    .into_iter()
    .flatten()
    .map(|x| x.to_bits())
    .chain(episode.time.iter().map(|t| t.as_nanos() as u64))
    .collect()
}

/// Runs trials in lockstep on the loop's own thread, `ahead` of them ordered at a time.
fn lockstep(rollouts: &[u64], ahead: usize) -> Vec<Vec<u64>> {
    let (port, robot) = link(2, 1);
    let clock = LockstepClock::new(Joints::at(&[0.1, 0.1]), robot);
    let dynamics = Box::new(NominalInertia([1., 1.].into()));
    let parts = LoopParts { config: config(2), port, clock: Box::new(clock), stroke: Box::new(AllOfIt(2)), dynamics };
    let mut handle = spawn(parts).unwrap();
    assert!(handle.startup.refused.is_empty());
    let mut results = Vec::new();
    for chunk in rollouts.chunks(ahead) {
        for &rollout in chunk {
            handle.client.order(order(rollout, HORIZON, 2)).unwrap();
        }
        for &rollout in chunk {
            let trial = loop {
                match handle.client.finished() {
                    Some(trial) => break trial,
                    None => std::thread::yield_now(),
                }
            };
            assert_eq!((trial.order.key.rollout, &trial.outcome), (rollout, &Outcome::Completed));
            results.push(bits(trial.episode()));
        }
    }
    handle.client.stopper().shutdown();
    handle.join(None).1.unwrap();
    results
}

#[test]
fn in_lockstep_a_trial_is_a_function_of_its_key_policy_and_noise() {
    let all = lockstep(&[0, 1, 2, 3, 4, 5], 6);
    assert_eq!(all, lockstep(&[0, 1, 2, 3, 4, 5], 1), "whatever the supervisor's pace");
    assert_eq!(all[5], lockstep(&[5], 1)[0], "whatever came before");
    assert_eq!(all[4], lockstep(&[5, 4], 2)[1], "in any order");
    assert_ne!(all[0], all[1]);
}

#[test]
fn in_lockstep_time_stands_still_without_a_trial() {
    let (port, robot) = link(1, 1);
    let (idle, woken) = std::sync::mpsc::channel();
    let clock = OnIdle::new(Box::new(LockstepClock::new(Joints::at(&[0.1]), robot)), move || {
        let _ = idle.send(());
    });
    let dynamics = Box::new(NominalInertia([1.].into()));
    let parts = LoopParts { config: config(1), port, clock: Box::new(clock), stroke: Box::new(AllOfIt(1)), dynamics };
    let mut handle = spawn(parts).unwrap();
    for _ in 0..3 {
        woken.recv().unwrap();
    }
    assert_eq!(handle.client.status().cycles, 0);
    handle.client.order(order(0, HORIZON, 1)).unwrap();
    while handle.client.finished().is_none() {
        woken.recv().unwrap();
    }
    woken.recv().unwrap();
    woken.recv().unwrap();
    let cycles = handle.client.status().cycles;
    woken.recv().unwrap();
    woken.recv().unwrap();
    assert_eq!(handle.client.status().cycles, cycles);
    handle.client.stopper().shutdown();
    handle.join(None).1.unwrap();
}
