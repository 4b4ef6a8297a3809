//! Experiments are the same to the bit on any number of threads, and across interruptions.

mod experiment_support;

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use experiment_support::{Counter, Place, experiment, names, timeless};
use moto_controller::experiment::{Ended, ExperimentConfig, ExperimentError, Folder, Part, Record, RunnerOptions, run};

fn options(threads: usize) -> RunnerOptions {
    RunnerOptions { threads, save_every: Duration::ZERO }
}

fn complete(config: &ExperimentConfig, folder: &Folder, threads: usize) -> (Vec<Record>, usize) {
    let counter = Counter::stopping_after(usize::MAX);
    let ended = run(&config.jobs(), folder, options(threads), &counter.stop, &counter).unwrap();
    assert_eq!(ended, Ended::Complete);
    (timeless(config, folder), counter.iterations.load(Ordering::Relaxed))
}

fn reference(place: &Place) -> Vec<Record> {
    let config = experiment();
    complete(&config, &Folder::open(&place.path("reference"), &config).unwrap(), 1).0
}

#[test]
fn the_same_on_one_and_on_seven_threads() {
    let (place, config) = (Place::new(), experiment());
    let one = reference(&place);
    // More threads than jobs: each learns on several.
    let (seven, iterations) = complete(&config, &Folder::open(&place.path("seven"), &config).unwrap(), 7);
    assert_eq!(iterations, 2 * 2 * 5);
    assert_eq!(one.len(), iterations);
    assert_eq!(one, seven);
    assert!(
        one.iter().all(|r| r.mean_action_return.unwrap().is_finite() && r.rollouts_return < 0. && r.kl.unwrap() > 0.)
    );
    let (first_seed, second_seed) = (&one[..5], &one[5..10]);
    assert_ne!(first_seed, second_seed);
    assert_eq!(first_seed.iter().map(|r| (r.iteration, r.episodes)).collect::<Vec<_>>()[4], (5, 30));
}

#[test]
fn the_mean_action_is_judged_where_it_is_due_and_learning_is_the_same() {
    let (place, mut config) = (Place::new(), experiment());
    let whole = reference(&place);
    config.variants.iter_mut().for_each(|variant| variant.judged_every = 3);
    let (some, _) = complete(&config, &Folder::open(&place.path("some"), &config).unwrap(), 1);
    for (one, other) in whole.iter().zip(&some) {
        // Of five iterations the first, the third and the last.
        let judged = one.mean_action_return.filter(|_| [1, 3, 5].contains(&one.iteration));
        assert_eq!(*other, Record { mean_action_return: judged, ..one.clone() });
    }
}

#[test]
fn an_interrupted_seed_goes_on_to_the_bit_and_a_finished_one_is_not_run_again() {
    let (place, config) = (Place::new(), experiment());
    let whole = reference(&place);
    let mut left = whole.len();
    for stop_after in [3, 4, 6] {
        // A folder opened anew, as another process would.
        let folder = Folder::open(&place.path("run"), &config).unwrap();
        let counter = Counter::stopping_after(stop_after);
        assert_eq!(run(&config.jobs(), &folder, options(1), &counter.stop, &counter).unwrap(), Ended::Stopped);
        assert_eq!(counter.iterations.load(Ordering::Relaxed), stop_after);
        left -= stop_after;
    }
    let folder = Folder::open(&place.path("run"), &config).unwrap();
    assert_eq!(names(&place.path("run/unfinished")).len(), 2, "the newest state and the one before");
    let (records, iterations) = complete(&config, &folder, 2);
    assert_eq!(iterations, left);
    assert_eq!(records, whole);
    assert!(names(&place.path("run/unfinished")).is_empty());
    assert_eq!(complete(&config, &folder, 2), (whole, 0));
}

#[test]
fn after_a_kill_a_seed_goes_on_from_where_it_was_last_saved() {
    let (place, config) = (Place::new(), experiment());
    let whole = reference(&place);
    let folder = Folder::open(&place.path("run"), &config).unwrap();
    let counter = Counter::stopping_after(4);
    run(&config.jobs(), &folder, options(1), &counter.stop, &counter).unwrap();
    let (records, iterations) = complete(&config, &folder, 1);
    assert_eq!((records, iterations), (whole, 16));
}

