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
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (signals, runs) = storm(signal, injections(6));
        let answer = format!("safe command, saved; {runs} runs ended the same");
        row(&format!("{signal} at random instants"), signals, "-", "-", &answer, 0);
    }
}
