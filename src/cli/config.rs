//! The search for the configuration file.

use std::path::{Path, PathBuf};

use clap::Args;
use tracing::info;

#[cfg(feature = "ros")]
use super::Failure;
use crate::supervisor::ConfigSource;

const DEFAULT: &str = "config/table_tennis.yaml";

#[derive(Args)]
pub struct ConfigArgument {
    /// Configuration (YAML, a ROS 2 parameter file) [default: config/table_tennis.yaml, here or
    /// beside the installed program, else the built-in one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgument {
    /// The given file, or else the default file if it is found, or else the built-in configuration.
    pub fn source(self) -> ConfigSource {
        match self.file() {
            Some(path) => ConfigSource::File(path),
            None => {
                info!("there is no {DEFAULT} in this folder: the configuration that comes with the program is used");
                ConfigSource::Shipped
            }
        }
    }

    /// The given file, or else the default file.
    ///
    /// # Errors
    /// If there is no such file.
    #[cfg(feature = "ros")]
    pub fn path(self) -> Result<PathBuf, Failure> {
        self.file().ok_or_else(|| {
            format!("there is no {DEFAULT} in this folder; start from the repository or give --config FILE").into()
        })
    }

    /// Searches this folder, and the package's share folder of a ROS 2 installation
    /// (`lib/moto_controller/moto_controller` beside `share/moto_controller`).
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
