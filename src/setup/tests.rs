//! Tests of refusals and their words, of values from the robot description, and of the generated
//! documentation.

use super::*;
use moto_settings::{Kind, Schema, Tree, document};

const SHIPPED: &str = include_str!("../../config/table_tennis.yaml");
const ARM: &str = include_str!("../../urdf/table_tennis_arm.urdf");

fn parse(text: &str, urdf: &str) -> Result<Setup, ConfigError> {
    Setup::parse(Path::new("mine.yaml"), text, |_| {}, |_| Ok(urdf.into()))
}

/// The shipped file with `from` replaced by `to`. `from` must be in the file.
fn edited(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "{from}");
    SHIPPED.replacen(from, to, 1)
}

fn refused(from: &str, to: &str) -> String {
    parse(&edited(from, to), ARM).map(|_| format!("{to} is accepted")).unwrap_err().to_string()
}

/// The line of the shipped file that contains a text.
fn line(text: &str) -> usize {
    SHIPPED.lines().position(|line| line.contains(text.trim_end())).unwrap() + 1
}

#[test]
fn the_arm_at_1_khz_differs_in_its_periods_alone() {
    let fast = include_str!("../../config/table_tennis_1khz.yaml");
    let (mut fast, shipped) = (parse(fast, ARM).unwrap().config, parse(SHIPPED, ARM).unwrap().config);
    let periods = |control: &ControlConfig, count: u64| count as f64 * control.period;
    let (ours, theirs) = (&mut fast.control, &shipped.control);
    assert_eq!(ours.period, 0.001);
    assert_eq!(periods(ours, ours.decimation as u64), periods(theirs, theirs.decimation as u64));
    let frozen = |control: &ControlConfig| periods(control, control.watchdog.max_frozen_readings.unwrap());
    assert_eq!(frozen(ours), frozen(theirs));
    let missed = |control: &ControlConfig| periods(control, control.watchdog.max_consecutive_misses);
    assert_eq!(missed(ours), missed(theirs));
    (ours.period, ours.decimation, ours.watchdog) = (theirs.period, theirs.decimation, theirs.watchdog.clone());
    assert_eq!(fast, shipped);
}

