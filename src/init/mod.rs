//! Writes a first configuration for any arm of a robot description: joints, limits, gains, and a
//! first task to learn.
//!
//! No value is tuned to a robot. Values that the description lacks are derived from its numbers:
//! from the mass matrix and the gravity efforts at the start posture (`tuning.rs`), and from the
//! motion of the tip there (`stroke.rs`). A limit that the description lacks is not guessed: it
//! stays empty, and the report lists it.

mod arm;
mod error;
mod expand;
mod limits;
mod posture;
mod report;
mod stroke;
mod tuning;
mod write;

use std::path::{Path, PathBuf};

pub use self::error::InitError;
pub use self::report::Report;
use crate::dynamics::Description;

/// Options of `init`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Path of the robot description, a URDF or a xacro file.
    pub urdf: PathBuf,
    /// Link at the tip of the arm. `None`: the end of the longest chain of joints.
    pub tip: Option<String>,
    /// Joints that move, in the order of the configuration. `None`: the joints between the root and
    /// the tip.
    pub joints: Option<Vec<String>>,
    /// Path of MoveIt's `joint_limits.yaml`, for limits beside the description's.
    pub limits: Option<PathBuf>,
    /// Arguments of the xacro file, such as `hand:=false`.
    pub xacro_arguments: Vec<String>,
    /// Whether inertias that no rigid body can have are replaced by the nearest possible inertias.
    pub repair_inertias: bool,
    /// Path of the configuration to write. `None`: the name of the robot description, in the
    /// present folder.
    pub out: Option<PathBuf>,
}

/// Writes a configuration for the arm of a robot description.
///
/// # Errors
/// The description cannot be used, an option names something unknown, no first stroke is found, or
/// the file to write exists.
pub fn init(options: &Options) -> Result<Report, InitError> {
    let out = options.out.clone().unwrap_or_else(|| named_by(&options.urdf, "yaml"));
    if out.exists() {
        return Err(InitError::Exists { path: out });
    }
    let folder = out.parent().unwrap_or(Path::new(""));
    let urdf = expand::expanded(&options.urdf, &options.xacro_arguments, folder)?;
    let description = Description::read(&urdf)?;
    let mut arm = arm::Arm::choose(&description, options).map_err(|error| error.of(&urdf))?;
    let limits = limits::Limits::gather(&arm.model, options.limits.as_deref())?;
    for (joint, armature) in arm.model.joints_mut().iter_mut().zip(limits.armature()) {
        joint.passive.armature = armature;
    }
    let start = posture::choose(&arm, &limits)?;
    let stroke = stroke::choose(&arm, &limits, &start)?;
    let tuning = tuning::Tuning::of(&arm, &limits, &start, &stroke);
    let text = write::configuration(&write::Parts {
        urdf: &relative(&urdf, folder),
        arm: &arm,
        limits: &limits,
        start: &start,
        stroke: &stroke,
        tuning: &tuning,
        repair_inertias: options.repair_inertias,
    });
    std::fs::write(&out, text).map_err(|source| InitError::Write { path: out.clone(), source })?;
    Ok(Report::new(out, urdf, &arm, &limits, &stroke))
}

/// A path in the present folder with the name of `path` and another ending: `arm.urdf.xacro` gives
/// `arm.yaml`.
fn named_by(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("robot");
    PathBuf::from(format!("{stem}.{ending}"))
}

/// A path for a configuration in `folder`: relative if the file is in the folder or below it.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (whole(path), whole(folder)) {
        (Some(path), Some(folder)) => path.strip_prefix(&folder).map(Path::to_path_buf).unwrap_or(path),
        _ => path.into(),
    }
}
