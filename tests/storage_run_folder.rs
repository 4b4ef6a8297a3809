//! The run folder on a real disk, and under kill -9.

mod storage_support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use moto_controller::report::{IterationMetrics, PerStep, Summary, Timing};
use moto_controller::storage::files::Disk;
use moto_controller::storage::{
    KeepTrials, ROBOT_FILE, Remedy, RunFolder, RunView, StorageError, TrialMeta, read_trial,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use storage_support::{checkpoint, expected, info, trial};

fn create(directory: &Path) -> Result<RunFolder, StorageError> {
    RunFolder::create(Arc::new(Disk), directory, info(), "task: table_tennis\n", "<robot/>")
}

fn open(directory: &Path) -> Result<RunFolder, StorageError> {
    RunFolder::open(Arc::new(Disk), directory)
}

fn line(iteration: u64) -> Value {
    json!({ "iteration": iteration, "return": -1. / iteration as f64 })
}

#[test]
fn a_run_comes_back_as_it_was_left() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("runs/today");
    let mut run = create(&directory).unwrap();
    assert_eq!(run.next_trial().unwrap(), 1);
    for number in 1..=3 {
        let (episode, meta) = trial(number, 1, number - 1);
        let path = run.write_trial(&episode, &meta, None).unwrap();
        assert_eq!(path, directory.join(format!("trials/00000{number}.mcap")));
    }
    run.append_metrics(&line(1)).unwrap();
    run.save_checkpoint(&checkpoint(1), 3).unwrap();
    run.write_file("learning_curve.svg", b"<svg/>").unwrap();
    for number in 1..=2 {
        let (episode, meta) = trial(number, 1, 0);
        let path = run.write_black_box(&episode, &meta, None).unwrap();
        assert_eq!(path, directory.join(format!("black_boxes/00000{number}.mcap")));
        assert_eq!(read_trial(&Disk, &path).unwrap(), (episode, meta));
    }
    drop(run);
    assert_eq!(fs::read_to_string(directory.join(ROBOT_FILE)).unwrap(), "<robot/>");

    let run = open(&directory).unwrap();
    assert_eq!(run.next_trial().unwrap(), 4);
    let view = run.view();
    assert_eq!((view.info(), view.config().unwrap().as_str()), (&info(), "task: table_tennis\n"));
    for (number, path) in view.trials().unwrap() {
        assert_eq!(view.read_trial(&path).unwrap(), trial(number, 1, number - 1));
    }
    assert_eq!(view.metrics::<Value>().unwrap(), [line(1)]);
    assert_eq!(view.checkpoint::<Vec<f64>>(&expected()).unwrap().checkpoint, checkpoint(1));
}

#[test]
fn a_new_run_is_refused_where_it_would_destroy_something() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("run");
    drop(create(&directory).unwrap());
    let error = create(&directory).err().unwrap();
    assert!(matches!(error, StorageError::RunExists { .. }) && error.to_string().contains("go on with it"), "{error}");
    assert_eq!(error.remedy(), Some(Remedy::ResumeOrAnotherFolder));

    for mine in ["thesis.tex", "config.yaml", "thesis.tex.tmp"] {
        let directory = place.path().join("mine").join(mine);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(mine), "mine").unwrap();
        let error = create(&directory).err().unwrap();
        assert!(matches!(&error, StorageError::NotEmpty { entry, .. } if entry == mine), "{error}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "something was left behind");
        assert_eq!(fs::read_to_string(directory.join(mine)).unwrap(), "mine");
    }
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let place = tempfile::tempdir().unwrap();
    for directory in [place.path().to_path_buf(), place.path().join("none")] {
        let error = open(&directory).err().unwrap();
        assert!(matches!(error, StorageError::NotARun { missing: "run.json", .. }), "{error}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "something was left behind");
    fs::write(place.path().join("run.json"), "{").unwrap();
    let error = open(place.path()).err().unwrap();
    assert!(matches!(&error, StorageError::Damaged { path, .. } if path.ends_with("run.json")), "{error}");
}

#[test]
fn one_process_writes_and_any_may_read() {
    let place = tempfile::tempdir().unwrap();
    let run = create(place.path()).unwrap();
    let error = open(place.path()).err().unwrap();
    assert!(matches!(error, StorageError::InUse { .. }), "{error}");
    RunView::open(Arc::new(Disk), place.path()).unwrap();
    drop(run);
    open(place.path()).unwrap();
}

#[test]
fn a_torn_last_line_of_metrics_is_cut_off_and_a_damaged_one_before_is_not() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("metrics.jsonl");
    drop(create(place.path()).unwrap());
    let whole = format!("{}\n{}\n", line(1), line(2));
    for torn in ["{\"iteration\": 3, \"ret", "{\"iteration\": 3}", "\n", "\0\0\0\0\n", "{\"return\": 1}\n"] {
        fs::write(&path, format!("{whole}{torn}")).unwrap();
        let view = RunView::open(Arc::new(Disk), place.path()).unwrap();
        assert_eq!(view.metrics::<Value>().unwrap(), [line(1), line(2)], "{torn:?}");
        let mut run = open(place.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole, "{torn:?}");
        run.append_metrics(&line(3)).unwrap();
        assert_eq!(run.view().metrics::<Value>().unwrap(), [line(1), line(2), line(3)], "{torn:?}");
    }
    fs::write(&path, format!("{}\nrubbish\n{}\n", line(1), line(3))).unwrap();
    let error = open(place.path()).err().unwrap();
    assert!(matches!(&error, StorageError::Damaged { what, .. } if what.starts_with("line 2")), "{error}");
}