#[test]
fn a_saved_state_that_was_cut_short_is_kept_and_the_one_before_is_gone_on_from() {
    let (place, config) = (Place::new(), experiment());
    let whole = reference(&place);
    let saved = place.path("run/unfinished/reuse-1.bin");
    let before = place.path("run/unfinished/reuse-1.bin.before");
    // Of four iterations the last and the one before are saved. What is damaged, what is then made again, and what stays.
    let cut = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    type Damage<'a> = &'a dyn Fn();
    let cases: [(Damage<'_>, usize, &[&str]); 4] = [
        (&|| cut(&saved), 17, &["reuse-1.bin.damaged"]),
        (&|| fs::write(&saved, "").unwrap(), 17, &["reuse-1.bin.damaged"]),
        // As a process that was killed between its two steps leaves it.
        (&|| fs::rename(&saved, &before).unwrap(), 16, &[]),
        (
            &|| [&saved, &before].into_iter().for_each(|path| cut(path)),
            20,
            &["reuse-1.bin.damaged", "reuse-1.bin.damaged-2"],
        ),
    ];
    for (damage, made, left) in cases {
        let _ = fs::remove_dir_all(place.path("run"));
        let folder = Folder::open(&place.path("run"), &config).unwrap();
        let counter = Counter::stopping_after(4);
        run(&config.jobs(), &folder, options(1), &counter.stop, &counter).unwrap();
        assert_eq!(names(&place.path("run/unfinished")), ["reuse-1.bin", "reuse-1.bin.before"]);
        damage();
        let (records, iterations) = complete(&config, &folder, 1);
        assert_eq!((&records, iterations), (&whole, made));
        assert_eq!(names(&place.path("run/unfinished")), left);
    }
}

#[test]
fn more_seeds_are_added_and_other_settings_refused() {
    let (place, mut config) = (Place::new(), experiment());
    config.seeds = 1;
    complete(&config, &Folder::open(&place.path("run"), &config).unwrap(), 2);
    config.seeds = 2;
    config.title = "Another title".into();
    let (_, iterations) = complete(&config, &Folder::open(&place.path("run"), &config).unwrap(), 2);
    assert_eq!(iterations, 2 * 5);
    config.variants[1].rollouts = 7;
    match Folder::open(&place.path("run"), &config).map(drop) {
        Err(ExperimentError::Mismatch { field, found, expected, .. }) => {
            assert_eq!((field.as_str(), found.as_str(), expected.as_str()), ("variants[1].rollouts", "6", "7"));
        }
        other => panic!("{other:?}"),
    }
    config.variants.pop();
    let refused = Folder::open(&place.path("run"), &config).map(drop).unwrap_err().to_string();
    assert!(refused.contains("variants was a list of 2, now it is a list of 1"), "{refused}");
}

#[test]
fn a_folder_from_before_a_setting_existed_is_gone_on_with() {
    let (place, config) = (Place::new(), experiment());
    Folder::open(&place.path("run"), &config).unwrap();
    let kept = place.path("run/config.yaml");
    let older: Vec<String> = fs::read_to_string(&kept)
        .unwrap()
        .lines()
        .filter(|line| !["first_seed:", "judged_every:"].iter().any(|field| line.trim_start().starts_with(field)))
        .map(str::to_owned)
        .collect();
    fs::write(&kept, older.join("\n")).unwrap();
    Folder::open(&place.path("run"), &config).unwrap();
}

#[test]
fn a_job_is_one_process_s_at_a_time() {
    let (place, config) = (Place::new(), experiment());
    let [one, other] = [(); 2].map(|()| Folder::open(&place.path("run"), &config).unwrap());
    one.take(&config.jobs()[2..]).unwrap();
    let counter = Counter::stopping_after(usize::MAX);
    let refused = run(&config.jobs(), &other, options(1), &counter.stop, &counter).unwrap_err();
    assert!(matches!(refused, ExperimentError::InUse { .. }));
    assert!(refused.to_string().contains("another process runs job 2 (reuse seed 2)"), "{refused}");
    assert_eq!(counter.iterations.load(Ordering::Relaxed), 0);
    // The others are free, and so is this one once its process is gone.
    run(&config.jobs()[..2], &other, options(1), &counter.stop, &counter).unwrap();
    drop(one);
    assert_eq!(complete(&config, &other, 1).1, 10);
}

#[test]
fn shards_at_the_same_time_give_the_bits_of_one_process() {
    let (place, config) = (Place::new(), experiment());
    let shard = |index: usize| {
        let folder = Folder::open(&place.path("shards"), &config).unwrap();
        let counter = Counter::stopping_after(usize::MAX);
        let jobs = Part::Shard { index, of: 3 }.jobs(&config).unwrap();
        assert_eq!(run(&jobs, &folder, options(1), &counter.stop, &counter).unwrap(), Ended::Complete);
        jobs.iter().map(|job| job.index).collect::<Vec<_>>()
    };
    let mut indices = std::thread::scope(|scope| {
        let shards = [0, 1, 2].map(|index| scope.spawn(move || shard(index)));
        shards.into_iter().flat_map(|shard| shard.join().unwrap()).collect::<Vec<_>>()
    });
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2, 3]);
    let folder = Folder::open(&place.path("shards"), &config).unwrap();
    assert_eq!(timeless(&config, &folder), reference(&place));
    assert!(!names(&place.path("shards")).iter().any(|name| name.ends_with(".tmp")));
    let more = ExperimentConfig { seeds: 3, ..config.clone() };
    let numbered =
        |config: &ExperimentConfig| config.jobs().iter().map(|job| job.to_string()).take(4).collect::<Vec<_>>();
    assert_eq!(numbered(&more), numbered(&config));
}