#[test]
fn a_wrong_value_is_refused_with_file_line_field_value_and_what_is_expected() {
    for (from, to, expected) in [
        (
            "joints: [bx,",
            "compensates: [gravity, friction]\n      joints: [bx,",
            "robot.compensates[1] is \"friction\", expected one of gravity, coriolis",
        ),
        (
            "joints: [bx,",
            "compensates: gravity\n      joints: [bx,",
            "robot.compensates is \"gravity\", expected a list, each one of gravity, coriolis",
        ),
        ("rollouts: 10", "rollouts: 1", "run.rollouts is 1, expected a whole number, 2 to 10000"),
        ("rollouts: 10", "rollouts: 2.5", "run.rollouts is 2.5, expected a whole number, 2 to 10000"),
        ("rollouts: 10", "rollouts: many", "run.rollouts is \"many\", expected a whole number, 2 to 10000"),
        ("rollouts: 10", "rollouts:", "run.rollouts is empty, expected a whole number, 2 to 10000"),
        ("rollouts: 10", "rolouts: 15", "there is no field run.rolouts; did you mean run.rollouts?"),
        (
            "rollouts: 10",
            "colour: 15",
            "there is no field run.colour; there are checkpoints, ended_penalty, ended_strokes, evaluation_strokes",
        ),
        ("seed: 1", "seed: -1", "run.seed is -1, expected a whole number, at least 0"),
        ("period: 0.002", "period: fast", "control.period is \"fast\", expected 0.0001 to 0.1 s"),
        ("period: 0.002", "period: .nan", "control.period is NaN, expected 0.0001 to 0.1 s"),
        ("lock_memory: true", "lock_memory: 1", "control.scheduling.lock_memory is 1, expected true or false"),
        (
            "setting: noiseless",
            "setting: windy",
            "task.table_tennis.setting is \"windy\", expected one of noiseless, context, noisy_bounce",
        ),
        (
            "setting: noiseless",
            "court: {ball: {radius: 0}}",
            "task.table_tennis.court.ball.radius is 0, expected 0.001 to 0.2 m",
        ),
        (
            "setting: noiseless",
            "serve: {velocity: [-4, 0, 90]}",
            "task.table_tennis.serve.velocity of axis z is 90, expected -20 to 20 m/s",
        ),
        (
            "setting: noiseless",
            "serve: {velocity: [-4, 0]}",
            "task.table_tennis.serve.velocity has 2 entries, expected 3",
        ),
        (
            "table_tennis:\n",
            "tabletennis:\n",
            "task is a group with the field tabletennis, expected one of table_tennis: ..., swing_up: ...",
        ),
        ("epsilon: 0.3", "epsilon: 0", "learner.moto.epsilon is 0, expected above 0 and at most 100 nats per step"),
        (
            "{scale_fraction: 0.01}",
            "{scale_fraction: -1}",
            "learner.moto.state_diagonal.scale_fraction is -1, expected above 0",
        ),
        (
            "{scale_fraction: 0.01}",
            "3",
            "learner.moto.state_diagonal is 3, expected one of absolute: ..., scale_fraction: ...",
        ),
        (
            "action_scale: [20.0, 20.0, 20.0, 3.0",
            "action_scale: [20.0, 20.0, 20.0, -3.0",
            "control.action_scale of joint j1 is -3, expected above 0 N or N m",
        ),
        ("action_scale: [20.0,", "action_scale: [", "control.action_scale has 8 entries, the robot has 9 joints"),
        (
            "action_scale: [20.0,",
            "action_scale: [much,",
            "control.action_scale of joint bx is \"much\", expected above 0 N or N m",
        ),
        (
            "start_posture: [0.0, ",
            "start_posture: 0.0 #",
            "control.start_posture is 0, expected a list of numbers, one per joint",
        ),
        ("homing: {", "homing: 3 #", "control.homing is 3, expected a group of fields (duration, "),
    ] {
        let said = refused(from, to);
        let at = format!("mine.yaml:{}: ", line(from));
        assert!(said.starts_with(&at) && said.contains(expected), "{to}:\n{said}\n{at}{expected}");
    }
    let said = refused("      start_posture", "      # start_posture");
    assert!(said.contains("control.start_posture is missing, expected a list of numbers, one per joint"), "{said}");
}

#[test]
fn settings_of_a_learner_without_its_name_are_sent_to_where_they_belong() {
    let said = refused(
        "    learner:                                # moto | gps | trpo | reps | more | cas_more\n      moto:\n",
        "    learner:\n",
    );
    let expected = "there is no field learner.epsilon; put it under moto: learner.moto.epsilon";
    assert!(said.ends_with(expected), "{said}");
    let said = refused("      moto:\n        epsilon: 0.3 ", "      motor:\n        epsilon: 0.3 ");
    assert!(said.contains("learner is a group with the field motor, expected one of moto: ..., gps: ..."), "{said}");
}

#[test]
fn values_that_do_not_fit_each_other_are_refused_by_joint_and_bound() {
    let said = refused("start_posture: [0.0, 0.0, 0.0, -0.8", "start_posture: [0.0, 0.0, 0.0, -9.8");
    assert!(said.contains("control.start_posture of joint j1 is -9.8, expected -"), "{said}");
    let said = refused("      safety:\n", "      safety:\n        ramp: 0.4\n        duration: 0.3\n");
    assert!(said.ends_with("control.safety.duration is 0.3, expected at least safety.ramp, 0.4 s"), "{said}");
    let said = refused("setting: noiseless", "player: {hit_time: 0.2}");
    assert!(
        said.contains(
            "task.table_tennis.player.hit_time is 0.2, expected at least 0.01 s after backswing_time, 0.27 s"
        ),
        "{said}"
    );
    let said = refused("reuse: same_step_decay", "targets: monte_carlo");
    assert!(
        said.contains("learner.moto.reuse is time_and_iterations, expected none with monte_carlo targets"),
        "{said}"
    );
}

