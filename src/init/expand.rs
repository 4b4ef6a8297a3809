//! Expands xacro files to URDFs with the program `xacro`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{InitError, named_by};
use crate::dynamics::{Description, Reason};

/// Number of last lines of the program's standard error that an error repeats.
const LINES: usize = 8;

/// Path of a URDF: the file itself, or the expansion of a xacro file, which is written to `folder`.
/// A xacro file is recognised by its ending or its elements.
pub(super) fn expanded(path: &Path, arguments: &[String], folder: &Path) -> Result<PathBuf, InitError> {
    let ending = path.extension().is_some_and(|ending| ending == "xacro");
    let unexpanded = || Description::read(path).is_err_and(|error| matches!(*error.reason, Reason::Xacro { .. }));
    if !ending && !unexpanded() {
        return Ok(path.into());
    }
    let made = match Command::new("xacro").arg(path).args(arguments).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(InitError::NoXacro { path: path.into() }),
        Err(source) => return Err(InitError::Read { path: path.into(), source }),
        Ok(made) => made,
    };
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr);
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let said = lines[lines.len().saturating_sub(LINES)..].join("\n");
        return Err(InitError::Xacro { path: path.into(), said });
    }
    let out = folder.join(named_by(path, "urdf"));
    if out.exists() {
        return Err(InitError::Exists { path: out });
    }
    std::fs::write(&out, made.stdout).map_err(|source| InitError::Write { path: out.clone(), source })?;
    Ok(out)
}
