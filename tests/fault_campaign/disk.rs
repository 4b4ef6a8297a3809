//! A disk that fills up, or turns read-only, under a learning run: a small tmpfs. Where mounting is not permitted, the store's
//! own tests (`storage_faults.rs`) stand alone: there every single operation fails once.

use super::dry_run_support::{Place, assert_same, text};
use super::table::{injections, random, row};
use moto_controller::storage::RunView;
use moto_controller::storage::files::Disk;
use rand::RngExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A file system of its own, gone with the value.
struct Small(PathBuf);

impl Small {
    /// `None` where the process may not mount.
    fn mount(at: &Path, kilobytes: usize) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let options = format!("size={kilobytes}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.into()))
    }

    fn change(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status().unwrap();
        assert!(status.success(), "{options}");
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Every trial that is there can be read; gives how many.
fn trials(folder: &Path) -> usize {
    let Ok(view) = RunView::open(Arc::new(Disk), folder) else { return 0 };
    let trials = view.trials().unwrap();
    trials.iter().for_each(|(_, path)| drop(view.read_trial(path).unwrap()));
    trials.len()
}

#[test]
fn a_disk_that_fills_up() {
    let place = Place::new(5, 4);
    place.run(&["dry-run", "--out", "whole"]);
    let whole = size(&place.path("whole")) / 1024;
    let injected = injections(4);
    for injection in 0..injected {
        let at = place.path(&format!("small{injection}"));
        let share = random("full", injection).random_range(0.1..0.9);
        let Some(small) = Small::mount(&at, (whole as f64 * share) as usize) else {
            return println!("\nmounting is not permitted here: see storage_faults.rs");
        };
        let run = format!("small{injection}/run");
        let output = place.command(&["dry-run", "--out", &run]).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("no space left"), "{said}");
        let stored = trials(&place.path(&run));
        small.change(&format!("size={}k", 4 * whole));
        let begun = place.path(&run).join("run.json").exists();
        place.run(&if begun { ["dry-run", "--resume", &run] } else { ["dry-run", "--out", &run] });
        assert!(trials(&place.path(&run)) >= stored);
        assert_same(&place, "whole", &run);
    }
    row("the disk is full (tmpfs)", injected, "-", "-", "safe command, says so; the restart ends the same", 0);
}

#[test]
fn a_disk_that_turns_read_only() {
    let place = Place::new(5, 4);
    place.run(&["dry-run", "--out", "whole"]);
    let injected = injections(3);
    for injection in 0..injected {
        let at = place.path(&format!("disk{injection}"));
        let Some(disk) = Small::mount(&at, 400_000) else {
            return println!("\nmounting is not permitted here: see storage_faults.rs");
        };
        let run = format!("disk{injection}/run");
        let after = random("read-only", injection).random_range(1..3);
        place.run(&["dry-run", "--out", &run, "--iterations", &after.to_string()]);
        disk.change("ro");
        let said = place.refusal(&["dry-run", "--resume", &run, "--iterations", "4"]);
        assert!(said.contains("the file system is read-only"), "{said}");
        let stored = trials(&place.path(&run));
        assert_eq!(stored, 5 * after);
        disk.change("rw");
        place.run(&["dry-run", "--resume", &run, "--iterations", "4"]);
        assert_same(&place, "whole", &run);
    }
    row("the disk is read-only (tmpfs)", injected, "-", "-", "does not start, says so; the restart ends the same", 0);
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}
