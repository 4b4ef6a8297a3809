//! Finding the configuration.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;

const DEFAULT: &str = "config/table_tennis.yaml";

#[derive(Args)]
pub struct ConfigArgument {
    /// Configuration (YAML, a ROS 2 parameter file) [default: config/table_tennis.yaml, here or beside the installed program]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgument {
    /// The file asked for, or else the default where it is found: in this folder, or in the package's share folder of a
    /// ROS 2 installation (`lib/moto_controller/moto_controller` beside `share/moto_controller`).
    pub fn path(self) -> Result<PathBuf, Failure> {
        if let Some(path) = self.config {
            return Ok(path);
        }
        let installed = std::env::current_exe().ok().and_then(|program| {
            let prefix = program.parent()?.parent()?.parent()?;
            Some(prefix.join("share/moto_controller").join(DEFAULT))
        });
        let candidates = [Some(PathBuf::from(DEFAULT)), installed];
        let found = candidates.iter().flatten().find(|path| Path::is_file(path)).cloned();
        found.ok_or_else(|| {
            format!("there is no {DEFAULT} in this folder; start from the repository or give --config FILE").into()
        })
    }
}
