//! Finding the configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use tracing::info;

#[cfg(feature = "ros")]
use super::Failure;
use crate::supervisor::ConfigSource;

const DEFAULT: &str = "config/table_tennis.yaml";

#[derive(Args)]
pub struct ConfigArgument {
    /// Configuration (YAML, a ROS 2 parameter file) [default: config/table_tennis.yaml, here or beside the installed program, else
    /// the one the program comes with]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgument {
    /// The file asked for, or else the default where it is found, or else what the program comes with.
    pub fn source(self) -> ConfigSource {
        match self.file() {
            Some(path) => ConfigSource::File(path),
            None => {
                info!("there is no {DEFAULT} in this folder: the configuration that comes with the program is used");
                ConfigSource::Shipped
            }
        }
    }

    /// The file asked for, or else the default where it is found.
    ///
    /// # Errors
    /// If there is none.
    #[cfg(feature = "ros")]
    pub fn path(self) -> Result<PathBuf, Failure> {
        self.file().ok_or_else(|| {
            format!("there is no {DEFAULT} in this folder; start from the repository or give --config FILE").into()
        })
    }

    /// Looks in this folder, and in the package's share folder of a ROS 2 installation (`lib/moto_controller/moto_controller` beside
    /// `share/moto_controller`).
    fn file(self) -> Option<PathBuf> {
        if self.config.is_some() {
            return self.config;
        }
        let installed = std::env::current_exe().ok().and_then(|program| {
            let prefix = program.parent()?.parent()?.parent()?;
            Some(prefix.join("share/moto_controller").join(DEFAULT))
        });
        [Some(PathBuf::from(DEFAULT)), installed].into_iter().flatten().find(|path| Path::is_file(path))
    }
}