#[test]
fn metrics_after_the_checkpoint_are_dropped() {
    let place = tempfile::tempdir().unwrap();
    let mut run = create(place.path()).unwrap();
    for iteration in 1..=4 {
        run.append_metrics(&line(iteration)).unwrap();
    }
    run.retain_metrics(2).unwrap();
    assert_eq!(run.view().metrics::<Value>().unwrap(), [line(1), line(2)]);
    run.append_metrics(&line(3)).unwrap();
    assert_eq!(run.view().metrics::<Value>().unwrap(), [line(1), line(2), line(3)]);
    let error = run.append_metrics(&json!({ "return": 1 })).unwrap_err();
    assert!(error.to_string().contains("iteration"), "{error}");
    assert_eq!(run.view().metrics::<Value>().unwrap().len(), 3);
}

#[test]
fn a_metrics_line_comes_back_with_its_numbers_that_are_none() {
    let place = tempfile::tempdir().unwrap();
    let mut run = create(place.path()).unwrap();
    let steps = PerStep { kl: vec![0.1, f64::NAN], eta: vec![1e-300, 0.1 + 0.2], ..PerStep::default() };
    let metrics = IterationMetrics {
        iteration: 1,
        episodes: 20,
        return_: Summary::of(&[-3., -1., f64::NEG_INFINITY]),
        return_std: f64::NAN,
        success: 1. / 3.,
        distance: None,
        clipped_share: 0.,
        predicted_improvement: None,
        measured_improvement: Some(0.7),
        summary: steps.summary(),
        steps,
        broken_off: 0,
        discarded: Vec::new(),
        guard: None,
        remark: None,
        timing: Timing::default(),
    };
    run.append_metrics(&metrics).unwrap();
    let [read] = &run.view().metrics::<IterationMetrics>().unwrap()[..] else { panic!("one line") };
    let is_nan = [read.return_.min, read.return_.mean, read.return_std, read.steps.kl[1], read.summary.kl.max];
    assert!(is_nan.iter().all(|x| x.is_nan()), "{is_nan:?}");
    assert_eq!((read.return_.max, read.summary.eta.max), (-1., 0.1 + 0.2));
    assert_eq!(read.steps.eta, metrics.steps.eta);
    assert_eq!(read.success.to_bits(), metrics.success.to_bits());
}

