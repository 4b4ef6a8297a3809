//! Writes a first configuration for any arm of a robot description: joints, limits, gains, and a
//! first task to learn.
//!
//! No value is tuned to a robot. Values that the description lacks are derived from its numbers:
//! from the mass matrix and the gravity efforts at the start posture (`tuning.rs`, `exploration.rs`), and from the
//! motion of the tip there (`stroke.rs`). A limit that the description lacks is not guessed: it
//! stays empty, and the report lists it.

mod arm;
mod error;
mod expand;
mod exploration;
mod first;
mod given;
mod limits;
mod posture;
mod report;
mod stroke;
mod table_tennis;
mod tuning;
mod write;

use std::path::{Path, PathBuf};

use moto_settings::FieldError;

pub use self::error::InitError;
use self::first::First;
pub use self::given::Posture;
pub use self::report::Report;
use self::table_tennis::AtTheTable;
use self::tuning::Tuning;
use crate::dynamics::Description;

/// The first task of a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstTask {
    /// A stroke through a point that the demonstration misses.
    #[default]
    Stroke,
    /// Table tennis, from a place at which the player returns the serves.
    TableTennis,
}

impl FirstTask {
    /// Names of the first tasks.
    pub const NAMES: [&str; 2] = ["stroke", "table_tennis"];

    /// The first task with a name of [`Self::NAMES`]; the stroke for any other.
    pub fn named(name: &str) -> Self {
        if name == Self::NAMES[1] { Self::TableTennis } else { Self::Stroke }
    }
}

/// Options of `init`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Path of the robot description, a URDF or a xacro file.
    pub urdf: PathBuf,
    /// Text of a description that was received, in the place of `urdf`. It is written beside the
    /// configuration.
    pub received: Option<String>,
    /// The start posture. `None`: one near the joints' zeros is chosen.
    pub start: Option<Posture>,
    /// Link at the tip of the arm. `None`: the end of the longest chain of joints.
    pub tip: Option<String>,
    /// The first task.
    pub task: FirstTask,
    /// Link that the racket is fixed to, for table tennis. `None`: the link called `racket`, or else
    /// the tip.
    pub racket: Option<String>,
    /// Number of places at the table that are tried. `None`: 4000.
    pub places: Option<usize>,
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
/// a file to write exists.
pub fn init(options: &Options) -> Result<Report, InitError> {
    let out = options.out.clone().unwrap_or_else(|| named_by(&options.urdf, "yaml"));
    if out.exists() {
        return Err(InitError::Exists { path: out });
    }
    let folder = out.parent().unwrap_or(Path::new(""));
    let (urdf, description) = match &options.received {
        None => {
            let urdf = expand::expanded(&options.urdf, &options.xacro_arguments, folder)?;
            let description = Description::read(&urdf)?;
            (urdf, description)
        }
        Some(text) => {
            let urdf = out.with_extension("urdf");
            if urdf.exists() {
                return Err(InitError::Exists { path: urdf });
            }
            let received = Path::new("the description received");
            (urdf, Description::parse(text).map_err(|error| error.of(received))?)
        }
    };
    let mut chosen = options.clone();
    if options.task == FirstTask::TableTennis {
        if let Some(start) = &options.start {
            let expected = "none with --task table_tennis, which searches the start posture";
            return Err(FieldError::value("--start", start.source(), expected).into());
        }
        chosen.tip = table_tennis::racket_link(&description, options.racket.as_deref())?.or(chosen.tip);
    }
    let mut arm = arm::Arm::choose(&description, &chosen).map_err(|error| error.of(&urdf))?;
    let limits = limits::Limits::gather(&arm.model, options.limits.as_deref())?;
    for (joint, armature) in arm.model.joints_mut().iter_mut().zip(limits.armature()) {
        joint.passive.armature = armature;
    }
    let (start, first) = match options.task {
        FirstTask::Stroke => {
            let start = match &options.start {
                Some(given) => posture::given(&arm, &limits, given)?,
                None => posture::choose(&arm, &limits)?,
            };
            let first = First::stroke(&arm, &limits, &start)?;
            (start, first)
        }
        FirstTask::TableTennis => {
            let at = AtTheTable::find(&arm, &limits, options.places)?;
            let start = posture::Start::at(&arm, &limits, at.place.start_posture.clone());
            let first = at.first(&limits, &start);
            (start, first)
        }
    };
    let save = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|source| InitError::Write { path: path.into(), source })
    };
    options.received.as_ref().map_or(Ok(()), |text| save(&urdf, text))?;
    let text = write::configuration(&write::Parts {
        urdf: &relative(&urdf, folder),
        arm: &arm,
        limits: &limits,
        start: &start,
        given: options.start.as_ref(),
        tuning: &Tuning::of(&limits, &start),
        first: &first,
        repair_inertias: options.repair_inertias,
    });
    save(&out, &text)?;
    Ok(Report::new(out, urdf, &arm, &limits, options.start.as_ref(), first.said))
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
