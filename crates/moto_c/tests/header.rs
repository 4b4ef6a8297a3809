//! The header is what the code says.

use std::path::Path;

#[test]
fn the_header_is_that_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new().with_config(config).with_src(root.join("src/lib.rs")).generate();
    let mut made = Vec::new();
    bindings.unwrap().write(&mut made);
    let path = root.join("include/moto_controller.h");
    if std::env::var_os("UPDATE_DOCUMENTATION").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(checked_in.as_bytes() == made, "the header is old: UPDATE_DOCUMENTATION=1 with this test renews it");
    assert!(
        checked_in.contains("moto_cycle")
            && checked_in.contains("} moto_state;")
            && checked_in.contains("moto_trigger")
    );
}
