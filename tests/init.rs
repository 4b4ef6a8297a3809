//! `moto_controller init`: a configuration for any arm of a robot description, which the dry run takes as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use moto_controller::init::{FirstTask, InitError, Options, Posture, Report, init};
use moto_controller::setup::Setup;

const LIMIT: &str = r#"<limit lower="-2" upper="2" effort="20" velocity="5"/>"#;

/// A rod of 1 kg along its z, from its joint downwards.
fn link(name: &str) -> String {
    format!(
        "<link name=\"{name}\"><inertial><origin xyz=\"0 0 -0.15\"/><mass value=\"1\"/>\
         <inertia ixx=\"0.01\" ixy=\"0\" ixz=\"0\" iyy=\"0.01\" iyz=\"0\" izz=\"0.002\"/></inertial></link>\n"
    )
}

fn joint(name: &str, kind: &str, [parent, child]: [&str; 2], axis: &str, limit: &str) -> String {
    format!(
        "<joint name=\"{name}\" type=\"{kind}\"><parent link=\"{parent}\"/><child link=\"{child}\"/>\
         <origin xyz=\"0 0 -0.3\"/><axis xyz=\"{axis}\"/>{limit}</joint>\n"
    )
}

/// Shoulder, elbow and a hand of two fingers.
fn arm() -> String {
    let finger = "<limit lower=\"0\" upper=\"0.04\" effort=\"10\" velocity=\"0.5\"/>";
    [
        "<robot name=\"arm\"><link name=\"world\"/>\n".into(),
        ["upper", "lower", "left", "right"].map(link).concat(),
        joint("shoulder", "revolute", ["world", "upper"], "0 1 0", LIMIT),
        joint("elbow", "revolute", ["upper", "lower"], "0 1 0", LIMIT),
        joint("left", "prismatic", ["lower", "left"], "0 1 0", finger),
        joint("right", "prismatic", ["lower", "right"], "0 -1 0", finger),
        "</robot>".into(),
    ]
    .concat()
}

struct Place(tempfile::TempDir);

impl Place {
    fn with(urdf: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("arm.urdf"), urdf).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn options(&self) -> Options {
        Options { urdf: self.path("arm.urdf"), out: Some(self.path("arm.yaml")), ..Options::default() }
    }

    fn init(&self, change: impl FnOnce(&mut Options)) -> Result<Report, InitError> {
        let mut options = self.options();
        change(&mut options);
        init(&options)
    }

    fn setup(&self) -> Setup {
        Setup::load(&self.path("arm.yaml"), |_| {}).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path("arm.yaml")).unwrap()
    }

    /// The program, with `search` for the programs it starts.
    fn run(&self, arguments: &[&str], search: &Path) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moto_controller"));
        command.current_dir(self.0.path()).args(arguments).env("PATH", search).output().unwrap()
    }
}

#[track_caller]
fn refused(result: Result<Report, InitError>, expected: &str) {
    let said = result.unwrap_err().to_string();
    assert!(said.contains(expected), "{said}\ndoes not say\n{expected}");
}

#[test]
fn the_configuration_of_an_arm_is_whole_and_its_hand_is_locked() {
    let place = Place::with(&arm());
    let report = place.init(|_| {}).unwrap();
    assert_eq!(report.missing, [""; 0]);
    let said = report.to_string();
    assert!(said.contains("joints      shoulder, elbow (the longest chain without a hand"), "{said}");
    assert!(said.contains("joint left is not learned: locked at 0 m"), "{said}");
    let setup = place.setup();
    assert_eq!(setup.config.robot.joints, ["shoulder", "elbow"]);
    assert_eq!(setup.config.robot.urdf, Path::new("arm.urdf"));
    assert!(setup.differences().is_empty());
    assert_eq!(setup.title(), "stroke");
    // Every entry of a list says whose it is.
    let text = place.text();
    assert!(
        text.lines().filter(|line| line.trim_start().starts_with("- ")).all(|line| {
            line.contains("# shoulder")
                || line.contains("# elbow")
                || line.contains("{")
                || line.ends_with("shoulder")
                || line.ends_with("elbow")
                || line.contains("time:")
        }),
        "{text}"
    );
}