#[test]
fn no_message_is_in_the_words_of_a_library() {
    let cases = [
        edited("seed: 1", "seed: 1\n      seed: 2"),
        edited("seed: 1", "seed: 18446744073709551616"),
        edited("seed: 1", "seed: x"),
        edited("seed: 1", "seed: [1]"),
        edited("seed: 1", "seed: {a: 1}"),
        edited("    run:\n", "    run: 3\n    rest:\n"),
        edited("[20.0, 20.0,", "[20.0, 20.0"),
        edited("homing: {", "homing: {{"),
        edited("homing: {", "homing: "),
        edited("control:\n", "control\n"),
        edited("ros__parameters:", "ros__parameters: 3 #"),
        edited("ros__parameters:", "ros_parameters:"),
        edited("moto_controller:\n", "moto_controller: *anchor\n"),
        edited("setting: noiseless", "setting: 3"),
        edited("setting: noiseless", "setting: {noiseless: 1}"),
        edited("task:\n", "task: none #\n"),
        edited("reuse: same_step_decay", "reuse: same_step"),
        edited("urdf: ../", "urdf: [../] #"),
        edited("epsilon: 0.3", "epsilon: 0.3\n---\na: 1"),
        String::new(),
        "moto_controller:".into(),
        "[1, 2".into(),
        "\u{0}".into(),
    ];
    for text in cases {
        let said = parse(&text, ARM).map(|_| format!("accepted: {text}")).unwrap_err().to_string();
        assert!(said.starts_with("mine.yaml"), "{said}");
        for word in [
            "Policy", "invalid", "mapping", "serde", "unknown", "variant", "u64", "f64", "i128", "column", "`,",
            "accepted", "scalar",
        ] {
            assert!(!said.contains(word), "{word} is in: {said}");
        }
    }
}

#[test]
fn both_spellings_of_a_setting_are_the_same() {
    let hyphen = parse(&edited("setting: noiseless", "setting: noisy-bounce"), ARM).unwrap();
    let underscore = parse(&edited("setting: noiseless", "setting: noisy_bounce"), ARM).unwrap();
    assert_eq!(hyphen.config, underscore.config);
    assert_eq!(hyphen.title(), "noisy-bounce");
}

#[test]
fn what_the_driver_compensates_is_part_of_the_fingerprint_where_it_is_anything() {
    let fingerprint = |compensates: &str| {
        let text = edited("joints: [bx,", &format!("compensates: {compensates}\n      joints: [bx,"));
        parse(&text, ARM).unwrap().fingerprint().unwrap()
    };
    assert_eq!(fingerprint("[]"), parse(SHIPPED, ARM).unwrap().fingerprint().unwrap());
    assert_eq!(fingerprint("[gravity, coriolis]"), fingerprint("[coriolis, gravity]"));
    assert_ne!(fingerprint("[gravity]"), fingerprint("[]"));
    assert_ne!(fingerprint("[gravity]"), fingerprint("[gravity, coriolis]"));
}

#[test]
fn what_the_arm_resists_a_hand_with_is_no_part_of_the_fingerprint() {
    let text = edited("safety:\n", "teaching: {damping_share: 0.7}\n      safety:\n");
    let other = parse(&text, ARM).unwrap();
    assert_eq!(other.config.control.teaching.damping_share, 0.7);
    assert_eq!(other.fingerprint().unwrap(), parse(SHIPPED, ARM).unwrap().fingerprint().unwrap());
}

