//! The swing-up through the daemon: another task than table tennis, by its configuration alone.

use std::path::Path;

use moto_controller::commands::{DryRunOptions, dry_run};
use moto_controller::setup::Setup;
use moto_controller::supervisor::{Beginning, ConfigSource};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/double_link.yaml");

#[test]
fn a_swing_up_is_learned_through_the_control_loop() {
    let place = tempfile::tempdir().unwrap();
    let report = dry_run(DryRunOptions {
        config: ConfigSource::File(CONFIG.into()),
        adjust: Box::new(|config| {
            (config.run.iterations, config.run.realtime_strokes, config.run.evaluation_strokes) = (120, 0, 10);
        }),
        realtime: false,
        out: Some(place.path().join("run")),
        beginning: Beginning::Demonstration,
        live: None,
    });
    let said = report.unwrap().to_string();
    // Other machines round otherwise; hanging still never succeeds.
    let success = said.lines().last().and_then(|line| line.strip_prefix("success: ")?.parse::<f64>().ok());
    assert!(said.contains("success before learning: 0.00") && success.is_some_and(|share| share > 0.5), "{said}");
}

#[test]
fn a_policy_step_that_is_not_the_tasks_is_refused_by_name() {
    let refused =
        Setup::load(Path::new(CONFIG), |config| config.control.decimation = 4).map(drop).unwrap_err().to_string();
    for part in ["task.swing_up.step is 0.05", "control.period x control.decimation, 0.04 s"] {
        assert!(refused.contains(part), "{refused}");
    }
}
