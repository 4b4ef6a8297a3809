//! The `moto_controller` command.

fn main() -> std::process::ExitCode {
    moto_controller::memory::keep_freed();
    moto_controller::cli::main()
}
