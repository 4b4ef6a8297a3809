//! `moto_controller show`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use super::Failure;
use crate::commands::report;
use crate::terminal::output::print;

/// The program that opens a file as its user wants it opened.
const OPENER: &str = "xdg-open";

/// Open the report of a run in the browser, at a trial.
///
/// It makes the report anew. Where there is no browser, or no screen, it prints the report's
/// address.
#[derive(Args)]
pub struct Show {
    /// The run's folder
    #[arg(value_name = "DIR")]
    run: PathBuf,

    /// The trial to see beside the first one [default: the last]
    #[arg(value_name = "TRIAL")]
    trial: Option<u64>,
}

impl Show {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let path = report(&self.run, self.trial)?;
        let at = self.trial.map(|trial| format!("#trial={trial}")).unwrap_or_default();
        let address = format!("file://{}{at}", encoded(&std::path::absolute(path)?));
        print(format_args!("{address}\n"))?;
        if has_screen() {
            let opener = Command::new(OPENER).arg(address).stdin(Stdio::null()).stderr(Stdio::null()).status();
            // Without the program the printed address is all there is.
            let _ = opener;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn has_screen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A path as it stands in an address.
fn encoded(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes.map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_blanks_and_no_marks_of_its_own() {
        assert_eq!(encoded(Path::new("/runs/my run#1/ö.html")), "/runs/my%20run%231/%C3%B6.html");
    }
}