#[test]
fn joints_and_tip_are_those_asked_for() {
    let place = Place::with(&arm());
    place.init(|options| options.joints = Some(vec!["elbow".into(), "shoulder".into()])).unwrap();
    assert_eq!(place.setup().config.robot.joints, ["elbow", "shoulder"]);
    let place = Place::with(&arm());
    place.init(|options| options.tip = Some("upper".into())).unwrap();
    assert_eq!(place.setup().config.robot.joints, ["shoulder"]);
    assert_eq!(place.setup().config.robot.locked.len(), 3);
    let place = Place::with(&arm());
    refused(
        place.init(|options| options.tip = Some("uper".into())),
        "--tip is uper, expected a link of the robot description; did you mean upper?",
    );
    refused(
        place.init(|options| options.tip = Some("world".into())),
        "expected a link that joints move; there are the joints shoulder",
    );
    refused(place.init(|options| options.joints = Some(vec!["elbw".into()])), "did you mean elbow?");
    place.init(|_| {}).unwrap();
    refused(place.init(|_| {}), "exists already: name another file (option --out)");
}

#[test]
fn the_start_posture_is_the_one_given_and_other_joints_are_locked_where_it_has_them() {
    let given = |text: &str| Some(text.parse::<Posture>().unwrap());
    for start in ["0.3,-0.9", "elbow:-0.9,shoulder:0.3,left:0.02"] {
        let place = Place::with(&arm());
        let report = place.init(|options| options.start = given(start)).unwrap();
        assert!(report.to_string().contains("start       as asked for"), "{report}");
        let setup = place.setup();
        assert_eq!(setup.config.control.start_posture, [0.3, -0.9]);
        let left = if start.contains("left") { 0.02 } else { 0. };
        assert_eq!((setup.config.robot.locked["left"], setup.config.robot.locked["right"]), (left, 0.));
        assert!(place.text().contains("start_posture:  # rad, m: as asked for"), "{}", place.text());
    }
    let refused_start = |start: &str, expected| {
        let result = Place::with(&arm()).init(|options| options.start = given(start));
        refused(result, expected);
    };
    refused_start("0.3", "--start has 1 entry, expected a position of each of shoulder, elbow");
    refused_start("elbow:0.1", "--start of joint shoulder is missing, expected its position");
    refused_start("elbow:0.1,shoulder:0,elbo:1", "a joint of the robot description; did you mean elbow?");
    refused_start("shoulder:0,elbow:0,left:1", "locked.left is 1, expected 0 to 0.04 m");
    let bounds = "joint elbow is at 1.96 rad, expected -1.95 to 1.95 rad (its bounds less a margin of 0.05 rad)";
    refused_start("0,1.96", bounds);
    assert_eq!("a:b:0.5, c:1".parse(), Ok(Posture::Named([("a:b".into(), 0.5), ("c".into(), 1.)].into())));
    for wrong in ["", "0.1,x", "0.1,b:2", "a:nan"] {
        assert!(wrong.parse::<Posture>().is_err(), "{wrong}");
    }
    // Both links horizontal: 5.9 N m of the 7 N m of the shoulder.
    let weak = Place::with(&arm().replace("effort=\"20\"", "effort=\"7\""));
    let result = weak.init(|options| options.start = given("1.57,0"));
    refused(result, "the arm's own weight takes ");
}

#[test]
fn what_a_robot_reports_is_its_start_and_its_description_is_saved() {
    let place = Place::with(&arm());
    let reported = |positions: &[(&str, f64)]| {
        Some(Posture::Reported(positions.iter().map(|(name, position)| ((*name).into(), *position)).collect()))
    };
    let robot = |options: &mut Options| {
        options.urdf = PathBuf::new();
        options.received = Some(arm());
        options.out = Some(place.path("mine.yaml"));
    };
    let silent = place.init(|options| {
        robot(options);
        options.start = reported(&[("shoulder", 0.2), ("wheel", 3.)]);
    });
    refused(silent, "the joint states name shoulder, wheel, and not elbow");
    assert!(!place.path("mine.urdf").exists(), "nothing is left of what was refused");
    let there = [("wheel", 3.), ("elbow", 1.00001), ("shoulder", 0.2), ("left", -0.0003), ("right", 0.01)];
    place
        .init(|options| {
            robot(options);
            options.start = reported(&there);
        })
        .unwrap();
    assert_eq!(fs::read_to_string(place.path("mine.urdf")).unwrap(), arm());
    let setup = Setup::load(&place.path("mine.yaml"), |_| {}).unwrap();
    assert_eq!(setup.config.robot.urdf, Path::new("mine.urdf"));
    assert_eq!(setup.config.control.start_posture, [0.2, 1.]);
    // A closed gripper reports a little less than its bound.
    assert_eq!((setup.config.robot.locked["left"], setup.config.robot.locked["right"]), (0., 0.01));
    let again = place.init(|options| {
        robot(options);
        options.out = Some(place.path("mine.yml"));
    });
    refused(again, "mine.urdf exists already");
}

