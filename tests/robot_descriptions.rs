//! What people's robot descriptions have, and what becomes of it: small files, each with one such thing.

use std::fs;
use std::path::{Path, PathBuf};

use moto_controller::dynamics::{Description, Model, Note, Selection};
use moto_controller::setup::{ConfigError, Setup};

const LIMIT: &str = r#"<limit lower="-2" upper="2" effort="20" velocity="5"/>"#;

/// A body of 1 kg below its joint.
const BODY: &str = r#"<inertial><origin xyz="0 0 -0.2"/><mass value="1"/>
  <inertia ixx="0.02" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.002"/></inertial>"#;

fn link(name: &str, inside: &str) -> String {
    format!("<link name=\"{name}\">{inside}</link>\n")
}

fn joint(name: &str, kind: &str, [parent, child]: [&str; 2], inside: &str) -> String {
    format!(
        "<joint name=\"{name}\" type=\"{kind}\"><parent link=\"{parent}\"/><child link=\"{child}\"/>\
         <origin xyz=\"0 0 -0.4\"/><axis xyz=\"0 1 0\"/>{inside}</joint>\n"
    )
}

/// Thigh and shank, hanging from `base`, with more in between.
fn leg(more: &str) -> String {
    [
        "<?xml version=\"1.0\"?>\n<robot name=\"leg\">\n".into(),
        link("base", ""),
        link("thigh", BODY),
        link("shank", BODY),
        joint("hip", "revolute", ["base", "thigh"], LIMIT),
        joint("knee", "revolute", ["thigh", "shank"], LIMIT),
        more.into(),
        "</robot>\n".into(),
    ]
    .concat()
}

/// The same with something replaced, which must be there.
fn edited(from: &str, to: &str) -> String {
    let leg = leg("");
    assert!(leg.contains(from), "{from}");
    leg.replacen(from, to, 1)
}

/// A configuration for hip and knee, with more for the robot and for the limits.
fn config(robot: &str, limits: &str) -> String {
    format!(
        "moto_controller:
  ros__parameters:
    robot: {{urdf: leg.urdf, joints: [hip, knee]{robot}}}
    control:
      period: 0.01
      decimation: 5
      start_posture: [0.5, 0.0]
      action_scale: [1.0, 1.0]
      limits: {{effort_rate: [1e4, 1e4], margin: [0.1, 0.1], stiffness: [1.0, 1.0], damping: [1.0, 1.0]{limits}}}
      safety: {{damping: [1.0, 1.0]}}
    task: {{swing_up: {{}}}}
    learner: {{moto: {{}}}}
"
    )
}

fn setup(urdf: &str, robot: &str, limits: &str) -> Result<Setup, ConfigError> {
    let text = config(robot, limits);
    Setup::parse(Path::new("mine.yaml"), &text, |_| {}, |_| Ok(urdf.into()))
}

#[track_caller]
fn refused(urdf: &str, robot: &str, limits: &str, expected: &str) {
    let said = setup(urdf, robot, limits).err().expect(expected).to_string();
    assert!(said.contains(expected), "{said}\ndoes not say\n{expected}");
}

fn notes(urdf: &str, selection: &Selection) -> Vec<String> {
    let (_, notes) = Description::parse(urdf).unwrap().model(selection).unwrap();
    notes.iter().map(Note::to_string).collect()
}

fn learned(joints: &[&str]) -> Selection {
    Selection { joints: Some(joints.iter().map(|joint| (*joint).into()).collect()), ..Selection::default() }
}

