//! The same seed gives the same run, to the bit: at any number of threads, across Ctrl-C, and across kill -9.

mod dry_run_support;

use dry_run_support::{Place, assert_same, metrics};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::{RngExt, SeedableRng};

#[test]
fn the_number_of_threads_changes_no_bit() {
    let place = Place::new(6, 3);
    for threads in ["1", "2", "5"] {
        let output = place.command(&["dry-run", "--out", threads]).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success());
    }
    assert_same(&place, "1", "2");
    assert_same(&place, "1", "5");
    place.run(&["dry-run", "--seed", "6", "--out", "other"]);
    assert_ne!(metrics(&place.path("1"))[0]["return"], metrics(&place.path("other"))[0]["return"]);
}

#[test]
fn a_run_that_was_stopped_goes_on_as_if_it_had_not_been() {
    let place = Place::new(8, 6);
    place.run(&["dry-run", "--out", "whole"]);
    for (signal, name) in [(Signal::SIGINT, "interrupted"), (Signal::SIGTERM, "terminated")] {
        let mut running = place.start(&["dry-run", "--out", name]);
        assert!(running.await_iteration(2));
        kill(Pid::from_raw(running.child.id() as i32), signal).unwrap();
        let said = running.rest();
        assert_eq!(running.child.wait().unwrap().code(), Some(130), "{said}");
        assert!(said.contains(&format!("--resume {name}")), "{said}");
        assert!(metrics(&place.path(name)).len() < 6);
        let said = place.run(&["dry-run", "--resume", name]);
        assert!(said.contains("6 iterations, 48 episodes"), "{said}");
        assert_same(&place, "whole", name);
    }
}

#[test]
fn a_run_that_learns_from_ended_strokes_is_the_same_after_a_stop() {
    let place = Place::new(8, 4);
    let slow = "velocity: [0.6, 0.45, 0.45, 1.8, 1.8, 1.8, 2.4, 2.4, 2.4]\n        trip_ratio: 1.0";
    place.edit("        effort_rate:", &format!("        {slow}\n        effort_rate:"));
    place.edit("      seed: 5", "      seed: 5\n      ended_strokes: learned");
    place.run(&["dry-run", "--out", "whole"]);
    let lines = metrics(&place.path("whole"));
    let ended: u64 = lines.iter().map(|line| line["broken_off"].as_u64().unwrap_or(0)).sum();
    assert!(ended > 2 && lines.iter().all(|line| line["discarded"].as_array().unwrap().is_empty()), "{lines:?}");
    // They count among the rollouts.
    assert_eq!(lines[3]["episodes"], 32);
    let mut running = place.start(&["dry-run", "--out", "killed"]);
    assert!(running.await_iteration(2));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    place.run(&["dry-run", "--resume", "killed"]);
    assert_same(&place, "whole", "killed");
}

#[test]
fn a_run_that_was_killed_at_any_time_goes_on_as_if_it_had_not_been() {
    const KILLS: usize = 12;
    let place = Place::new(5, 6);
    place.run(&["dry-run", "--out", "whole"]);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(9);
    let mut running = place.start(&["dry-run", "--out", "killed"]);
    let (mut kills, mut done) = (0, 0);
    while kills < KILLS {
        // Up to one iteration further, then a random while into the next.
        if random.random_bool(0.4) && running.await_iteration(done + 1) {
            done += 1;
        }
        for _ in 0..random.random_range(0..3_000_000_u32) {
            std::hint::spin_loop();
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        kills += 1;
        if place.path("killed/run.json").exists() {
            done = metrics(&place.path("killed")).len().min(done);
            running = place.start(&["dry-run", "--resume", "killed"]);
        } else {
            running = place.start(&["dry-run", "--out", "killed"]);
        }
    }
    running.rest();
    assert!(running.child.wait().unwrap().success());
    assert_same(&place, "whole", "killed");
}

#[test]
fn more_iterations_may_be_asked_of_a_run_that_is_over() {
    let place = Place::new(6, 4);
    place.run(&["dry-run", "--out", "whole"]);
    place.run(&["dry-run", "--out", "longer", "--iterations", "2"]);
    place.run(&["dry-run", "--resume", "longer", "--iterations", "4"]);
    assert_same(&place, "whole", "longer");
}
