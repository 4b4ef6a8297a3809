//! The store on a disk that fills up, breaks or loses power at any operation.

mod storage_support;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use moto_controller::storage::files::Files;
use moto_controller::storage::{Checkpoint, RunFolder, RunView, StorageError};
use serde_json::{Value, json};
use storage_support::failing_disk::{FailingDisk, Fault};
use storage_support::{checkpoint, expected, info, trial};

const RUN: &str = "/runs/today/1";
const ITERATIONS: u64 = 4;
const ROLLOUTS: u64 = 2;
const KEEP: usize = 2;

/// What the store reported as written.
#[derive(Clone, Debug, Default)]
struct Reported {
    created: bool,
    trials: Vec<u64>,
    metrics: u64,
    checkpoint: u64,
}

fn metrics_line(iteration: u64) -> Value {
    json!({ "iteration": iteration, "return": -1. / iteration as f64, "padding": "x".repeat(40 * iteration as usize) })
}

/// A learning run, from the start or from where the store has it, as the daemon does it.
fn work(disk: &FailingDisk, reported: &mut Reported) -> Result<(), StorageError> {
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let directory = Path::new(RUN);
    let mut run = match RunFolder::open(files.clone(), directory) {
        Err(StorageError::NotARun { .. }) => {
            RunFolder::create(files, directory, info(), "task: table_tennis\n", "<robot/>")?
        }
        opened => opened?,
    };
    reported.created = true;
    let done = match run.view().checkpoint::<Vec<f64>>(&expected()) {
        Err(StorageError::NoCheckpoint { .. }) => 0,
        loaded => loaded?.checkpoint.header.iteration,
    };
    reported.metrics = reported.metrics.min(done);
    run.retain_metrics(done)?;
    for iteration in done + 1..=ITERATIONS {
        for rollout in 0..ROLLOUTS {
            let number = (iteration - 1) * ROLLOUTS + rollout + 1;
            if number >= run.next_trial()? {
                let (episode, meta) = trial(number, iteration, rollout);
                run.write_trial(&episode, &meta, None)?;
                reported.trials.push(number);
            }
        }
        run.append_metrics(&metrics_line(iteration))?;
        reported.metrics = iteration;
        run.save_checkpoint(&checkpoint(iteration), KEEP)?;
        reported.checkpoint = iteration;
    }
    Ok(())
}

/// Opens the store and checks that it is consistent and has all that was reported.
fn check(disk: &FailingDisk, reported: &Reported) {
    let run = match RunFolder::open(Arc::new(disk.clone()), Path::new(RUN)) {
        Err(StorageError::NotARun { .. }) if !reported.created => return,
        opened => opened.unwrap(),
    };
    let unfinished = |place: &&str| disk.list(&Path::new(RUN).join(place)).unwrap().iter().any(|n| n.ends_with(".tmp"));
    assert_eq!(["", "trials", "checkpoints"].iter().find(|p| unfinished(p)), None);
    let view = run.view();
    assert_eq!(view.info(), &info());
    assert_eq!(view.config().unwrap(), "task: table_tennis\n");

    let trials = view.trials().unwrap();
    assert!(reported.trials.iter().all(|number| trials.iter().any(|(n, _)| n == number)), "a reported trial is lost");
    for (index, (number, path)) in trials.iter().enumerate() {
        assert_eq!(*number, index as u64 + 1);
        let (iteration, rollout) = ((number - 1) / ROLLOUTS + 1, (number - 1) % ROLLOUTS);
        assert_eq!(view.read_trial(path).unwrap(), trial(*number, iteration, rollout));
    }

    let metrics: Vec<Value> = view.metrics().unwrap();
    let lines = metrics.len() as u64;
    assert!((reported.metrics..=reported.metrics + 1).contains(&lines), "{lines} metrics, reported {reported:?}");
    assert_eq!(metrics, (1..=lines).map(metrics_line).collect::<Vec<_>>());

    let newest = match view.checkpoint::<Vec<f64>>(&expected()) {
        Err(StorageError::NoCheckpoint { .. }) => 0,
        loaded => {
            let loaded = loaded.unwrap();
            assert!(loaded.damaged.is_empty(), "{:?}", loaded.damaged);
            let iteration = loaded.checkpoint.header.iteration;
            assert_eq!(loaded.checkpoint, checkpoint(iteration));
            iteration
        }
    };
    assert!(newest >= reported.checkpoint && newest <= lines, "checkpoint {newest}, {lines} metrics, {reported:?}");
}

