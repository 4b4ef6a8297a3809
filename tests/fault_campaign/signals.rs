//! The process gets a signal at a random instant of a learning run. After each the store is intact and holds all it held before;
//! the next start goes on, and in the end the run is the same, to the bit, as one that nobody disturbed.

use super::dry_run_support::{Place, Running, assert_same};
use super::table::{injections, random, row};
use moto_controller::storage::files::Disk;
use moto_controller::storage::{RunView, TrialEnd};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const ROLLOUTS: usize = 5;
const ITERATIONS: usize = 6;

/// What a store holds.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    trials: usize,
    iterations: usize,
}

/// Reads everything of a store; nothing may be damaged, and nothing of `before` may be missing.
fn intact(folder: &Path, before: Held) -> Held {
    if !folder.join("run.json").exists() {
        assert_eq!(before.trials, 0, "the run was lost");
        return before;
    }
    let view = RunView::open(Arc::new(Disk), folder).unwrap();
    let trials = view.trials().unwrap();
    for (index, (number, path)) in trials.iter().enumerate() {
        assert_eq!(*number, index as u64 + 1, "a trial is missing");
        let (episode, meta) = view.read_trial(path).unwrap();
        assert!(meta.end == TrialEnd::Completed && episode.cycles() > 0, "{meta:?}");
    }
    let iterations = view.metrics::<Value>().unwrap().len();
    let held = Held { trials: trials.len(), iterations };
    // A line whose checkpoint did not follow is made again.
    assert!(held.trials >= before.trials && held.iterations + 1 >= before.iterations, "{before:?}, now {held:?}");
    held
}

/// Runs to the end under a storm of signals; gives how many it took.
fn storm(signal: Signal, wanted: usize) -> (usize, usize) {
    let place = Place::new(ROLLOUTS, ITERATIONS);
    place.run(&["dry-run", "--out", "whole"]);
    let (mut signals, mut runs) = (0, 0);
    while signals < wanted {
        let name = format!("run{runs}");
        let folder = place.path(&name);
        let (mut held, mut random) = (Held::default(), random(signal.as_str(), runs));
        loop {
            let begun = folder.join("run.json").exists();
            let start = if begun { ["dry-run", "--resume", &name] } else { ["dry-run", "--out", &name] };
            let mut running: Running = place.start(&start);
            // Somewhere in the work of up to an iteration; what is counted is signals, not time.
            if begun && random.random_bool(0.3) {
                running.await_iteration(held.iterations + 1);
            }
            for _ in 0..random.random_range(0..12_000_000_u32) {
                std::hint::spin_loop();
            }
            let alive = running.child.try_wait().unwrap().is_none();
            if alive && signals < wanted {
                kill(Pid::from_raw(running.child.id() as i32), signal).unwrap();
                signals += 1;
            }
            running.rest();
            let status = running.child.wait().unwrap();
            held = intact(&folder, held);
            if status.success() {
                break;
            }
            // 130: it stopped safely. No code: the signal came before it could listen, or was SIGKILL.
            assert!(matches!(status.code(), Some(130) | None), "{status}");
        }
        assert_same(&place, "whole", &name);
        runs += 1;
    }
    (signals, runs)
}

#[test]
fn killed_at_random_instants() {
    let (signals, runs) = storm(Signal::SIGKILL, injections(30));
    row("SIGKILL at random instants of a learning run", signals, "-", "-", &format!("{runs} runs ended the same"), 0);
}

#[test]
fn interrupted_at_random_instants() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let (signals, runs) = storm(signal, injections(6));
        let answer = format!("safe command, saved; {runs} runs ended the same");
        row(&format!("{signal} at random instants"), signals, "-", "-", &answer, 0);
    }
}

/// A run that has done an iteration and has work for long.
fn under_way(place: &Place, name: &str) -> Running {
    let mut running = place.start(&["dry-run", "--out", name, "--iterations", "10000"]);
    assert!(running.await_iteration(1));
    running
}

fn send(number: i32, running: &Running) {
    let sent = Command::new("kill").arg(format!("-{number}")).arg(running.child.id().to_string()).status().unwrap();
    assert!(sent.success(), "{number}");
}

#[test]
fn every_signal_that_ends_a_process_ends_it_safely() {
    let place = Place::new(ROLLOUTS, ITERATIONS);
    let others = [
        Signal::SIGABRT,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGALRM,
        Signal::SIGSTKFLT,
        Signal::SIGXCPU,
        Signal::SIGXFSZ,
        Signal::SIGVTALRM,
        Signal::SIGPROF,
        Signal::SIGIO,
        Signal::SIGPWR,
    ];
    // The first and the last of those that have no names.
    let numbers: Vec<i32> = others.iter().map(|signal| *signal as i32).chain([34, 64]).collect();
    for number in &numbers {
        let name = format!("run{number}");
        let mut running = under_way(&place, &name);
        send(*number, &running);
        running.rest();
        assert_eq!(running.child.wait().unwrap().code(), Some(130), "signal {number}");
        intact(&place.path(&name), Held { trials: ROLLOUTS, iterations: 1 });
    }
    row("every other signal that can be caught", numbers.len(), "-", "-", "safe command, saved", 0);
}

#[test]
fn what_nobody_means_as_an_end_is_none() {
    let place = Place::new(ROLLOUTS, ITERATIONS);
    place.run(&["dry-run", "--out", "whole"]);
    // As by `nohup`: what was ignored before stays ignored. A closed output is an error of whoever writes to it.
    let mut command = Command::new("sh");
    let start = "trap '' HUP; exec \"$0\" dry-run --out run";
    command.current_dir(place.path("")).args(["-c", start, env!("CARGO_BIN_EXE_moto_controller")]);
    let mut running = Running::of(command);
    assert!(running.await_iteration(1));
    for signal in [Signal::SIGHUP, Signal::SIGPIPE, Signal::SIGWINCH, Signal::SIGCONT] {
        send(signal as i32, &running);
    }
    running.rest();
    assert!(running.child.wait().unwrap().success());
    assert_same(&place, "whole", "run");
}
