//! Writes the configuration as text. A comment gives the source of each value.

use std::fmt::Write;
use std::path::Path;

use super::arm::Arm;
use super::first::First;
use super::given::Posture;
use super::limits::{self, JointLimits, Limit, Limits, rounded};
use super::posture::Start;
use super::stroke::PERIOD;
use super::tuning::Tuning;
use crate::dynamics::{JointKind, Note};

/// The parts of a configuration.
pub(super) struct Parts<'a> {
    pub urdf: &'a Path,
    pub arm: &'a Arm,
    pub limits: &'a Limits,
    pub start: &'a Start,
    /// The posture that was given, if it was not chosen.
    pub given: Option<&'a Posture>,
    pub tuning: &'a Tuning,
    pub first: &'a First,
    pub repair_inertias: bool,
}

/// Text of the whole configuration.
pub(super) fn configuration(parts: &Parts<'_>) -> String {
    let name = parts.arm.model.name();
    format!(
        "# Made by `moto_controller init` for the robot {name}: each value says where it is from. A ROS 2 parameter file.\n\
         # docs/configuration.md lists all fields; what is left out takes its default.\n\
         moto_controller:\n  ros__parameters:\n{}{}{}{LEARNER}",
        robot(parts),
        control(parts),
        parts.first.text
    )
}

/// Generic settings, which learn a stroke in a hundred episodes or two.
const LEARNER: &str = "
    learner:                                # for strokes, whatever the arm
      moto:
        epsilon: 0.2                        # nats per step
        beta0: 0.04                         # nats per step and iteration
        trust_region: trajectory
        reuse: same_step_decay
        stored_iterations: 60
        sample_decay: 0.97
        observed_return: 0.3
        state_diagonal: {scale_fraction: 0.3}   # counts a gain's change as if each state spread by as much
        drop_threshold: 0.01

    run:
      seed: 1
      rollouts: 5                           # strokes per iteration
      iterations: 60                        # 300 strokes
      evaluation_strokes: 30
";

fn robot(parts: &Parts<'_>) -> String {
    let Parts { urdf, arm, given, repair_inertias, .. } = parts;
    let mut text = format!("    robot:\n      urdf: {}\n", quoted(&urdf.to_string_lossy()));
    let _ = writeln!(text, "      joints:                               # {}", arm.reason);
    for joint in arm.model.joints() {
        let _ = writeln!(text, "        - {}", quoted(&joint.name));
    }
    let locked: Vec<String> = arm
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::Locked { joint, position, unit, mimics: None } => {
                Some(format!("        {}: {}  # {unit}\n", quoted(joint), number(*position)))
            }
            _ => None,
        })
        .collect();
    if !locked.is_empty() {
        let source = given.map_or(String::new(), |given| format!("{}; the others ", given.source()));
        let _ =
            writeln!(text, "      locked:                               # {source}at zero, or the bound next to it");
        text += &locked.concat();
    }
    if *repair_inertias {
        let _ = writeln!(text, "      repair_inertias: true                 # as asked for");
    }
    let _ = writeln!(text, "      gravity: [0.0, 0.0, -9.81]            # m/s^2: the description's z points up");
    let _ = writeln!(
        text,
        "      arm:                                  # of the simulated arm, and of the feedforward\n        \
         armature:  # kg m^2, kg: inertia of the drive at its joint. No description has it: as if the drive alone \
         reached its speed limit in {} s. Give the data sheet's",
        limits::DRIVE_TIME
    );
    for (joint, limits) in arm.model.joints().iter().zip(&parts.limits.0) {
        let _ = writeln!(text, "          - {}  # {}", number(joint.passive.armature), plain(&limits.name));
    }
    let _ = writeln!(
        text,
        "      compensates: []                       # of gravity, coriolis: what the robot's driver adds by itself"
    );
    text
}