#[test]
fn every_number_that_can_be_set_has_its_range() {
    // These settings accept any number.
    let free = ["control.start_posture", "control.limits.lower", "control.limits.upper"];
    let schema = Schema::of::<Config>();
    let names = schema.names();
    assert!(names.len() > 90 && names.contains(&"control.watchdog.max_state_age".into()), "{names:?}");
    for name in names {
        let Some(field) = schema.field(&name) else { continue };
        assert!(!field.text.is_empty(), "{name} is not documented");
        if matches!(field.kind, Kind::Integer | Kind::Double | Kind::DoubleArray) && !free.contains(&&*name) {
            assert!(field.range.low.is_some(), "{name} has no range");
        }
    }
}

/// `UPDATE_DOCUMENTATION=1` makes this test write the document.
#[test]
fn the_documentation_is_that_of_the_fields() {
    let shipped = Setup::shipped(|_| {}).unwrap();
    let text = format!(
        "# Configuration\n\nEvery field of the configuration file, made from the code (`crates/moto_settings`). The file is a ROS 2 parameter \
         file; the same names are the node's parameters, whose own (`ros.`) are in [ros_parameters.md](ros_parameters.md). Lists \
         have an entry per joint, in the order of `robot.joints`.\n\n{}",
        document(&Schema::of::<Config>(), &Tree::of(&shipped.config).unwrap()).trim_end(),
    ) + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    if std::env::var_os("UPDATE_DOCUMENTATION").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == text, "{} is not up to date", path.display());
}

/// A robot with two joints. `limits` are the elements inside each joint.
fn two_joints(limits: [&str; 2]) -> String {
    let joint = |i: usize| {
        format!(
            "<joint name='j{i}' type='revolute'><parent link='l{i}'/><child link='l{}'/><axis xyz='0 1 0'/>{}</joint>
             <link name='l{}'><inertial><mass value='1'/><origin xyz='0 0 0.1'/>
             <inertia ixx='0.01' iyy='0.01' izz='0.01' ixy='0' ixz='0' iyz='0'/></inertial></link>",
            i + 1,
            limits[i],
            i + 1,
        )
    };
    let hand = "<joint name='hand' type='fixed'><parent link='l2'/><child link='racket'/></joint><link name='racket'/>";
    format!("<robot name='two'><link name='l0'/>{}{}{hand}</robot>", joint(0), joint(1))
}

const LIMIT: &str = "<limit lower='-1' upper='1' effort='20' velocity='3'/>";

fn two_joint_config(more: &str, limits: &str) -> String {
    format!(
        "moto_controller:
  ros__parameters:
    robot: {{urdf: two.urdf, joints: [j0, j1]{more}}}
    control:
      start_posture: [0.0, 0.0]
      action_scale: [1.0, 1.0]
      limits: {{effort_rate: [1e4, 1e4], margin: [0.1, 0.1], stiffness: [1.0, 1.0], damping: [1.0, 1.0]{limits}}}
      safety: {{damping: [1.0, 1.0]}}
    task: {{table_tennis: {{}}}}
    learner: {{moto: {{}}}}
"
    )
}

#[test]
fn a_robot_that_states_neither_armature_nor_springs_has_none() {
    let setup = parse(&two_joint_config("", ""), &two_joints([LIMIT; 2])).unwrap();
    assert_eq!(setup.config.robot.arm.armature, [0., 0.]);
    for joint in setup.model.joints() {
        assert_eq!((joint.passive.armature, joint.passive.stiffness), (0., 0.));
    }
    let armature = parse(&two_joint_config(", arm: {armature: [0.5, 0.25]}", ""), &two_joints([LIMIT; 2])).unwrap();
    assert_eq!(armature.model.joints()[1].passive.armature, 0.25);
    assert_eq!(armature.model.joints()[1].passive.stiffness, 0.);
    let said =
        parse(&two_joint_config(", arm: {armature: [0.5]}", ""), &two_joints([LIMIT; 2])).err().unwrap().to_string();
    assert!(said.contains("robot.arm.armature has 1 entry, the robot has 2 joints"), "{said}");
}

