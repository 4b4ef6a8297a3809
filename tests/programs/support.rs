//! Small runs of the swing-up with programs in Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moto_controller::commands::{DryRunOptions, dry_run};
use moto_controller::control::Episode;
use moto_controller::setup::Config;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{RunView, TrialEnd, TrialMeta};
use moto_controller::supervisor::{Beginning, ConfigSource};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Rollouts of an iteration.
pub const ROLLOUTS: usize = 3;

/// A folder with a configuration and programs.
pub struct Place(tempfile::TempDir);

impl Place {
    /// With the swing-up's configuration, in which `robot` and `others` are further lines.
    pub fn new(robot: &str, others: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let shipped = fs::read_to_string(Path::new(ROOT).join("config/double_link.yaml")).unwrap();
        let urdf = Path::new(ROOT).join("urdf/double_link.urdf");
        let config = shipped
            .replace("../urdf/double_link.urdf", urdf.to_str().unwrap())
            .replace("joints: [joint1, joint2]\n", &format!("joints: [joint1, joint2]\n      {robot}\n"))
            .replace("swing_up: {}", "swing_up: {start_deviation: 0.0}")
            .replace("    learner:\n", &format!("    {others}\n    learner:\n"))
            .replace("moto: {", "moto: {reuse: iterations, ");
        place.write("config.yaml", &config);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Learns so many iterations, in the folder `out`.
    pub fn learn(&self, out: &str, iterations: usize) -> Result<String, String> {
        self.dry_run(false, out, ConfigSource::File(self.path("config.yaml")), Beginning::Demonstration, iterations)
    }

    /// The same on the wall clock.
    pub fn learn_on_the_clock(&self, out: &str, iterations: usize) -> Result<String, String> {
        self.dry_run(true, out, ConfigSource::File(self.path("config.yaml")), Beginning::Demonstration, iterations)
    }

    /// Goes on with a run.
    pub fn resume(&self, out: &str, iterations: usize) -> Result<String, String> {
        let config = moto_controller::supervisor::run_configuration(&self.path(out)).unwrap();
        self.dry_run(false, out, config, Beginning::Resume(self.path(out)), iterations)
    }

    fn dry_run(
        &self,
        realtime: bool,
        out: &str,
        config: ConfigSource,
        beginning: Beginning,
        iterations: usize,
    ) -> Result<String, String> {
        let adjust = move |config: &mut Config| {
            let run = &mut config.run;
            (run.rollouts, run.iterations, run.evaluation_strokes, run.realtime_strokes) = (ROLLOUTS, iterations, 2, 0);
        };
        let out = (beginning == Beginning::Demonstration).then(|| self.path(out));
        let options = DryRunOptions { config, adjust: Box::new(adjust), realtime, out, beginning, live: None };
        dry_run(options).map(|report| report.to_string()).map_err(|error| error.to_string())
    }

    /// The trials of a run.
    pub fn trials(&self, out: &str) -> Vec<(Episode, TrialMeta)> {
        let view = RunView::open(Arc::new(Disk), &self.path(out)).unwrap();
        let trials = view.trials().unwrap();
        trials.into_iter().map(|(_, path)| view.read_trial(&path).unwrap()).collect()
    }

    /// Why the trials of a run were not learned from; none for those that were.
    pub fn complaints(&self, out: &str) -> Vec<Option<String>> {
        let reason = |(_, meta): (Episode, TrialMeta)| match meta.end {
            TrialEnd::Completed | TrialEnd::BrokenOff { .. } => None,
            TrialEnd::Invalid { reason } | TrialEnd::Fault { reason } => Some(reason),
        };
        self.trials(out).into_iter().map(reason).collect()
    }

    /// The metrics of a run without what is timing.
    pub fn metrics(&self, out: &str) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path(out).join("metrics.jsonl")).unwrap();
        let lines = text.lines().map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            line.as_object_mut().unwrap().remove("timing").unwrap();
            line
        });
        lines.collect()
    }
}

/// Whether a process is there and not over.
pub fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits until a process is over.
pub fn await_end(pid: i32) {
    while is_alive(pid) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