fn control(parts: &Parts<'_>) -> String {
    let Parts { limits, start, given, tuning, first, .. } = parts;
    let near = given.map_or(first.posture, |given| given.source());
    let (trigger, watchdog) = match first.observes {
        true => ("", ""),
        false => (
            "      trigger: at_once                      # nothing has to be waited for\n",
            "      watchdog: {max_task_age: null}        # nothing is observed besides the joints\n",
        ),
    };
    let mut text = format!(
        "
    control:
      period: {PERIOD}                         # s
      decimation: {:<26}# control periods in a policy step of {} s
{trigger}",
        first.decimation,
        rounded(PERIOD * first.decimation as f64)
    );
    let numbers = |values: &[f64]| values.iter().map(|value| (number(*value), String::new())).collect::<Vec<_>>();
    let said = |of: fn(&JointLimits) -> &Limit, units: [&str; 2]| -> Vec<(String, String)> {
        let value = |limit: &Limit| limit.value.map_or("null".into(), number);
        let unit = |joint: &JointLimits| units[usize::from(joint.kind == JointKind::Prismatic)];
        limits.0.iter().map(|joint| (value(of(joint)), format!(", {}: {}", unit(joint), of(joint).source))).collect()
    };
    let mut list = |indent: usize, field: &str, comment: &str, values: &[(String, String)]| {
        let pad = " ".repeat(indent);
        let _ = writeln!(text, "{pad}{field}:  # {comment}");
        for ((value, remark), joint) in values.iter().zip(&limits.0) {
            let _ = writeln!(text, "{pad}  - {value}  # {}{remark}", plain(&joint.name));
        }
    };
    list(6, "start_posture", &format!("rad, m: {near}"), &numbers(&start.position));
    let spread = "N m, N per unit of the action: the efforts of the exploration";
    list(6, "action_scale", spread, &numbers(&first.action_scale));
    list(6, "limits", "what the joints are allowed", &[]);
    list(8, "effort", "largest effort", &said(|joint| &joint.effort, ["N m", "N"]));
    list(8, "lower", "lower position bound", &said(|joint| &joint.lower, ["rad", "m"]));
    list(8, "upper", "upper position bound", &said(|joint| &joint.upper, ["rad", "m"]));
    list(8, "velocity", "largest speed", &said(|joint| &joint.velocity, ["rad/s", "m/s"]));
    let rate = "N m/s, N/s: from nothing to the effort limit in two periods";
    list(8, "effort_rate", rate, &numbers(&tuning.effort_rate));
    let margin = "rad, m: a twentieth of the range, 0.05 rad or 0.01 m at most";
    list(8, "margin", margin, &numbers(&tuning.margin));
    let stiffness = "N m/rad, N/m: inertia (with the other joints free) at the start posture x (40 rad/s)^2, at most effort / margin";
    list(8, "stiffness", stiffness, &numbers(&tuning.stiffness));
    list(8, "damping", "N m s/rad, N s/m: inertia x 40 rad/s, half of critical", &numbers(&tuning.damping));
    list(6, "safety", "what the joints get after a fault", &[]);
    list(8, "damping", "N m s/rad, N s/m: inertia / 0.1 s", &numbers(&tuning.safe_damping));
    text += "      tracking: {stiffness: 400.0, damping: 40.0}   # 1/s^2, 1/s: 20 rad/s, critically damped, whatever the inertia
      homing: {duration: 1.0, timeout: 5.0}         # s
      return: {duration: 1.0, timeout: 5.0}         # s
";
    text + watchdog
}

/// A list of numbers.
pub(super) fn vector(values: &[f64]) -> String {
    format!("[{}]", values.iter().map(|x| number(*x)).collect::<Vec<_>>().join(", "))
}

/// A number that YAML reads as a floating-point number.
pub(super) fn number(value: f64) -> String {
    match value {
        f64::INFINITY => ".inf".into(),
        f64::NEG_INFINITY => "-.inf".into(),
        0. => "0.0".into(),
        value => format!("{value:?}"),
    }
}

/// A YAML text: in quotation marks unless it is safe without.
pub(super) fn quoted(text: &str) -> String {
    let safe = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"]
            .contains(&&*text.to_lowercase());
    // A JSON string is also a YAML string.
    if safe { text.into() } else { serde_json::Value::from(text).to_string() }
}

/// A name for a comment, without control characters.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