#[test]
fn limits_above_those_of_the_robot_description_need_leave() {
    for (limits, expected) in [
        (
            ", effort: [20.0, 20.5]",
            "control.limits.effort of joint j1 is 20.5, expected at most the robot description's 20 N m",
        ),
        (
            ", velocity: [3.5, 3.0]",
            "control.limits.velocity of joint j0 is 3.5, expected at most the robot description's 3 rad/s",
        ),
        (
            ", upper: [1.0, 1.25]",
            "control.limits.upper of joint j1 is 1.25, expected at most the robot description's 1 rad",
        ),
        (
            ", lower: [-.inf, -1.0]",
            "control.limits.lower of joint j0 is -inf, expected at least the robot description's -1 rad",
        ),
    ] {
        let said = parse(&two_joint_config("", limits), &two_joints([LIMIT; 2])).err().unwrap().to_string();
        assert!(said.contains(expected) && said.contains("robot.allow_above_description"), "{said}");
        parse(&two_joint_config(", allow_above_description: true", limits), &two_joints([LIMIT; 2])).unwrap();
    }
    parse(&two_joint_config("", ", effort: [20.0, 5.0], upper: [0.5, 1.0]"), &two_joints([LIMIT; 2])).unwrap();
}

#[test]
fn a_description_without_effort_gets_the_one_limit_that_loop_and_simulated_drives_have() {
    let none = "<limit lower='-1' upper='1' effort='0' velocity='3'/>";
    let said = parse(&two_joint_config("", ""), &two_joints([LIMIT, none])).err().unwrap().to_string();
    assert!(said.contains("control.limits.effort of joint j1 is missing, expected above 0 N m"), "{said}");
    let limits = ", effort: [10.0, 7.0]";
    let setup = parse(&two_joint_config("", limits), &two_joints([LIMIT, none])).unwrap();
    assert_eq!(setup.config.control.limits.effort, [10., 7.]);
    // The first drive can give more than the loop's limit.
    assert_eq!(setup.model.joints().iter().map(|joint| joint.effort).collect::<Vec<_>>(), [20., 7.]);
}

#[test]
fn gravity_is_the_robots_and_balls_fall_straight_down() {
    let gravity = |value: &str| edited("robot:", &format!("robot:\n      gravity: {value}"));
    let moon = parse(&gravity("[0.0, 0.0, -1.62]"), ARM).unwrap();
    assert_eq!(moon.model.gravity().as_slice(), [0., 0., -1.62]);
    let said = parse(&gravity("[1.0, 0.0, -9.81]"), ARM).err().unwrap().to_string();
    assert!(said.contains("robot.gravity is [1.0, 0.0, -9.81] m/s^2, expected straight down"), "{said}");
}

#[test]
fn soft_limits_of_a_description_are_the_default_envelope() {
    let soft = format!("{LIMIT}<safety_controller soft_lower_limit='-0.75' soft_upper_limit='0.5' k_velocity='1'/>");
    let setup = parse(&two_joint_config("", ""), &two_joints([LIMIT, &soft])).unwrap();
    assert_eq!(setup.config.control.limits.lower, [-1., -0.75]);
    assert_eq!(setup.config.control.limits.upper, [1., 0.5]);
    // The simulated stops are at the description's limits.
    assert_eq!((setup.model.joints()[1].lower, setup.model.joints()[1].upper), (-1., 1.));
    assert!(setup.differences().is_empty());
    // A safety controller without both limits sets no soft limit.
    let unset = format!("{LIMIT}<safety_controller k_velocity='1'/>");
    let setup = parse(&two_joint_config("", ""), &two_joints([LIMIT, &unset])).unwrap();
    assert_eq!(setup.config.control.limits.upper, [1., 1.]);
}