/// Everything a finished run's folder holds; of the checkpoints those to be kept, as older ones that were being removed
/// when the fault came may be there still.
fn contents(disk: &FailingDisk) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for (place, newest) in [("", usize::MAX), ("trials", usize::MAX), ("checkpoints", KEEP)] {
        let directory = Path::new(RUN).join(place);
        let names = disk.list(&directory).unwrap();
        for name in &names[names.len().saturating_sub(newest)..] {
            let path = directory.join(name);
            if let Ok(bytes) = disk.read(&path) {
                found.push((format!("{place}/{name}"), bytes));
            }
        }
    }
    found
}

fn undisturbed() -> (u64, Vec<(String, Vec<u8>)>) {
    let disk = FailingDisk::new(&[]);
    work(&disk, &mut Reported::default()).unwrap();
    (disk.operations(), contents(&disk))
}

/// Goes on after a fault and ends with the same folder as if there had been none.
fn go_on(disk: &FailingDisk, reported: &mut Reported, whole: &[(String, Vec<u8>)]) {
    work(disk, reported).unwrap();
    check(disk, reported);
    let names = |contents: &[(String, Vec<u8>)]| contents.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let found = contents(disk);
    assert_eq!(names(&found), names(whole));
    assert!(found == whole, "the resumed run's folder differs from an uninterrupted one's");
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_reported() {
    let (operations, whole) = undisturbed();
    for operation in 0..operations {
        let disk = FailingDisk::new(&[Fault::PowerCut { operation }]);
        let mut reported = Reported::default();
        work(&disk, &mut reported).unwrap_err();
        for seed in 0..6 {
            let restarted = disk.reboot(seed * operations + operation);
            check(&restarted, &reported);
            go_on(&restarted, &mut reported.clone(), &whole);
        }
    }
}

#[test]
fn power_cuts_one_after_the_other_lose_nothing_reported() {
    let (operations, whole) = undisturbed();
    for seed in 0..200 {
        let mut disk = FailingDisk::new(&[Fault::PowerCut { operation: seed % operations }]);
        let mut reported = Reported::default();
        for again in 0..4 {
            if work(&disk, &mut reported).is_ok() {
                break;
            }
            disk = disk.reboot(seed);
            check(&disk, &reported);
            disk.plan(Fault::PowerCut { operation: (seed * 7 + again * 13) % operations });
        }
        let disk = disk.reboot(seed);
        check(&disk, &reported);
        go_on(&disk, &mut reported, &whole);
    }
}

#[test]
fn an_error_at_any_operation_is_reported_and_leaves_the_store_as_it_was() {
    let (operations, whole) = undisturbed();
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        for operation in 0..operations {
            let disk = FailingDisk::new(&[Fault::Error { operation, kind }]);
            let mut reported = Reported::default();
            match work(&disk, &mut reported).unwrap_err() {
                StorageError::File(error) => {
                    assert!(error.path.starts_with(RUN) || Path::new(RUN).starts_with(&error.path), "{error}");
                    assert_eq!(error.to_string().contains("no space left"), kind == ErrorKind::StorageFull, "{error}");
                }
                StorageError::AllDamaged { newest, .. } => assert!(matches!(*newest, StorageError::File(_))),
                other => panic!("{other}"),
            }
            check(&disk, &reported);
            // What was reported is also on the disk by now.
            check(&disk.reboot(operation), &reported);
            go_on(&disk, &mut reported, &whole);
        }
    }
}

#[test]
fn a_disk_that_stays_full_leaves_the_store_as_it_was() {
    let (operations, whole) = undisturbed();
    for operation in 0..operations {
        let disk = FailingDisk::new(&[Fault::FullFrom { operation }]);
        let mut reported = Reported::default();
        let full = work(&disk, &mut reported);
        if let Err(error) = full {
            assert!(matches!(&error, StorageError::File(f) if f.source.kind() == ErrorKind::StorageFull), "{error}");
            // A second attempt while it is still full does no harm either.
            assert!(work(&disk, &mut reported).is_err());
        }
        disk.mend();
        check(&disk, &reported);
        check(&disk.reboot(operation), &reported);
        go_on(&disk, &mut reported, &whole);
    }
}

