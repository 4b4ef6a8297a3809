//! What is written in C and C++ compiles against nothing but the header, and does what it says.
#![cfg(target_os = "linux")]

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tempfile::{TempDir, tempdir};

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

/// Compiles a source into a folder, with every warning an error. Returns the program.
fn compile(source: &str, more: &[&str], into: &TempDir) -> PathBuf {
    let program = into.path().join("program");
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
    let place = tempdir().unwrap();
    with_library(program).arg(configuration).arg(place.path().join("run")).args(more).output().unwrap()
}

/// A program that finds the library.
fn with_library(program: &Path) -> Command {
    let mut command = Command::new(program);
    // Leaks of the process's life are no fault.
    command.env("LD_LIBRARY_PATH", library()).env("ASAN_OPTIONS", "detect_leaks=0");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_joint_learns_at_1_khz_under_the_address_sanitizer() {
    let place = tempdir().unwrap();
    let program = compile("examples/one_joint.c", &["-fsanitize=address,undefined"], &place);
    let output = run(&program, &root().join("examples/one_joint.yaml"), &[]);
    assert!(output.status.success() && said(&output).contains("learned from 6 trials"), "{}", said(&output));
    assert!(said(&output).contains("left with 0.0 N m"), "{}", said(&output));
    let refused = run(&program, Path::new("nowhere.yaml"), &[]);
    assert!(!refused.status.success() && said(&refused).contains("nowhere.yaml"), "{}", said(&refused));
}

#[test]
fn a_robot_over_udp_in_a_process_of_its_own_learns_and_is_left_with_zero() {
    let place = tempdir().unwrap();
    let output = run(
        &compile("examples/udp_robot.c", &["-fsanitize=address,undefined"], &place),
        &root().join("examples/one_joint.yaml"),
        &[],
    );
    // A stall that loses packets costs a trial.
    assert!(output.status.success() && said(&output).contains("learned after"), "{}", said(&output));
    assert!(said(&output).contains("left with zero effort"), "{}", said(&output));
}

#[test]
fn a_torque_callback_in_cpp_learns() {
    let place = tempdir().unwrap();
    let program = compile("examples/franka_torque.cpp", &["-fsanitize=address,undefined"], &place);
    let output = run(&program, &root().join("examples/seven_joints.yaml"), &["172.16.0.2"]);
    assert!(output.status.success() && said(&output).contains("learned after 4 trials"), "{}", said(&output));
}

#[test]
fn the_core_of_the_controller_for_ros2_control_learns_on_a_stand_in_of_its_interfaces() {
    let package = root().join("../../ros2_control/moto_ros2_control");
    let (include, core) = (format!("-I{}/include", package.display()), package.join("src/core.cpp"));
    let test = "../../ros2_control/moto_ros2_control/test/core_test.cpp";
    let place = tempdir().unwrap();
    let program = compile(test, &["-fsanitize=address", &include, core.to_str().unwrap()], &place);
    let output = run(&program, &root().join("examples/one_joint.yaml"), &[]);
    assert!(output.status.success() && said(&output).contains("the core passes"), "{}", said(&output));
}

#[test]
fn the_check_of_the_controller_for_ros2_control_names_the_headers_that_are_missing() {
    let nothing = tempdir().unwrap();
    let script = root().join("../../scripts/check_ros2_control.sh");
    let output = Command::new(script).arg(nothing.path()).output().unwrap();
    assert!(!output.status.success(), "{}", said(&output));
    for missing in ["controller_interface/controller_interface.hpp", "ros-jazzy-pluginlib"] {
        assert!(said(&output).contains(missing), "{}", said(&output));
    }
}

/// The shipped joint with other lines.
fn edited(folder: &Path, edits: &[(&str, &str)]) -> PathBuf {
    let mut text = read_to_string(root().join("examples/one_joint.yaml")).unwrap();
    let urdf = format!("urdf: {}/examples/one_joint.urdf", root().display());
    for (from, to) in edits.iter().chain(&[("urdf: one_joint.urdf", &*urdf)]) {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let path = folder.join("edited.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// The whole library, where valgrind is installed; without it, that the program holds.
#[test]
fn a_whole_life_leaves_memory_in_order() {
    let place = tempdir().unwrap();
    let once =
        [("rollouts: 3, iterations: 2", "rollouts: 2, iterations: 1"), ("null}", "null, heartbeat_timeout: null}")];
    let (program, configuration) = (compile("tests/c/whole_life.c", &[], &place), edited(place.path(), &once));
    let valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    println!("{}", if valgrind { "under valgrind" } else { "valgrind is not installed" });
    let mut command = with_library(if valgrind { Path::new("valgrind") } else { &program });
    if valgrind {
        command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
        command.args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]).arg(&program);
    }
    let output = command.arg(configuration).arg(place.path().join("run")).output().unwrap();
    assert!(output.status.success() && said(&output).contains("a whole life of 2 trials"), "{}", said(&output));
}

/// A thread of a process, by its name.
fn thread(process: u32, name: &str) -> Option<Pid> {
    let mut threads = read_dir(format!("/proc/{process}/task")).unwrap().map(|thread| thread.unwrap().path());
    let found = threads.find(|path| read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name))?;
    Some(Pid::from_raw(found.file_name()?.to_str()?.parse().ok()?))
}

/// The thread that stores is held by the kernel, as by a disk that does not answer, for longer than a
/// silent supervisor is borne.
#[test]
fn a_disk_that_hangs_holds_no_cycle_up() {
    const HANG: Duration = Duration::from_millis(2500);
    let place = tempdir().unwrap();
    let edits = [("null}", "null, heartbeat_timeout: 1.5}"), ("iterations: 2", "iterations: 4")];
    let (program, configuration) = (compile("examples/one_joint.c", &[], &place), edited(place.path(), &edits));
    let trials = place.path().join("run/trials");
    let stored = || read_dir(&trials).map_or(0, Iterator::count);
    let mut child = with_library(&program).arg(configuration).arg(place.path().join("run")).spawn().unwrap();
    let archive = loop {
        if let Some(archive) = thread(child.id(), "archive").filter(|_| stored() > 0) {
            break archive;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended before anything was stored");
        sleep(Duration::from_millis(2));
    };
    if ptrace::seize(archive, Options::empty()).is_err() {
        assert!(child.wait().unwrap().success());
        return println!("holding a thread (ptrace) is not permitted here");
    }
    ptrace::interrupt(archive).unwrap();
    waitpid(archive, Some(WaitPidFlag::__WALL)).unwrap();
    let before = stored();
    sleep(HANG);
    assert_eq!(stored(), before, "the disk was to hang");
    ptrace::detach(archive, None).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(stored(), 4 * 3);
    assert_eq!(read_dir(place.path().join("run/black_boxes")).map_or(0, Iterator::count), 0, "a fault tripped");
}

/// A run that does not end, and no deadline for the supervisor: time passes faster than the wall's.
const ENDLESS: [(&str, &str); 2] =
    [("null}", "null, heartbeat_timeout: null}"), ("iterations: 2", "iterations: 100000")];

/// `MOTO_CYCLES=1000000 cargo test --release ...` makes as many; the test run makes fewer.
#[test]
fn cycles_neither_allocate_nor_make_a_system_call() {
    let count = std::env::var("MOTO_CYCLES").unwrap_or("30000".into());
    let place = tempdir().unwrap();
    let (program, configuration) = (compile("tests/c/cycles.c", &[], &place), edited(place.path(), &ENDLESS));
    let output = run(&program, &configuration, &[&count]);
    assert!(output.status.success(), "{:?} {}", output.status, said(&output));
    println!("{}", said(&output));
    for fault in ["allocate", "write"] {
        let output = run(&program, &configuration, &["1000", fault]);
        assert!(output.status.code().is_none(), "{fault} is not noticed: {}", said(&output));
    }
}