#[test]
fn the_trials_of_an_interrupted_iteration_are_found_and_damaged_ones_named() {
    let place = tempfile::tempdir().unwrap();
    let mut run = create(place.path()).unwrap();
    let made: Vec<_> = (1..=7).map(|number| trial(number, (number - 1) / 3 + 1, (number - 1) % 3)).collect();
    let mut paths = Vec::new();
    for (episode, meta) in &made {
        paths.push(run.write_trial(episode, meta, None).unwrap());
    }
    // Strokes to see what was learned are no part of an iteration, wherever they stand.
    for (number, iteration) in [(8, 0), (9, 3)] {
        let (episode, meta) = trial(number, iteration, 0);
        run.write_trial(&episode, &TrialMeta { evaluation: true, ..meta }, None).unwrap();
    }
    for (iteration, rollouts) in [(0, 0..3), (1, 3..6), (2, 6..7), (3, 7..7)] {
        let found = run.view().trials_after(iteration).unwrap();
        assert_eq!(found.trials, made[rollouts]);
        assert!(found.damaged.is_empty());
    }
    let bytes = fs::read(&paths[4]).unwrap();
    fs::write(&paths[4], &bytes[..bytes.len() / 2]).unwrap();
    let found = run.view().trials_after(1).unwrap();
    assert_eq!(found.trials, [made[3].clone(), made[5].clone()]);
    assert!(matches!(&found.damaged[..], [StorageError::Damaged { path, .. }] if *path == paths[4]));
}

#[test]
fn a_trial_is_never_overwritten_and_one_from_elsewhere_never_read() {
    let place = tempfile::tempdir().unwrap();
    let mut run = create(place.path()).unwrap();
    let (episode, meta) = trial(1, 1, 0);
    run.write_trial(&episode, &meta, None).unwrap();
    let error = run.write_trial(&episode, &meta, None).unwrap_err();
    assert!(matches!(error, StorageError::TrialExists { .. }), "{error}");

    let mut foreign = [meta.clone(), meta.clone(), meta];
    foreign[0].robot = "leg".into();
    foreign[1].task = "swing_up".into();
    foreign[2].seed += 1;
    for (mut meta, field) in foreign.into_iter().zip(["robot", "task", "seed"]) {
        meta.trial = run.next_trial().unwrap();
        let path = run.write_trial(&episode, &meta, None).unwrap();
        let error = run.view().read_trial(&path).unwrap_err();
        assert!(matches!(&error, StorageError::Mismatch { field: f, .. } if *f == field), "{error}");
    }
}

#[test]
fn thinned_trials_are_gone_and_the_numbers_go_on() {
    let place = tempfile::tempdir().unwrap();
    let mut run = create(place.path()).unwrap();
    let write = |run: &mut RunFolder, number: u64| {
        let (episode, meta) = trial(number, 1, number);
        run.write_trial(&episode, &meta, None).unwrap();
    };
    let numbers =
        |run: &RunFolder| run.view().trials().unwrap().into_iter().map(|(number, _)| number).collect::<Vec<_>>();
    (1..=7).for_each(|number| write(&mut run, number));
    run.thin_trials(KeepTrials::All).unwrap();
    assert_eq!(numbers(&run).len(), 7);
    run.thin_trials(KeepTrials::Every(3)).unwrap();
    assert_eq!((numbers(&run), run.next_trial().unwrap()), (vec![3, 6, 7], 8));
    write(&mut run, 8);
    run.thin_trials(KeepTrials::Last(2)).unwrap();
    assert_eq!((numbers(&run), run.next_trial().unwrap()), (vec![7, 8], 9));
}

const CHILD: &str = "MOTO_STORAGE_TEST_CHILD";
const ROLLOUTS: u64 = 3;

/// A process that writes without end and says what it has stored; it is killed.
fn write_for_ever(directory: &Path) -> Result<(), StorageError> {
    let say = |what: &str, number: u64| {
        let mut out = std::io::stdout().lock();
        if writeln!(out, "stored {what} {number}").and_then(|()| out.flush()).is_err() {
            // The parent is gone, and nobody is left to kill this process.
            std::process::exit(1);
        }
    };
    let mut run = match open(directory) {
        Err(StorageError::NotARun { .. }) => create(directory)?,
        opened => opened?,
    };
    let done = match run.view().checkpoint::<Vec<f64>>(&expected()) {
        Err(StorageError::NoCheckpoint { .. }) => 0,
        loaded => loaded?.checkpoint.header.iteration,
    };
    run.retain_metrics(done)?;
    say("run", 0);
    for iteration in done + 1.. {
        for number in (iteration - 1) * ROLLOUTS + 1..=iteration * ROLLOUTS {
            if number >= run.next_trial()? {
                let (episode, meta) = trial(number, iteration, (number - 1) % ROLLOUTS);
                run.write_trial(&episode, &meta, None)?;
                say("trial", number);
            }
        }
        run.append_metrics(&line(iteration))?;
        say("metrics", iteration);
        run.save_checkpoint(&checkpoint(iteration), 3)?;
        say("checkpoint", iteration);
    }
    Ok(())
}