#[test]
fn a_limit_that_differs_from_the_description_says_which_holds() {
    let setup =
        parse(&two_joint_config("", ", effort: [20.0, 5.0], velocity: [3.0, 2.0]"), &two_joints([LIMIT; 2])).unwrap();
    let said: Vec<String> = setup.differences().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "control.limits.effort of joint j1: the configuration's 5 N m holds, not the robot description's 20 N m",
            "control.limits.velocity of joint j1: the configuration's 2 rad/s holds, not the robot description's 3 rad/s",
        ]
    );
    assert!(Setup::shipped(|_| {}).unwrap().differences().is_empty());
}

#[test]
fn a_description_on_a_topic_is_the_nodes_alone() {
    let mut config = Setup::shipped(|_| {}).unwrap().config;
    config.robot.urdf = "topic".into();
    let path = Path::new("mine.yaml");
    let said = Setup::of(config.clone(), path).map(drop).unwrap_err().to_string();
    assert!(said.starts_with("mine.yaml: robot.urdf is topic, expected the path of a file"), "{said}");
    assert!(said.contains("init --from-robot"), "{said}");
    let origin = Path::new("what came on /robot_description");
    assert_eq!(Setup::received(config.clone(), ARM.into(), path, origin).unwrap().urdf, ARM);
    let said = Setup::received(config, "<robot name='a'>\n<link/></robot>".into(), path, origin).map(drop).unwrap_err();
    assert!(said.to_string().starts_with("robot.urdf is what came on /robot_description:2: "), "{said}");
}

#[test]
fn another_configuration_of_the_same_robot_opens_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    std::fs::write(folder.path().join("two.urdf"), two_joints([LIMIT; 2])).unwrap();
    std::fs::write(&path, two_joint_config("", "")).unwrap();
    let setup = Setup::load(&path, |_| {}).unwrap();
    drop(folder);
    let mut config = setup.config.clone();
    config.control.limits.effort = vec![3., 4.];
    assert_eq!(setup.with(config).unwrap().config.control.limits.effort, [3., 4.]);
}

#[test]
fn what_was_read_can_be_written_and_read_again() {
    let setup = Setup::shipped(|_| {}).unwrap();
    assert_eq!(parse(&setup.to_yaml().unwrap(), ARM).unwrap().config, setup.config);
    let free =
        parse(&two_joint_config(", allow_above_description: true", ", lower: [-.inf, -1.0]"), &two_joints([LIMIT; 2]))
            .unwrap();
    assert_eq!(parse(&free.to_yaml().unwrap(), &two_joints([LIMIT; 2])).unwrap().config, free.config);
}

#[test]
fn a_value_over_another_keeps_what_it_does_not_name_but_an_alternative_replaces_the_other() {
    let schema = Schema::of::<Config>();
    let merged = |below: &str, others: &[&str]| {
        let mut tree = read_yaml(below).unwrap();
        others.iter().for_each(|other| schema.merge(&mut tree, &read_yaml(other).unwrap()));
        tree
    };
    let below = "learner: {moto: {ridge: {fixed: 1}, epsilon: 1}}\nrun: {seed: 1}\n";
    let over = "learner: {moto: {ridge: cross_validated, state_diagonal: {absolute: 2}}}\nrun: {rollouts: 3}\n";
    let tree = merged(below, &[over, "learner: {moto: {state_diagonal: {scale_fraction: 3}}}"]);
    let expected = "learner: {moto: {ridge: cross_validated, epsilon: 1, state_diagonal: {scale_fraction: 3}}}\nrun: {seed: 1, rollouts: 3}";
    assert_eq!(tree, read_yaml(expected).unwrap());
    let tree = merged(below, &["learner: {reps: {epsilon: 2}}"]);
    assert_eq!(tree, read_yaml("learner: {reps: {epsilon: 2}}\nrun: {seed: 1}\n").unwrap());
}
