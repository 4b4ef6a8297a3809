//! An experiment in parts, as a cluster runs it: jobs, shards, the merge, a script for Slurm.

mod experiment_support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::time::Duration;

use experiment_support::{Place, SMALL, names};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The small experiment's command, with more arguments.
fn small<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["experiment", "1c", "--config", "small.yaml", "--out", out], more].concat()
}

fn place() -> Place {
    let place = Place::new();
    place.write("small.yaml", SMALL);
    place
}

/// The exit code and everything said of a command.
fn told(place: &Place, arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = place.output(arguments);
    (status.code().unwrap(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// A seed's records without the times.
fn records(place: &Place, seed: &str) -> Vec<String> {
    let text = fs::read_to_string(place.path(seed)).unwrap();
    text.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect()
}

#[test]
fn jobs_one_by_one_and_a_merge_are_the_whole_experiment() {
    let place = place();
    let listed = place.run(&small("parts", &["--list-jobs"]));
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines[0], r#"{"job":0,"variant":"MOTO","seed":1}"#);
    assert_eq!(lines[3], r#"{"job":3,"variant":"no importance sampling","seed":2}"#);
    assert_eq!(lines.len(), 4);
    assert!(!place.path("parts").exists(), "a list makes no folder");

    let said = place.run(&small("parts", &["--job", "1"]));
    assert!(said.contains("1 job is finished in parts; --merge makes the summary"), "{said}");
    assert_eq!(
        names(&place.path("parts/seeds")),
        ["no-importance-sampling-1.csv", "no-importance-sampling-1.motion.json"]
    );
    // What is there is summarised, and what is not is named.
    let (code, said) = told(&place, &small("parts", &["--merge"]));
    assert_eq!(code, 75, "{said}");
    for text in [
        "missing are 3 of 4 seeds",
        "  MOTO: seed 1 (job 0), 2 (job 2)\n",
        "  no importance sampling: seed 2 (job 3)\n",
    ] {
        assert!(said.contains(text), "{text} is not in: {said}");
    }
    assert!(fs::read_to_string(place.path("parts/figure.svg")).unwrap().contains("(1 of 4 seeds)"));

    for shard in ["0/3", "1/3", "2/3"] {
        place.run(&small("parts", &["--shard", shard]));
    }
    let merged = place.run(&small("parts", &["--merge"]));
    let whole = place.run(&small("whole", &[]));
    assert_eq!(
        merged.split("results:").nth(1).unwrap().split_once('\n').unwrap().1,
        whole.split("results:").nth(1).unwrap().split_once('\n').unwrap().1
    );
    for file in ["figure.svg", "motion.svg", "summary.csv", "config.yaml"] {
        let [one, other] = ["parts", "whole"].map(|folder| fs::read_to_string(place.path(folder).join(file)).unwrap());
        assert_eq!(one, other, "{file}");
    }
    for seed in ["moto-1.csv", "moto-2.csv", "no-importance-sampling-1.csv", "no-importance-sampling-2.csv"] {
        assert_eq!(records(&place, &format!("parts/seeds/{seed}")), records(&place, &format!("whole/seeds/{seed}")));
    }
}

#[test]
fn a_signal_leaves_a_job_unfinished_and_the_same_command_goes_on() {
    let place = Place::new();
    place.write("small.yaml", &SMALL.replace("iterations: 4", "iterations: 300"));
    let mut program = place
        .command(&small("parts", &["--shard", "0/2"]))
        .env("SLURM_CPUS_PER_TASK", "1")
        .env_remove("RAYON_NUM_THREADS")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The first of its two jobs is finished; the other one has begun or will.
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("MOTO seed 1"));
    kill(Pid::from_raw(program.id() as i32), Signal::SIGUSR1).unwrap();
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(program.wait().unwrap().code(), Some(75), "{rest:?}");
    assert!(rest.last().unwrap().contains("everything is saved, and the same command goes on in parts"), "{rest:?}");
    let begun = names(&place.path("parts/unfinished")).iter().any(|name| name == "moto-2.bin");
    let (code, said) = told(&place, &small("parts", &["--shard", "0/2"]));
    assert_eq!(code, 0, "{said}");
    let goes_on = "job 2 (MOTO seed 2) goes on after iteration ";
    assert!(
        !begun || said.contains(goes_on) && said.contains(" of 300, as parts/unfinished/moto-2.bin has it"),
        "{said}"
    );
    place.run(&small("whole", &["--job", "2"]));
    assert_eq!(records(&place, "parts/seeds/moto-2.csv"), records(&place, "whole/seeds/moto-2.csv"));
    assert_eq!(names(&place.path("parts/unfinished")), [""; 0]);
}

#[test]
fn sigterm_leaves_a_single_job_unfinished_where_it_is() {
    let place = Place::new();
    // More than it makes until a state is saved, every five seconds.
    place.write("small.yaml", &SMALL.replace("iterations: 4", "iterations: 1000000"));
    let begin = || place.command(&small("out", &["--job", "1"])).stderr(Stdio::piped()).spawn().unwrap();
    let mut program = begin();
    let state = place.path("out/unfinished/no-importance-sampling-1.bin");
    while !state.exists() {
        assert!(program.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20));
    }
    for goes_on in [false, true] {
        let mut log = BufReader::new(program.stderr.take().unwrap()).lines();
        if goes_on {
            assert!(log.any(|line| line.unwrap().contains("(no importance sampling seed 1) goes on after iteration ")));
        }
        kill(Pid::from_raw(program.id() as i32), Signal::SIGTERM).unwrap();
        log.for_each(drop);
        assert_eq!(program.wait().unwrap().code(), Some(75));
        if !goes_on {
            program = begin();
        }
    }
}

#[test]
fn of_processes_that_begin_a_folder_together_one_settings_wins_and_the_others_are_refused() {
    let place = place();
    place.write("other.yaml", &SMALL.replace("rollouts: 6", "rollouts: 7"));
    for round in 0..5 {
        let out = format!("out-{round}");
        let begin = |job: usize| {
            let config = if job.is_multiple_of(2) { "small.yaml" } else { "other.yaml" };
            let arguments = ["experiment", "1c", "--config", config, "--out", &out, "--job", &format!("{}", job / 2)];
            place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let begun: Vec<_> = (0..8).map(begin).collect();
        let ended: Vec<_> = begun.into_iter().map(|program| program.wait_with_output().unwrap()).collect();
        let written = fs::read_to_string(place.path(&format!("{out}/config.yaml"))).unwrap();
        let won = usize::from(written.contains("rollouts: 7"));
        for (job, Output { status, stderr, .. }) in ended.iter().enumerate() {
            let said = String::from_utf8_lossy(stderr);
            let expected = if job % 2 == won { 0 } else { 1 };
            assert_eq!(status.code(), Some(expected), "{job}: {said}");
            assert!(
                expected == 0 || said.contains("has results of other settings: variants[0].rollouts was "),
                "{said}"
            );
        }
        assert_eq!(names(&place.path(&format!("{out}/seeds"))).len(), 8, "four seeds, each with its motion");
    }
}

#[test]
fn the_sweep_of_the_manual_is_of_a_robot_that_init_makes() {
    let place = Place::new();
    let root = env!("CARGO_MANIFEST_DIR");
    let page = fs::read_to_string(format!("{root}/docs/cluster.md")).unwrap();
    let sweep = page.split("```").find_map(|block| block.strip_prefix("yaml\n")).unwrap();
    place.write("sweep.yaml", sweep);
    place.run(&["init", "--urdf", &format!("{root}/urdf/table_tennis_arm.urdf"), "--out", "my_robot.yaml"]);
    assert_eq!(place.run(&["experiment", "sweep.yaml", "--list-jobs"]).lines().count(), 24);
    place.write("short.yaml", &sweep.replace("iterations: 20", "iterations: 1"));
    place.run(&["experiment", "short.yaml", "--job", "0"]);
    assert!(place.path("experiments/sweep/seeds/small-steps-201.stroke.json").exists());
    assert!(place.path("experiments/sweep/robots.yaml").exists());
}

#[test]
fn what_is_no_job_or_another_experiment_is_refused_by_name() {
    let place = place();
    let refused = |arguments: &[&str], parts: &[&str]| {
        let said = place.refusal(arguments);
        parts.iter().for_each(|part| assert!(said.contains(part), "{part} is not in: {said}"));
    };
    refused(&small("out", &["--job", "4"]), &["--job is 4, expected 0 to 3 (--list-jobs lists them)"]);
    refused(&small("out", &["--merge"]), &["there is no experiment in out", "--out"]);
    refused(&small("out", &["--shard", "slurm"]), &["SLURM_ARRAY_TASK_ID is not set", "--shard I/N"]);
    assert!(!place.path("out").exists());
    place.run(&small("out", &["--job", "0"]));
    place.write("small.yaml", &SMALL.replace("rollouts: 6", "rollouts: 7"));
    let parts = ["out has results of other settings", "variants[0].rollouts was 6, now it is 7", "--out"];
    refused(&small("out", &["--job", "1"]), &parts);
    refused(&small("out", &["--merge"]), &parts);
    place.write("small.yaml", SMALL);
    // A shard beyond the last job has none to do.
    assert!(place.run(&small("out", &["--shard", "8/9"])).contains("0 jobs are finished"));
    let threads = place
        .command(&small("out", &["--job", "1"]))
        .env("SLURM_CPUS_PER_TASK", "some")
        .env_remove("RAYON_NUM_THREADS")
        .output()
        .unwrap();
    assert_eq!(threads.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&threads.stderr)
            .contains("SLURM_CPUS_PER_TASK is some, expected a number of processors")
    );
}

/// Runs a job of the small experiment with these variables of the environment; the others of their kind are not set.
fn in_environment(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = place.command(arguments);
    for name in ["RAYON_NUM_THREADS", "SLURM_CPUS_PER_TASK"] {
        command.env_remove(name);
    }
    let Output { status, stdout, stderr } = command.envs(variables.iter().copied()).output().unwrap();
    (status.code().unwrap(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn a_job_has_the_threads_that_it_was_given() {
    let place = place();
    let (rayon, slurm) = ("RAYON_NUM_THREADS", "SLURM_CPUS_PER_TASK");
    for (variables, said) in [
        (&[(slurm, "3")][..], "1 jobs here, 3 threads"),
        (&[(rayon, "5"), (slurm, "3")][..], "5 threads"),
        (&[(rayon, ""), (slurm, "3")][..], "3 threads"),
    ] {
        let (code, told) = in_environment(&place, &small("out", &["--job", "0"]), variables);
        assert!(code == 0 && told.contains(said), "{variables:?}: {told}");
    }
    for (variables, said) in [
        ([(rayon, "abc"), (slurm, "3")], "RAYON_NUM_THREADS is abc, expected a number of threads, at least 1"),
        ([(rayon, ""), (slurm, "0")], "SLURM_CPUS_PER_TASK is 0, expected a number of processors, at least 1"),
    ] {
        let (code, told) = in_environment(&place, &small("out", &["--job", "0"]), &variables);
        assert!(code == 1 && told.contains(said), "{variables:?}: {told}");
    }
}

#[test]
fn the_shard_of_a_slurm_array_needs_no_value() {
    let place = place();
    // The second of --array=3-5:2.
    let task = [("SLURM_ARRAY_TASK_ID", "5"), ("SLURM_ARRAY_TASK_COUNT", "2")];
    let bounds = [("SLURM_ARRAY_TASK_MIN", "3"), ("SLURM_ARRAY_TASK_MAX", "5"), ("SLURM_ARRAY_TASK_STEP", "2")];
    let (code, said) = in_environment(&place, &small("out", &["--shard"]), &[&task[..], &bounds].concat());
    assert_eq!(code, 0, "{said}");
    let seeds = names(&place.path("out/seeds"));
    assert!(seeds.len() == 4 && seeds.iter().all(|name| name.starts_with("no-importance-sampling-")), "{seeds:?}");
    let (code, said) = in_environment(&place, &small("out", &["--shard"]), &[]);
    assert!(code == 1 && said.contains("SLURM_ARRAY_TASK_ID is not set"), "{said}");
}

#[test]
fn a_script_for_slurm_is_written_once_and_runs_what_the_folder_says() {
    let place = place();
    let said = place.run(&small("out", &["--submit", "slurm"]));
    assert!(said.contains("4 jobs") && said.contains("bash out/experiment.sbatch"), "{said}");
    let script = fs::read_to_string(place.path("out/experiment.sbatch")).unwrap();
    assert!(script.contains("shards=4\n") && script.contains("/out'\n"), "{script}");
    // The settings that it names are an experiment of their own.
    place.run(&["experiment", "out/config.yaml", "--out", "out", "--job", "3"]);
    place.run(&small("out", &["--submit", "slurm"]));
    place.write("out/experiment.sbatch", &format!("{script}# mine\n"));
    let said = place.refusal(&small("out", &["--submit", "slurm"]));
    assert!(said.contains("out/experiment.sbatch has another content already; remove it"), "{said}");
    assert!(fs::read_to_string(place.path("out/experiment.sbatch")).unwrap().ends_with("# mine\n"));
}
