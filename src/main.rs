//! The `moto_controller` command.
fn main() {}