#[test]
fn a_half_written_seed_is_named_and_once_removed_runs_again() {
    let (place, config) = (Place::new(), experiment());
    let folder = Folder::open(&place.path("run"), &config).unwrap();
    let (whole, _) = complete(&config, &folder, 2);
    let path = place.path("run/seeds/no-reuse-2.csv");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let halves = [
        (lines[..4].concat(), "it ends after 3 of 5 iterations"),
        (text[..text.len() - 2].into(), "its last line is cut short"),
        (String::new(), "it is empty"),
    ];
    for (half, what) in halves {
        fs::write(&path, &half).unwrap();
        let counter = Counter::stopping_after(usize::MAX);
        let refused = run(&config.jobs(), &folder, options(1), &counter.stop, &counter).unwrap_err().to_string();
        for part in ["no-reuse-2.csv", what, "remove it to run that seed again"] {
            assert!(refused.contains(part), "{part} is not in: {refused}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), half, "nothing is written over it");
        assert_eq!(counter.iterations.load(Ordering::Relaxed), 0);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(complete(&config, &folder, 1), (whole, 5));
}

#[test]
fn a_full_disk_costs_no_more_than_what_was_not_saved() {
    let (place, config) = (Place::new(), experiment());
    let whole = reference(&place);
    let folder = Folder::open(&place.path("run"), &config).unwrap();
    let counter = Counter::stopping_after(3);
    run(&config.jobs(), &folder, options(1), &counter.stop, &counter).unwrap();
    // What is written next goes to a device that is always full.
    std::os::unix::fs::symlink("/dev/full", place.path("run/unfinished/reuse-1.bin.tmp")).unwrap();
    let counter = Counter::stopping_after(usize::MAX);
    let refused = run(&config.jobs(), &folder, options(1), &counter.stop, &counter).unwrap_err().to_string();
    for part in ["reuse-1.bin.tmp", "no space left: free some or give another folder"] {
        assert!(refused.contains(part), "{part} is not in: {refused}");
    }
    assert_eq!(complete(&config, &folder, 1), (whole, 17), "the three saved iterations are not made again");
}
