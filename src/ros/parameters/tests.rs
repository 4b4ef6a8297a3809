use super::*;
use crate::ros::BallSource;
use crate::ros::config::BallConfig;
use moto_settings::document;
use std::collections::BTreeMap;
use std::path::Path;

fn nobody(_: &RosConfig) -> Result<Described, RosError> {
    panic!("the description is a file")
}

fn load(overrides: &[(&str, ParameterValue)]) -> Result<Parameters, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
    let given: Vec<_> = overrides.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    Parameters::load(path, &given, "/", nobody).map_err(|error| error.to_string())
}

fn text(text: &str) -> ParameterValue {
    ParameterValue::String(text.into())
}

fn refused(name: &str, value: ParameterValue) -> String {
    load(&[(name, value)]).err().unwrap_or_else(|| format!("{name} is accepted"))
}

#[test]
fn a_misspelt_name_under_our_prefixes_is_refused_with_the_nearest_one() {
    let said = refused("control.limits.efort", ParameterValue::DoubleArray(vec![1.; 9]));
    assert_eq!(said, "there is no such parameter: control.limits.efort; did you mean control.limits.effort?");
    let said = refused("ros.comand_topic", text("x"));
    assert_eq!(said, "there is no such parameter: ros.comand_topic; did you mean ros.command_topic?");
    let said = refused("ros.diagnostics.max_latenes", ParameterValue::Double(1.));
    assert!(said.ends_with("did you mean ros.diagnostics.max_lateness?"), "{said}");
    assert!(refused("run.colour", text("x")).contains("there are checkpoints"));
    assert!(refused("control.limits", text("x")).contains("no such parameter"));
    assert!(refused("task.tabletennis.setting", text("context")).contains("no such parameter"));
    // Names of other nodes, as in files with parameters for every node.
    assert!(load(&[("robot_description", text("<robot/>")), ("another.parameter", text("x"))]).is_ok());
    let mut parameters = load(&[]).unwrap();
    let said = parameters.set(&[("control.limits.efort".into(), ParameterValue::Double(1.))]).unwrap_err();
    assert!(said.to_string().contains("did you mean control.limits.effort?"), "{said}");
}

#[test]
fn a_value_is_refused_by_parameter_joint_and_bound_without_a_file() {
    let said = refused("run.rollouts", ParameterValue::Integer(1));
    assert_eq!(said, "parameter run.rollouts is 1, expected a whole number, 2 to 10000");
    let efforts = vec![1., 1., 1., 1., 1., -1., 1., 1., 1.];
    let said = refused("control.limits.effort", ParameterValue::DoubleArray(efforts));
    assert_eq!(said, "parameter control.limits.effort of joint j3 is -1, expected above 0 N or N m");
    let said = refused("control.limits.effort", ParameterValue::DoubleArray(vec![1e4; 9]));
    assert!(said.starts_with("parameter control.limits.effort of joint bx is 10000, expected at most"), "{said}");
    let said = refused("run.seed", text("x"));
    assert_eq!(said, "parameter run.seed: expected integer, got string (a whole number, at least 0)");
    let said = refused("ros.joints.sign", ParameterValue::DoubleArray(vec![1.]));
    assert_eq!(said, "parameter ros.joints.sign has 1 entry, the robot has 9 joints");
}

#[test]
fn a_task_that_cannot_track_takes_no_positions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/reach.yaml");
    let task = Setup::load(&path, |_| {}).unwrap().task().unwrap();
    let ball = BallConfig { source: BallSource::Pose, ..BallConfig::default() };
    assert!(ball.trackers(&*task).unwrap().is_empty(), "it observes no body");
    let task = Setup::shipped(|_| {}).unwrap().task().unwrap();
    assert_eq!(ball.trackers(&*task).unwrap().len(), 1);
    assert!(BallConfig::default().trackers(&*task).unwrap().is_empty());
}