#[test]
fn an_append_that_failed_can_be_repeated_and_survives_a_power_cut() {
    let (create, line) = {
        let disk = FailingDisk::new(&[]);
        let mut run = RunFolder::create(Arc::new(disk.clone()), Path::new(RUN), info(), "", "").unwrap();
        let create = disk.operations();
        run.append_metrics(&metrics_line(1)).unwrap();
        (create, disk.operations() - create)
    };
    // The second line fails at each of its operations, its repetition loses power at each of its own and the next line's.
    let cuts =
        (create + line..create + 2 * line).flat_map(|fails| (fails + 1..fails + 4 * line).map(move |c| (fails, c)));
    for (failing, operation) in cuts {
        // With an idle operation before, each falls on an odd number once: a failing sync then does its work.
        for idle in 0..2 {
            let broken = Fault::Error { operation: failing + idle, kind: ErrorKind::Other };
            let disk = FailingDisk::new(&[broken, Fault::PowerCut { operation: operation + idle }]);
            for _ in 0..idle {
                disk.exists(Path::new(RUN)).unwrap();
            }
            let mut run = RunFolder::create(Arc::new(disk.clone()), Path::new(RUN), info(), "", "").unwrap();
            run.append_metrics(&metrics_line(1)).unwrap();
            run.append_metrics(&metrics_line(3)).unwrap_err();
            let mut reported = 1;
            while reported < 4 && run.append_metrics(&metrics_line(reported + 1)).is_ok() {
                reported += 1;
            }
            for seed in 0..32 {
                let restarted = disk.reboot(seed);
                let view = RunView::open(Arc::new(restarted.clone()), Path::new(RUN)).unwrap();
                let lines: Vec<Value> = view.metrics().unwrap();
                assert!(lines.len() as u64 >= reported, "{} lines of {reported}", lines.len());
                assert_eq!(lines[..reported as usize], (1..=reported).map(metrics_line).collect::<Vec<_>>());
                RunFolder::open(Arc::new(restarted), Path::new(RUN)).unwrap();
            }
        }
    }
}

#[test]
fn a_checkpoint_that_cannot_be_read_is_passed_over_for_the_one_before() {
    let disk = FailingDisk::new(&[]);
    work(&disk, &mut Reported::default()).unwrap();
    let newest = Path::new(RUN).join("checkpoints/000004.ckpt");
    let bytes = disk.read(&newest).unwrap();
    disk.create(&newest).unwrap().write(&bytes[..bytes.len() - 1]).unwrap();
    let view = RunView::open(Arc::new(disk.clone()), Path::new(RUN)).unwrap();
    let loaded = view.checkpoint::<Vec<f64>>(&expected()).unwrap();
    assert_eq!(loaded.checkpoint, checkpoint(3));
    assert!(matches!(&loaded.damaged[..], [StorageError::Damaged { path, .. }] if *path == newest));

    // Going on from there makes the lost iteration again and the folder whole.
    let (_, whole) = undisturbed();
    go_on(&disk, &mut Reported::default(), &whole);

    for name in ["000003.ckpt", "000004.ckpt"] {
        disk.create(&Path::new(RUN).join("checkpoints").join(name)).unwrap().write(b"MOTOCKPT").unwrap();
    }
    let error = view.checkpoint::<Vec<f64>>(&expected()).unwrap_err();
    assert!(matches!(error, StorageError::AllDamaged { count: 2, .. }), "{error}");
}

#[test]
fn saving_a_checkpoint_keeps_the_newest_and_removes_damaged_ones_of_later_iterations() {
    let disk = FailingDisk::new(&[]);
    let mut run = RunFolder::create(Arc::new(disk.clone()), Path::new(RUN), info(), "", "").unwrap();
    for iteration in [1, 2, 3, 9, 10, 4] {
        run.save_checkpoint(&checkpoint(iteration), 3).unwrap();
    }
    let names = disk.list(&Path::new(RUN).join("checkpoints")).unwrap();
    assert_eq!(names, ["000003.ckpt", "000004.ckpt"]);
    let loaded: Checkpoint<Vec<f64>> = run.view().checkpoint(&expected()).unwrap().checkpoint;
    assert_eq!(loaded, checkpoint(4));
}

#[test]
fn a_start_cut_short_at_any_operation_leaves_no_run_or_one_to_go_on_with() {
    let start = |disk: &FailingDisk| {
        let files: Arc<dyn Files> = Arc::new(disk.clone());
        RunFolder::create_from(files, Path::new(RUN), info(), "", "", Some(&checkpoint(0))).map(drop)
    };
    let whole = FailingDisk::new(&[]);
    start(&whole).unwrap();
    for operation in 0..whole.operations() {
        let disk = FailingDisk::new(&[Fault::PowerCut { operation }]);
        start(&disk).unwrap_err();
        let after = disk.reboot(operation);
        match RunView::open(Arc::new(after.clone()), Path::new(RUN)) {
            Ok(view) => assert_eq!(view.checkpoint::<Vec<f64>>(&expected()).unwrap().checkpoint, checkpoint(0)),
            Err(error) => {
                assert!(matches!(error, StorageError::NotARun { .. }), "{error}");
                start(&after).unwrap();
            }
        }
    }
}
