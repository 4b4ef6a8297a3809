//! What is written in C and C++ compiles against nothing but the header, and does what it says.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the library, which cargo builds before this test.
fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().unwrap();
    assert!(folder.join("libmoto_controller.so").exists(), "{}", folder.display());
    folder.into()
}

/// Compiles a source with every warning an error. Returns the program.
fn compile(source: &str, more: &[&str]) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source.replace(['/', '.'], "_"));
    let source = root().join(source);
    let (compiler, standard) = match source.extension().unwrap().to_str().unwrap() {
        "c" => ("cc", "-std=c11"),
        _ => ("c++", "-std=c++17"),
    };
    let mut command = Command::new(compiler);
    command.args([standard, "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pthread"]).args(more);
    command.arg("-I").arg(root().join("include")).arg(source).arg("-o").arg(&program);
    command.arg("-L").arg(library()).args(["-lmoto_controller", "-lm"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// Runs a program with a configuration, a run folder, and further arguments.
fn run(program: &Path, configuration: &Path, more: &[&str]) -> Output {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.arg(configuration).arg(place.path().join("run")).args(more);
    // Leaks of the process's life are no fault.
    command.env("LD_LIBRARY_PATH", library()).env("ASAN_OPTIONS", "detect_leaks=0");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_joint_learns_at_1_khz_under_the_address_sanitizer() {
    let program = compile("examples/one_joint.c", &["-fsanitize=address,undefined"]);
    let output = run(&program, &root().join("examples/one_joint.yaml"), &[]);
    assert!(output.status.success() && said(&output).contains("learned from 6 trials"), "{}", said(&output));
    assert!(said(&output).contains("left with 0.0 N m"), "{}", said(&output));
    let refused = run(&program, Path::new("nowhere.yaml"), &[]);
    assert!(!refused.status.success() && said(&refused).contains("nowhere.yaml"), "{}", said(&refused));
}

#[test]
fn a_robot_over_udp_in_a_process_of_its_own_learns_and_is_left_with_zero() {
    let output = run(&compile("examples/udp_robot.c", &[]), &root().join("examples/one_joint.yaml"), &[]);
    // A stall that loses packets costs a trial.
    assert!(output.status.success() && said(&output).contains("learned after"), "{}", said(&output));
    assert!(said(&output).contains("left with zero effort"), "{}", said(&output));
}

#[test]
fn a_torque_callback_in_cpp_learns() {
    let program = compile("examples/franka_torque.cpp", &[]);
    let output = run(&program, &root().join("examples/seven_joints.yaml"), &["172.16.0.2"]);
    assert!(output.status.success() && said(&output).contains("learned after 4 trials"), "{}", said(&output));
}

#[test]
fn the_core_of_the_controller_for_ros2_control_learns_on_a_stand_in_of_its_interfaces() {
    let package = root().join("../../ros2_control/moto_ros2_control");
    let (include, core) = (format!("-I{}/include", package.display()), package.join("src/core.cpp"));
    let test = "../../ros2_control/moto_ros2_control/test/core_test.cpp";
    let program = compile(test, &[&include, core.to_str().unwrap()]);
    let output = run(&program, &root().join("examples/one_joint.yaml"), &[]);
    assert!(output.status.success() && said(&output).contains("the core passes"), "{}", said(&output));
}

/// The shipped joint with a run that does not end, and no deadline for the supervisor: time passes
/// faster than the wall's.
fn endless(folder: &Path) -> PathBuf {
    let mut text = std::fs::read_to_string(root().join("examples/one_joint.yaml")).unwrap();
    for (from, to) in [
        ("urdf: one_joint.urdf", &*format!("urdf: {}/examples/one_joint.urdf", root().display())),
        ("max_frozen_readings: null", "max_frozen_readings: null, heartbeat_timeout: null"),
        ("iterations: 2", "iterations: 100000"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let path = folder.join("endless.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// `MOTO_CYCLES=1000000 cargo test --release ...` makes as many; the test run makes fewer.
#[test]
fn cycles_neither_allocate_nor_make_a_system_call() {
    let count = std::env::var("MOTO_CYCLES").unwrap_or("30000".into());
    let place = tempfile::tempdir().unwrap();
    let (program, configuration) = (compile("tests/c/cycles.c", &[]), endless(place.path()));
    let output = run(&program, &configuration, &[&count]);
    assert!(output.status.success(), "{:?} {}", output.status, said(&output));
    println!("{}", said(&output));
    for fault in ["allocate", "write"] {
        let output = run(&program, &configuration, &["1000", fault]);
        assert!(output.status.code().is_none(), "{fault} is not noticed: {}", said(&output));
    }
}
