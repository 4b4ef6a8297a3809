//! A first configuration for any arm of a robot description: which joints, within which limits, with which gains, and a
//! first task to learn.
//!
//! Nothing here is tuned to a robot. What the description does not say is worked out from its own numbers: the mass
//! matrix and the gravity efforts at the start posture ([`tuning`]), and how the tip moves there ([`stroke`]). A limit that
//! the description lacks is not guessed: it is left empty, and listed.

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

/// What a configuration is made for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The robot description, a URDF or a xacro file.
    pub urdf: PathBuf,
    /// The link at the tip of the arm; that of the longest chain of joints where none is given.
    pub tip: Option<String>,
    /// The joints that are learned, in the order wanted; those between root and tip where none are given.
    pub joints: Option<Vec<String>>,
    /// Limits beside those of the description: MoveIt's `joint_limits.yaml`.
    pub limits: Option<PathBuf>,
    /// Arguments of the xacro file, as `hand:=false`.
    pub xacro_arguments: Vec<String>,
    /// Whether inertias that no body can have are replaced by the nearest ones that a body can have.
    pub repair_inertias: bool,
    /// The configuration to write; named by the robot description, in the present folder, where none is given.
    pub out: Option<PathBuf>,
}

/// Writes a configuration for the arm of a robot description.
///
/// # Errors
/// The description cannot be read or used, a name means nothing, no first stroke can be found, or the file exists.
pub fn init(options: &Options) -> Result<Report, InitError> {
    let out = options.out.clone().unwrap_or_else(|| named_by(&options.urdf, "yaml"));
    if out.exists() {
        return Err(InitError::Exists { path: out });
    }
    let folder = out.parent().unwrap_or(Path::new(""));
    let urdf = expand::expanded(&options.urdf, &options.xacro_arguments, folder)?;
    let description = Description::read(&urdf)?;
    let arm = arm::Arm::choose(&description, options).map_err(|error| error.of(&urdf))?;
    let limits = limits::Limits::gather(&arm.model, options.limits.as_deref())?;
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

/// The file of another ending in the present folder that is named as `path` is: `arm.urdf.xacro` gives `arm.yaml`.
fn named_by(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("robot");
    PathBuf::from(format!("{stem}.{ending}"))
}

/// A path as a configuration in `folder` names it: relative where the file lies in the folder or below it.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (whole(path), whole(folder)) {
        (Some(path), Some(folder)) => path.strip_prefix(&folder).map(Path::to_path_buf).unwrap_or(path),
        _ => path.into(),
    }
}
