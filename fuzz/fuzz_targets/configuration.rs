//! A YAML configuration for the shipped robot. It is refused, or its task can be made and it reads
//! back.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use moto_controller::setup::Setup;

const ROBOT: &str = include_str!("../../urdf/table_tennis_arm.urdf");

fuzz_target!(|text: &str| {
    let path = Path::new("config.yaml");
    let robot = |_: &Path| Ok(ROBOT.into());
    if let Ok(setup) = Setup::parse(path, text, |_| {}, robot) {
        let resolved = setup.to_yaml().expect("what was read can be written");
        let again = Setup::parse(path, &resolved, |_| {}, robot).expect("and read again");
        assert_eq!(setup.config, again.config);
    }
});