#[test]
fn a_live_page_is_for_this_machine_unless_leave_is_given() {
    let said = refused("ros.live_address", text("nonsense"));
    assert_eq!(said, "parameter ros.live_address is \"nonsense\", expected an address of this machine, e.g. 127.0.0.1");
    let (page, anywhere) = (("ros.live_page", ParameterValue::Bool(true)), ("ros.live_address", text("0.0.0.0")));
    let said = load(&[page.clone(), anywhere.clone()]).err().unwrap();
    assert!(said.contains("ros.live_address is \"0.0.0.0\"") && said.contains("ros.live_to_network"), "{said}");
    assert!(load(&[page, anywhere, ("ros.live_to_network", ParameterValue::Bool(true))]).is_ok());
    assert!(refused("ros.live_port", ParameterValue::Integer(70_000)).contains("0 to 65535"));
}

#[test]
fn a_bad_topic_name_names_its_parameter() {
    for (name, topic) in
        [("ros.command_topic", "bad topic!"), ("ros.serve_topic", "1st"), ("ros.serve_service", "a//b")]
    {
        let said = refused(name, text(topic));
        assert!(
            said.starts_with(&format!("parameter {name} is {topic:?}, expected a name as ROS 2 has them")),
            "{said}"
        );
    }
    assert!(refused("ros.command_topic", text("")).contains("not empty"));
}

#[test]
fn both_spellings_of_a_choice_are_taken() {
    let parameters = load(&[("task.table_tennis.setting", text("noisy-bounce"))]).unwrap();
    assert_eq!(parameters.value("task.table_tennis.setting"), Some(text("noisy_bounce")));
}

#[test]
fn a_change_opens_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["config/table_tennis.yaml", "urdf/table_tennis_arm.urdf"] {
        let copy = folder.path().join(file);
        std::fs::create_dir(copy.parent().unwrap()).unwrap();
        std::fs::copy(repository.join(file), copy).unwrap();
    }
    let mut parameters = Parameters::load(folder.path().join("config/table_tennis.yaml"), &[], "/", nobody).unwrap();
    drop(folder);
    let change = [("control.tracking.damping".into(), ParameterValue::Double(39.))];
    assert_eq!(parameters.set(&change).unwrap(), ["control.tracking.damping"]);
    assert_eq!(parameters.value("control.tracking.damping"), Some(ParameterValue::Double(39.)));
    assert_eq!(parameters.settings().setup.config.control.tracking.damping, 39.);
}

#[test]
fn parameters_describe_themselves_by_their_attributes() {
    let parameters = load(&[]).unwrap();
    let field = |name: &str| parameters.describe(name).unwrap_or_else(|| panic!("{name} is not described"));
    let period = field("control.period");
    assert_eq!((period.kind, period.optional, period.range.bounds()), (Kind::Double, false, Some((0.0001, 0.1))));
    assert_eq!((&*period.expected, period.unit.as_deref()), ("0.0001 to 0.1 s", Some("s")));
    assert_eq!(field("control.limits.effort_rate").kind, Kind::DoubleArray);
    assert_eq!(field("robot.joints").kind, Kind::TextArray);
    let cpu = field("control.scheduling.cpu");
    assert_eq!((cpu.kind, cpu.optional), (Kind::Integer, true));
    assert_eq!(field("task.table_tennis.setting").choices, ["noiseless", "context", "noisy_bounce"]);
    assert!(parameters.describe("control.fly").is_none() && parameters.describe("control").is_none());
    for name in parameters.names() {
        assert!(!field(name).text.is_empty(), "{name}");
    }
}

/// Run with UPDATE_DOCUMENTATION=1 to write it.
#[test]
fn the_documentation_is_that_of_the_parameters() {
    let sample = Tree::of(&BTreeMap::from([("ros", RosConfig::default())])).unwrap();
    let text = format!(
        "# Parameters of the node itself\n\nMade from the code (`crates/moto_settings`); all others are in [configuration.md](configuration.md).\n\n{}",
        document(&Schema::of::<Own>(), &sample).trim_end(),
    ) + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ros_parameters.md");
    if std::env::var_os("UPDATE_DOCUMENTATION").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == text, "{} is not up to date", path.display());
}

/// The node's own parameters under their prefix.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Own {
    /// The node.
    ros: RosConfig,
}