fn toes(leader: &str) -> String {
    leg(&[
        link("left_toe", BODY),
        link("right_toe", BODY),
        joint(
            "left",
            "prismatic",
            ["shank", "left_toe"],
            r#"<limit lower="0.01" upper="0.05" effort="9" velocity="1"/>"#,
        ),
        joint(
            "right",
            "prismatic",
            ["shank", "right_toe"],
            &format!(r#"{LIMIT}<mimic joint="{leader}" multiplier="-2"/>"#),
        ),
    ]
    .concat())
}

#[test]
fn fingers_are_locked_and_said_to_be() {
    let setup = setup(&toes("left"), "", "").unwrap();
    assert_eq!(setup.model.dof(), 2);
    assert!(setup.model.frame("right_toe").is_some());
    assert_eq!(
        notes(&toes("left"), &learned(&["hip", "knee"])),
        [
            "joint left is not learned: locked at 0.01 m (robot.locked)",
            "joint right is not learned: locked at -0.02 m, where it mimics left",
        ]
    );
}

#[test]
fn a_locked_joint_stays_where_it_is_told_to() {
    refused(&toes("left"), ", locked: {left: 0.06}", "", "robot.locked.left is 0.06, expected 0.01 to 0.05 m");
    refused(
        &toes("left"),
        ", locked: {right: 0.02}",
        "",
        "robot.locked.right is 0.02, expected no value: the joint mimics left",
    );
    refused(&toes("left"), ", locked: {knee: 0.0}", "", "robot.locked.knee is 0, expected no value");
    refused(
        &toes("left"),
        ", locked: {lefd: 0.0}",
        "",
        "robot.locked is lefd, expected a joint of the robot description; did you mean left?",
    );
    refused(&toes("left"), ", locked: {left: far}", "", "robot.locked.left is \"far\", expected a number");
    let at = |position: f64| {
        let locked = [("left".to_owned(), position)].into();
        let selection = Selection { locked, ..learned(&["hip", "knee"]) };
        let (model, _) = Description::parse(&toes("left")).unwrap().model(&selection).unwrap();
        let mut workspace = model.workspace();
        model.kinematics(&mut workspace, &[0.; 2], &[0.; 2]);
        ["left_toe", "right_toe"].map(|toe| model.pose(&workspace, model.frame(toe).unwrap()).translation.y)
    };
    assert_eq!(at(0.03), [0.03, -0.06]);
}

#[test]
fn a_joint_that_mimics_a_learned_one_is_refused_with_the_way_out() {
    let said = "joint `right`: mimic = `knee`: a joint that mimics another cannot be learned, nor can `knee` while it is \
                mimicked: make `right` fixed";
    refused(&toes("knee"), "", "", said);
    // The way out is not needed where nothing that is learned is mimicked.
    for leader in ["nowhere", "right"] {
        setup(&toes(leader), "", "").unwrap();
    }
    let urdf = toes("left");
    let said = Description::parse(&urdf).unwrap().model(&learned(&["hip", "right"])).unwrap_err().to_string();
    assert!(said.contains("joint `right`: mimic = `left`"), "{said}");
}

#[test]
fn joints_are_chosen_by_name_in_any_order() {
    let urdf = leg("");
    let description = Description::parse(&urdf).unwrap();
    let effort = |joints: &[&str], q: &[f64]| {
        let (model, _) = description.model(&learned(joints)).unwrap();
        let names: Vec<&str> = model.joints().iter().map(|joint| joint.name.as_str()).collect();
        assert_eq!(names, joints);
        let mut effort = vec![0.; q.len()];
        model.inverse_dynamics(&mut model.workspace(), q, &vec![0.; q.len()], &vec![1.; q.len()], &mut effort);
        effort
    };
    let [hip, knee] = effort(&["hip", "knee"], &[0.3, 0.7])[..] else { panic!() };
    assert_eq!(effort(&["knee", "hip"], &[0.7, 0.3]), [knee, hip]);
    for (joints, expected) in [
        (["hip", "nee"], "joints[1] is nee, expected a joint of the robot description; did you mean knee?"),
        (["hip", "hip"], "joints[1] is hip, expected each joint once"),
        (["hip", "wheel"], "joints[1] is wheel, expected a joint of the robot description; there are hip, knee"),
    ] {
        let said = description.model(&learned(&joints)).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_effort_of_zero_is_none_and_the_one_that_is_given_is_that_of_loop_and_drives() {
    let urdf = leg("").replace("effort=\"20\"", "effort=\"0\"");
    refused(
        &urdf,
        "",
        "",
        "control.limits.effort of joint hip is missing, expected above 0 N m: the robot description has none",
    );
    refused(
        &urdf,
        "",
        ", effort: [7.0, null]",
        "control.limits.effort of joint knee is empty, expected above 0 N or N m",
    );
    let setup = setup(&urdf, "", ", effort: [7.0, 8.0]").unwrap();
    assert_eq!(setup.config.control.limits.effort, [7., 8.]);
    assert_eq!(setup.model.joints().iter().map(|joint| joint.effort).collect::<Vec<_>>(), [7., 8.]);
    assert!(setup.differences().is_empty());
}

#[test]
fn missing_and_infinite_limits_are_named_by_joint_until_they_are_given() {
    let continuous = leg("").replace(LIMIT, "").replace("revolute", "continuous");
    refused(&continuous, "", "", "control.limits.effort of joint hip is missing");
    refused(
        &continuous,
        "",
        ", effort: [9.0, 9.0]",
        "control.limits.velocity of joint hip is missing, expected above 0 rad/s",
    );
    let setup_of = |more| setup(&continuous, "", &format!(", effort: [9.0, 9.0], velocity: [4.0, 4.0]{more}"));
    assert_eq!(setup_of("").unwrap().config.control.limits.upper, [f64::INFINITY; 2]);
    let infinite = edited("effort=\"20\"", "effort=\"inf\"");
    refused(&infinite, "", "", "control.limits.effort of joint hip is missing");
    for unbounded in [
        edited(LIMIT, "<limit effort=\"20\" velocity=\"5\"/>"),
        edited("lower=\"-2\" upper=\"2\"", "lower=\"0\" upper=\"0\""),
    ] {
        refused(
            &unbounded,
            "",
            "",
            "control.limits.lower of joint hip is missing, expected a bound in rad, or -.inf for none",
        );
        setup(&unbounded, "", ", lower: [-.inf, -2.0], upper: [3.0, 2.0]").unwrap();
    }
    // A bound that is left out is 0, as the format has it.
    assert_eq!(Model::from_urdf_str(&edited("lower=\"-2\" ", "")).unwrap().joints()[0].lower, 0.);
}

#[test]
fn what_the_dynamics_does_not_use_refuses_no_file() {
    let files = [
        edited("<limit lower", "<limit drake:acceleration=\"9\" lower"),
        edited(
            "<robot name=\"leg\">",
            "<robot name=\"leg\"><drake:effort_limit/><gazebo reference=\"nobody\"/><xyz:a/>",
        ),
        edited(
            BODY,
            &format!("{BODY}<visual><geometry/><material name=\"m\"><texture/></material></visual><collision/>"),
        ),
        edited(
            BODY,
            &format!(
                "{BODY}<visual><origin xyz=\"a b\"/><geometry><mesh filename=\"&undeclared; & more\"/></geometry></visual>"
            ),
        ),
        edited(
            "<robot name=\"leg\">",
            "<!DOCTYPE robot><robot><transmission name=\"t\"><joint name=\"hip\"/></transmission>",
        ),
        edited("<robot", "<!-- <link name=\"base\"> -- <mass value=\"-1\"/> --><robot"),
        edited(
            "</joint>",
            "<calibration rising=\"much\"/><safety_controller soft_lower_limit=\"a\"/><property/></joint>",
        ),
        leg(
            "<ros2_control name=\"c\" type=\"system\"><joint name=\"hip\"/></ros2_control><sensor><parent link=\"thigh\"/></sensor>",
        ),
        leg("<material name=\"m\"/><material name=\"m\"/>text &amp; more<link2/>"),
        leg(&(link("tip", "") + &joint("flange", "fixed", ["shank", "tip"], "<limit effort=\"none\"/>"))),
        edited(LIMIT, &format!("<dynamics/>{LIMIT}")),
        edited("xyz=\"0 1 0\"", "xyz=\"0 2.5 0\""),
        format!("\u{feff}{}", leg("").replace('\n', "\r\n")),
        edited("<link name=\"base\">", "<link name=\"base\"><inertial><mass value=\"heavy\"/></inertial>"),
    ];
    for urdf in &files {
        let setup = setup(urdf, "", "").unwrap_or_else(|error| panic!("{error}\n{urdf}"));
        assert_eq!(setup.model.dof(), 2);
    }
    // A file of Latin-1, as editors left them.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leg.urdf");
    fs::write(
        &path,
        [b"<!-- H\xfcfte -->".as_slice(), leg("").trim_start_matches("<?xml version=\"1.0\"?>").as_bytes()].concat(),
    )
    .unwrap();
    assert_eq!(Model::from_urdf_file(&path).unwrap().dof(), 2);
}

#[test]
fn names_may_have_any_characters_and_errors_never_blame_what_is_commented_out() {
    let named = |mass: &str| {
        leg("")
            .replace("\"hip\"", "\"Hüft gelenk/1.a &amp; b\"")
            .replace("\"thigh\"", "\"大腿 '1'\"")
            .replace("<link name=\"shank\">", "<!-- <link name=\"shank\"><mass value=\"-1\"/> --><link name=\"shank\">")
            .replacen("<mass value=\"1\"/>", &format!("<mass value=\"{mass}\"/>"), 1)
    };
    let model = Model::from_urdf_str(&named("1")).unwrap();
    assert_eq!(model.joints()[0].name, "Hüft gelenk/1.a & b");
    assert!(model.frame("大腿 '1'").is_some());
    let said = Model::from_urdf_str(&named("-1")).unwrap_err().to_string();
    assert!(said.starts_with("line 4: link `大腿 '1'`: mass value = -1"), "{said}");
}

#[test]
fn xacro_that_was_not_expanded_is_told_how_to_be() {
    let raw = edited(
        "<robot name=\"leg\">",
        "<robot name=\"leg\" xmlns:xacro=\"http://ros.org/wiki/xacro\"><xacro:arg name=\"m\"/>",
    );
    refused(
        &raw,
        "",
        "",
        "robot.urdf is leg.urdf:2: <xacro:arg> is xacro, which has to be expanded first: `xacro robot.urdf.xacro > robot.urdf`",
    );
    // What xacro leaves behind does no harm.
    setup(&edited("<robot name=\"leg\">", "<robot name=\"leg\" xmlns:xacro=\"http://ros.org/wiki/xacro\">"), "", "")
        .unwrap();
    refused(
        &edited("mass value=\"1\"", "mass value=\"${m}\""),
        "",
        "",
        "link `thigh`: mass value = ${m}: must be a number",
    );
}

#[test]
fn an_inertia_that_no_body_can_have_is_refused_or_repaired_as_told() {
    let urdf = edited("ixz=\"0\"", "ixz=\"0.02\"");
    refused(&urdf, "", "", "leg.urdf:5: link `thigh`: inertia principal moment = -0.0");
    refused(&urdf, "", "", "set robot.repair_inertias: true");
    let setup = setup(&urdf, ", repair_inertias: true", "").unwrap();
    let (q, zeros) = ([0.4, 0.2], [0.; 2]);
    let (mut effort, mut acceleration) = ([0.; 2], [0.; 2]);
    let mut workspace = setup.model.workspace();
    setup.model.inverse_dynamics(&mut workspace, &q, &zeros, &[1., 2.], &mut effort);
    setup.model.forward_dynamics(&mut workspace, &q, &zeros, &effort, &mut acceleration);
    assert!((acceleration[0] - 1.).abs() < 1e-9 && (acceleration[1] - 2.).abs() < 1e-9);
    let said = notes(&urdf, &Selection { repair_inertias: true, ..learned(&["hip", "knee"]) });
    assert!(
        said.len() == 1 && said[0].starts_with("link thigh: no body has principal moments of inertia of ["),
        "{said:?}"
    );
    // The body of a joint that is locked stands still: its inertia does not matter.
    let (model, _) = Description::parse(&edited("ixz=\"0\"", "ixz=\"0\"")).unwrap().model(&learned(&["knee"])).unwrap();
    assert_eq!(Description::parse(&urdf).unwrap().model(&learned(&["knee"])).unwrap().0.dof(), model.dof());
}

#[test]
fn the_envelope_begins_at_soft_limits() {
    let soft = edited(
        LIMIT,
        &format!("{LIMIT}<safety_controller soft_lower_limit=\"-1.5\" soft_upper_limit=\"1\" k_velocity=\"1\"/>"),
    );
    let limits = setup(&soft, "", "").unwrap().config.control.limits;
    assert_eq!((limits.lower, limits.upper), (vec![-1.5, -2.], vec![1., 2.]));
    let senseless = soft.replace("soft_lower_limit=\"-1.5\"", "soft_lower_limit=\"1.5\"");
    assert_eq!(setup(&senseless, "", "").unwrap().config.control.limits.lower, [-2., -2.]);
    let said = notes(&senseless, &learned(&["hip", "knee"]));
    assert!(said[0].contains("joint hip: the soft limits of its safety_controller make no sense"), "{said:?}");
}

#[test]
fn a_joint_that_would_move_nothing_is_refused_or_locked() {
    let urdf = leg(&[
        link("flange", ""),
        link("tool", ""),
        joint("mount", "fixed", ["shank", "flange"], ""),
        joint("ankle", "revolute", ["flange", "tool"], LIMIT),
    ]
    .concat());
    let said = Model::from_urdf_str(&urdf).unwrap_err().to_string();
    assert!(
        said.contains("link `tool`: inertial mass = 0: joint `ankle` would move nothing: give the link a mass and an inertia, make the joint fixed, or leave it out of robot.joints"),
        "{said}"
    );
    assert_eq!(setup(&urdf, "", "").unwrap().model.dof(), 2);
}

#[test]
fn a_free_base_is_fixed_at_the_root_and_nowhere_else() {
    let free = |kind: &str| {
        leg("")
            .replace("<link name=\"base\">", "<link name=\"world\"/><link name=\"pelvis\"/><link name=\"base\">")
            .replace("</robot>", &joint("free", kind, ["pelvis", "base"], ""))
            + &joint("stand", "fixed", ["world", "pelvis"], "")
            + "</robot>"
    };
    for kind in ["floating", "planar"] {
        assert_eq!(setup(&free(kind), "", "").unwrap().model.dof(), 2);
        let said = notes(&free(kind), &learned(&["hip", "knee"]));
        assert_eq!(
            said,
            [format!("joint free is {kind}: the robot is fixed to the world there, at the joint's origin")]
        );
        let hip = edited("name=\"knee\" type=\"revolute\"", &format!("name=\"knee\" type=\"{kind}\""));
        let said = Description::parse(&hip).unwrap().model(&learned(&["hip"])).unwrap_err().to_string();
        assert!(
            said.contains(&format!("joint `knee`: type = {kind}: only the root's joint may be of this type")),
            "{said}"
        );
    }
    refused(
        &free("floating"),
        ", locked: {free: 0.0}",
        "",
        "robot.locked.free is 0, expected no value: the joint is floating",
    );
}

#[test]
fn a_start_posture_outside_the_bounds_is_refused_by_joint() {
    let urdf = edited("lower=\"-2\" upper=\"2\"", "lower=\"1\" upper=\"2\"");
    refused(&urdf, "", "", "control.start_posture of joint hip is 0.5, expected 1.1 to 1.9");
}

#[test]
fn every_description_that_is_shipped_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("urdf");
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let urdfs: Vec<_> = files.iter().filter(|path| path.extension().is_some_and(|end| end == "urdf")).collect();
    assert!(urdfs.len() > 3);
    for path in urdfs {
        Model::from_urdf_file(path).unwrap();
    }
}