#[test]
fn limits_that_nobody_states_are_left_empty_and_listed() {
    let place =
        Place::with(&arm().replace("effort=\"20\"", "effort=\"0\"").replacen("lower=\"-2\" upper=\"2\"", "", 1));
    let report = place.init(|_| {}).unwrap();
    let limits =
        ["effort of joint shoulder", "effort of joint elbow", "lower of joint shoulder", "upper of joint shoulder"];
    assert_eq!(report.missing, limits.map(|limit| format!("control.limits.{limit}")));
    let said = report.to_string();
    assert!(report.missing.iter().all(|limit| said.contains(limit)), "{said}");
    let said = Setup::load(&place.path("arm.yaml"), |_| {}).err().unwrap().to_string();
    assert!(said.contains("control.limits.effort of joint shoulder is empty, expected above 0 N or N m"), "{said}");
    let filled = place
        .text()
        .replace("- null  # shoulder, N m", "- 40.0  # shoulder, N m")
        .replace("- null  # elbow, N m", "- 40.0  # elbow, N m")
        .replacen("- null  # shoulder, rad", "- -2.0  # shoulder, rad", 1)
        .replacen("- null  # shoulder, rad", "- 2.0  # shoulder, rad", 1);
    fs::write(place.path("arm.yaml"), filled).unwrap();
    assert_eq!(place.setup().model.joints()[1].effort, 40.);
}

