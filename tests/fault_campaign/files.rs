//! Files that are cut, changed, or another robot's.

use super::dry_run_support::{Place, assert_same, metrics, text};
use super::table::{injections, random, row};
use moto_controller::storage::files::Disk;
use moto_controller::storage::{RunView, read_trial};
use rand::RngExt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Cuts the file somewhere, or turns one bit.
fn spoil(path: &Path, random: &mut impl RngExt) {
    let mut bytes = fs::read(path).unwrap();
    let at = random.random_range(0..bytes.len());
    if random.random() {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1 << random.random_range(0..8);
    }
    fs::write(path, bytes).unwrap();
}

/// An unfinished run: its last iteration has trials and no checkpoint.
fn unfinished(place: &Place, name: &str) {
    place.run(&["dry-run", "--out", name]);
    fs::remove_file(place.path(name).join("checkpoints/000003.ckpt")).unwrap();
}

#[test]
fn a_trial_that_is_cut_or_changed() {
    let place = Place::new(4, 3);
    unfinished(&place, "run");
    let path = place.path("run/trials/000011.mcap");
    let sound = fs::read(&path).unwrap();
    let injected = injections(200);
    for injection in 0..injected {
        fs::write(&path, &sound).unwrap();
        spoil(&path, &mut random("trial", injection));
        let error = read_trial(&Disk, &path).expect_err("it is not what was written").to_string();
        assert!(error.contains("000011.mcap"), "{error}");
    }
    let output = place.command(&["dry-run", "--resume", "run"]).output().unwrap();
    assert!(output.status.success() && text(&output.stderr).contains("000011.mcap"), "{}", text(&output.stderr));
    place.run(&["dry-run", "--out", "whole"]);
    assert_eq!(metrics(&place.path("run")), metrics(&place.path("whole")));
    row("a trial file cut or one bit turned", injected, "-", "-", "named, passed over, the trial made again", 0);
}

#[test]
fn a_checkpoint_that_is_cut_or_changed() {
    let place = Place::new(4, 3);
    place.run(&["dry-run", "--out", "whole"]);
    let injected = injections(6);
    for injection in 0..injected {
        let name = format!("run{injection}");
        place.run(&["dry-run", "--out", &name]);
        spoil(&place.path(&name).join("checkpoints/000003.ckpt"), &mut random("checkpoint", injection));
        let output = place.command(&["dry-run", "--resume", &name]).output().unwrap();
        let said = text(&output.stderr);
        assert!(output.status.success() && said.contains("000003.ckpt"), "{said}");
        assert_same(&place, "whole", &name);
    }
    row("a checkpoint cut or one bit turned", injected, "-", "-", "named, the one before is used, ends the same", 0);
}

#[test]
fn files_of_another_robot() {
    let place = Place::new(4, 3);
    unfinished(&place, "run");
    place.run(&["dry-run", "--out", "whole"]);
    let other = Place::new(4, 3);
    let urdf = other.path("urdf/table_tennis_arm.urdf");
    let renamed = fs::read_to_string(&urdf).unwrap().replacen("<robot name=\"", "<robot name=\"another_", 1);
    fs::write(&urdf, renamed).unwrap();
    other.run(&["dry-run", "--out", "run"]);

    fs::copy(other.path("run/trials/000010.mcap"), place.path("run/trials/000010.mcap")).unwrap();
    let output = place.command(&["dry-run", "--resume", "run"]).output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("its robot is another_"), "{said}");
    assert_eq!(metrics(&place.path("run")), metrics(&place.path("whole")));

    let newest = place.path("run/checkpoints/000003.ckpt");
    let sound = fs::read(&newest).unwrap();
    fs::copy(other.path("run/checkpoints/000003.ckpt"), &newest).unwrap();
    let said = place.refusal(&["dry-run", "--resume", "run", "--iterations", "4"]);
    assert!(said.contains("000003.ckpt does not fit: its robot is another_"), "{said}");
    fs::write(&newest, sound).unwrap();
    place.run(&["dry-run", "--resume", "run", "--iterations", "4"]);
    assert_eq!(RunView::open(Arc::new(Disk), &place.path("run")).unwrap().trials().unwrap().len(), 12 + 4 + 1);
    row("another robot's trial or checkpoint", 2, "-", "-", "named; the trial made again, the checkpoint refused", 0);
}