fn start_child(directory: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill_9_at_random_points_leaves_a_store_that_opens", "--nocapture"])
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// What the child said it stored: the newest trial, metrics line and checkpoint.
#[derive(Debug, Default)]
struct Stored {
    run: bool,
    trial: u64,
    metrics: u64,
    checkpoint: u64,
}

impl Stored {
    fn note(&mut self, said: &str) -> bool {
        let words: Vec<_> = said.split_whitespace().collect();
        let ["stored", what, number] = words[..] else { return false };
        let number = number.parse().unwrap();
        match what {
            "run" => self.run = true,
            "trial" => self.trial = number,
            "metrics" => self.metrics = number,
            "checkpoint" => self.checkpoint = number,
            other => panic!("{other}"),
        }
        true
    }
}

#[test]
fn kill_9_at_random_points_leaves_a_store_that_opens() {
    if let Some(directory) = std::env::var_os(CHILD) {
        write_for_ever(Path::new(&directory)).unwrap();
    }
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let place = tempfile::tempdir().unwrap();
    let mut stored = Stored::default();
    for kill in 0..40 {
        let directory = place.path().join(format!("run {}", kill / 10));
        if kill % 10 == 0 {
            stored = Stored::default();
        }
        let (mut child, output) = start_child(&directory);
        let mut said = output.lines();
        // The first child of each run may be killed while it creates the folder; the others get some way.
        let mut wanted = if kill % 10 == 0 { random.random_range(0..3) } else { random.random_range(1..16) };
        while wanted > 0 {
            let line = said.next().expect("the child ended by itself").unwrap();
            wanted -= u32::from(stored.note(&line));
        }
        if kill % 10 == 1 {
            assert!(
                matches!(open(&directory).err(), Some(StorageError::InUse { .. })),
                "a living process holds the run"
            );
        }
        for _ in 0..random.random_range(0..300_000) {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in said {
            stored.note(&line.unwrap());
        }

        let run = match open(&directory) {
            Err(StorageError::NotARun { .. }) if !stored.run => continue,
            opened => opened.unwrap(),
        };
        let view = run.view();
        let trials = view.trials().unwrap();
        assert!(trials.len() as u64 >= stored.trial, "{} trials, stored {stored:?}", trials.len());
        for (index, (number, path)) in trials.iter().enumerate() {
            assert_eq!(*number, index as u64 + 1);
            let (iteration, rollout) = ((number - 1) / ROLLOUTS + 1, (number - 1) % ROLLOUTS);
            assert_eq!(view.read_trial(path).unwrap(), trial(*number, iteration, rollout));
        }
        let metrics: Vec<Value> = view.metrics().unwrap();
        assert!(metrics.len() as u64 >= stored.metrics, "{} lines, stored {stored:?}", metrics.len());
        assert_eq!(metrics, (1..=metrics.len() as u64).map(line).collect::<Vec<_>>());
        match view.checkpoint::<Vec<f64>>(&expected()) {
            Err(StorageError::NoCheckpoint { .. }) => assert_eq!(stored.checkpoint, 0),
            loaded => {
                let loaded = loaded.unwrap();
                assert!(loaded.damaged.is_empty(), "{:?}", loaded.damaged);
                let iteration = loaded.checkpoint.header.iteration;
                assert!(iteration >= stored.checkpoint && iteration <= metrics.len() as u64);
                assert_eq!(loaded.checkpoint, checkpoint(iteration));
            }
        }
        // What the next child drops and makes again.
        stored.metrics = stored.checkpoint;
    }
    assert!(stored.checkpoint > 5, "the children got nowhere: {stored:?}");
}