#[test]
fn moveits_limits_hold_where_they_are_narrower_or_the_only_ones() {
    let place = Place::with(&arm().replacen("effort=\"20\"", "effort=\"0\"", 1));
    let file = place.path("joint_limits.yaml");
    let limits = "joint_limits:
  shoulder: {has_velocity_limits: true, max_velocity: 2, has_effort_limits: true, max_effort: 15.0, has_acceleration_limits: false}
  elbow: {has_velocity_limits: true, max_velocity: 9.5, has_position_limits: false, min_position: -1.0}
  another: {max_velocity: 1.0}
";
    fs::write(&file, limits).unwrap();
    let report = place.init(|options| options.limits = Some(file.clone())).unwrap();
    assert_eq!(report.missing, [""; 0]);
    let found = place.setup().config.control.limits;
    assert_eq!((found.effort, found.velocity, found.lower), (vec![15., 20.], vec![2., 5.], vec![-2., -2.]));
    assert!(place.text().contains("- 15.0  # shoulder, N m: joint limits file"));
    for (text, expected) in [
        ("limits: {}\n", "joint_limits.yaml: there is no `joint_limits:`"),
        (
            "joint_limits:\n  elbow: {max_velocity: fast}\n",
            "joint_limits.yaml:2: max_velocity of joint elbow is \"fast\", expected a number",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let place = Place::with(&arm());
        refused(place.init(|options| options.limits = Some(file.clone())), expected);
    }
}

#[test]
fn what_moves_no_mass_is_locked_and_impossible_inertias_are_repaired_where_asked_for() {
    let wrist = joint("wrist", "revolute", ["lower", "tool"], "0 1 0", LIMIT) + "<link name=\"tool\"/>";
    let flange = Place::with(&(arm().replace("prismatic", "fixed").replace("</robot>", &wrist) + "</robot>"));
    let report = flange.init(|_| {}).unwrap().to_string();
    assert!(report.contains("wrist moves no mass and is locked"), "{report}");
    assert_eq!(flange.setup().config.robot.joints, ["shoulder", "elbow"]);
    let impossible = Place::with(&arm().replacen("ixz=\"0\"", "ixz=\"0.02\"", 1));
    refused(impossible.init(|_| {}), "arm.urdf:2: link `upper`: inertia principal moment = -");
    let report = impossible.init(|options| options.repair_inertias = true).unwrap().to_string();
    assert!(report.contains("link upper: no body has principal moments"), "{report}");
    assert!(impossible.setup().config.robot.repair_inertias);
}

#[test]
fn names_of_any_characters_come_through() {
    let place = Place::with(
        &arm()
            .replace("\"shoulder\"", "\"Schulter: links/1 #a\"")
            .replace("\"lower\"", "\"off\"")
            .replace("\"elbow\"", "\"1\""),
    );
    place.init(|_| {}).unwrap();
    assert_eq!(place.setup().config.robot.joints, ["Schulter: links/1 #a", "1"]);
}

#[test]
fn xacro_is_expanded_by_its_program_or_told_how_to_be() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with(&arm());
    let tag = "<xacro:property name=\"m\" value=\"1\"/>";
    fs::write(place.path("raw.urdf.xacro"), arm().replacen('\n', tag, 1)).unwrap();
    let programs = place.path("programs");
    fs::create_dir(&programs).unwrap();
    let output = place.run(&["init", "--urdf", "raw.urdf.xacro"], &programs);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("raw.urdf.xacro is xacro, and the program `xacro` that expands it is not installed"),
        "{said}"
    );
    // A stand-in that does what the program does with this file, and fails without its argument.
    let program = programs.join("xacro");
    let script = "#!/bin/sh\n[ \"$2\" = hand:=false ] || { echo 'no hand is given' >&2; exit 2; }\nwhile IFS= read -r line || [ -n \"$line\" ]; do case \"$line\" in *xacro:property*) echo '<robot name=\"arm\"><link name=\"world\"/>'; echo '<link name=\"upper\"><inertial><origin xyz=\"0 0 -0.15\"/><mass value=\"1\"/><inertia ixx=\"0.01\" ixy=\"0\" ixz=\"0\" iyy=\"0.01\" iyz=\"0\" izz=\"0.002\"/></inertial></link>';; *) echo \"$line\";; esac; done <\"$1\"\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let output = place.run(&["init", "--urdf", "raw.urdf.xacro"], &programs);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("failed") && said.contains("no hand is given") && said.contains("--xacro-args"), "{said}");
    let output = place.run(&["init", "--urdf", "raw.urdf.xacro", "--xacro-args", "hand:=false"], &programs);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let setup = Setup::load(&place.path("raw.yaml"), |_| {}).unwrap();
    assert_eq!(setup.config.robot.urdf, Path::new("raw.urdf"));
}

#[test]
fn the_dry_run_takes_what_init_wrote() {
    let place = Place::with(&arm());
    let search = PathBuf::from(std::env::var_os("PATH").unwrap());
    for arguments in [
        &["init", "--urdf", "arm.urdf"][..],
        &["dry-run", "--config", "arm.yaml", "--iterations", "2", "--realtime-strokes", "0", "--out", "run"],
    ] {
        let output = place.run(arguments, &search);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(place.path("run/metrics.jsonl").exists());
}

#[test]
fn a_place_at_the_table_is_found_from_which_the_player_returns_the_serves() {
    let place = Place::with(&arm());
    let report = place.init(|options| {
        options.urdf = concat!(env!("CARGO_MANIFEST_DIR"), "/urdf/wam_table_tennis.urdf").into();
        options.task = FirstTask::TableTennis;
        options.places = Some(300);
    });
    let said = report.unwrap().to_string();
    assert!(said.contains("it returned 20 of 20 serves"), "{said}");
    // The file says the same place, and the demonstration starts there.
    let setup = place.setup();
    assert_eq!(setup.model.dof(), 7);
    let start = setup.task().unwrap().start().unwrap();
    assert_eq!(start.demonstration.unwrap().joints, 7);
}

#[test]
fn an_arm_that_cannot_play_gets_no_configuration() {
    let place = Place::with(&arm());
    let refused = place.init(|options| {
        options.task = FirstTask::TableTennis;
        options.racket = Some("lower".into());
        options.places = Some(50);
    });
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("with the racket on link lower") && said.contains("any of 50 places"), "{said}");
    assert!(!place.path("arm.yaml").exists());
    let unknown = place.init(|options| {
        options.task = FirstTask::TableTennis;
        options.racket = Some("lowr".into());
    });
    assert!(unknown.unwrap_err().to_string().contains("did you mean lower?"));
}
