//! What an experiment has to do with Slurm: the variables of its jobs, and a batch script.

use std::path::Path;

use moto_settings::FieldError;

use super::Part;

/// The batch script, with `@NAME@` where a value goes.
const SCRIPT: &str = include_str!("experiment.sbatch");

/// Most tasks of an array that Slurm takes unless it is configured otherwise (`MaxArraySize` 1001).
const TASKS: usize = 1000;

/// The shard of a task of a Slurm array, by the variables that Slurm sets. `variable` looks one up. The first task and the step of the
/// array are 0 and 1 where they are not given.
///
/// # Errors
/// A variable that is missing or no number, or an array with gaps: its tasks do not say which shard they are.
pub fn shard(variable: &impl Fn(&str) -> Option<String>) -> Result<Part, FieldError> {
    const EXPECTED: &str = "a whole number, which Slurm sets in the tasks of an array; elsewhere give --shard I/N";
    let number =
        |name: &str, found: String| found.parse::<usize>().map_err(|_| FieldError::value(name, found, EXPECTED));
    let needed = |name: &str| match variable(name) {
        Some(found) => number(name, found),
        None => Err(FieldError::value(name, "not set", EXPECTED)),
    };
    let given = |name: &str| variable(name).map(|found| number(name, found)).transpose();
    let (id, count) = (needed("SLURM_ARRAY_TASK_ID")?, needed("SLURM_ARRAY_TASK_COUNT")?);
    let first = given("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
    let step = given("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
    let last = match given("SLURM_ARRAY_TASK_MAX")? {
        Some(last) => Some(last),
        None => count.checked_sub(1).and_then(|more| more.checked_mul(step)).and_then(|more| more.checked_add(first)),
    };
    let index = id.checked_sub(first).filter(|more| more % step == 0).map(|more| more / step);
    let even = last.and_then(|last| last.checked_sub(first)).is_some_and(|more| {
        // Slurm gives the last task that was asked for, which a step may miss.
        (more / step).checked_add(1) == Some(count)
    });
    match index.filter(|index| even && *index < count) {
        Some(index) => Ok(Part::Shard { index, of: count }),
        None => {
            let last = last.map_or_else(|| "the last".into(), |last| last.to_string());
            let found = format!("{count}, and this is task {id} of tasks {first} to {last} in steps of {step}");
            let expected =
                "the tasks of an array without gaps (--array=0-7, or with a step); for others give --shard I/N";
            Err(FieldError::value("SLURM_ARRAY_TASK_COUNT", found, expected))
        }
    }
}

/// The number of threads that the environment asks for: `RAYON_NUM_THREADS`, else what Slurm gave the task. `None` if neither says
/// anything; an empty value says nothing, and of the first a 0 as well, as for rayon.
///
/// # Errors
/// A value that is no number.
pub fn threads(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<usize>, FieldError> {
    for (name, automatic, expected) in [
        ("RAYON_NUM_THREADS", "0", "a number of threads, at least 1"),
        ("SLURM_CPUS_PER_TASK", "", "a number of processors, at least 1"),
    ] {
        let Some(text) = variable(name).filter(|text| !text.is_empty() && text != automatic) else { continue };
        return match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(FieldError::value(name, text, expected)),
        };
    }
    Ok(None)
}

/// The batch script that runs an experiment as an array, and merges it. `program` and `folder` are absolute paths, `jobs` the number
/// of jobs, `peers` the curves to draw beside the experiment's.
pub fn script(program: &Path, folder: &Path, name: &str, jobs: usize, peers: Option<&Path>) -> String {
    let quoted = |path: &Path| quoted(&path.to_string_lossy());
    let peers = peers.map_or_else(String::new, |path| format!(" --peers {}", quoted(path)));
    SCRIPT
        .replace("@PROGRAM@", &quoted(program))
        .replace("@FOLDER@", &quoted(folder))
        .replace("@NAME@", &self::quoted(name))
        .replace("@SHARDS@", &jobs.min(TASKS).to_string())
        .replace("@PEERS@", &peers)
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tasks of `--array=2-5`, with some variables changed.
    fn task(changes: &[(&str, &str)]) -> Result<Part, String> {
        let variables = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_MIN", "2"),
            ("SLURM_ARRAY_TASK_MAX", "5"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        let find = |list: &[(&str, &str)], name: &str| {
            list.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let variable = |name: &str| find(changes, name).or_else(|| find(&variables, name)).filter(|v| !v.is_empty());
        shard(&variable).map_err(|error| error.to_string())
    }

    #[test]
    fn a_task_of_an_array_is_a_shard() {
        assert_eq!(task(&[]), Ok(Part::Shard { index: 1, of: 4 }));
        assert_eq!(task(&[("SLURM_ARRAY_TASK_ID", "5")]), Ok(Part::Shard { index: 3, of: 4 }));
        let refused = |changes: &[(&str, &str)], parts: &[&str]| {
            let said = task(changes).unwrap_err();
            parts.iter().for_each(|part| assert!(said.contains(part), "{part} is not in: {said}"));
        };
        refused(&[("SLURM_ARRAY_TASK_ID", "")], &["SLURM_ARRAY_TASK_ID is not set", "--shard I/N"]);
        refused(&[("SLURM_ARRAY_TASK_COUNT", "few")], &["SLURM_ARRAY_TASK_COUNT is few"]);
        // --array=2,3,5
        refused(&[("SLURM_ARRAY_TASK_COUNT", "3")], &["SLURM_ARRAY_TASK_COUNT is 3", "tasks 2 to 5", "without gaps"]);
        refused(&[("SLURM_ARRAY_TASK_ID", "6")], &["task 6 of tasks 2 to 5"]);
    }

    #[test]
    fn an_array_with_a_step_or_without_bounds_is_one_too() {
        // --array=2-9:2
        let step = |id| [("SLURM_ARRAY_TASK_STEP", "2"), ("SLURM_ARRAY_TASK_MAX", "9"), ("SLURM_ARRAY_TASK_ID", id)];
        assert_eq!(task(&step("2")), Ok(Part::Shard { index: 0, of: 4 }));
        assert_eq!(task(&step("8")), Ok(Part::Shard { index: 3, of: 4 }));
        assert!(task(&step("3")).unwrap_err().contains("in steps of 2"));
        let bare = |id| [("SLURM_ARRAY_TASK_ID", id), ("SLURM_ARRAY_TASK_MIN", ""), ("SLURM_ARRAY_TASK_MAX", "")];
        assert_eq!(task(&bare("3")), Ok(Part::Shard { index: 3, of: 4 }));
        assert!(task(&bare("4")).unwrap_err().contains("task 4 of tasks 0 to 3"));
    }

    #[test]
    fn the_threads_of_a_task() {
        let of = |rayon: Option<&str>, slurm: Option<&str>| {
            let variable = |name: &str| if name == "RAYON_NUM_THREADS" { rayon } else { slurm }.map(Into::into);
            threads(&variable).map_err(|error| error.to_string())
        };
        assert_eq!(
            (of(None, None), of(None, Some("4")), of(Some("2"), Some("4"))),
            (Ok(None), Ok(Some(4)), Ok(Some(2)))
        );
        // What says nothing hides nothing.
        for nothing in ["", "0"] {
            assert_eq!(of(Some(nothing), Some("4")), Ok(Some(4)), "{nothing:?}");
        }
        for wrong in ["0", "many", "-1"] {
            let expected = format!("SLURM_CPUS_PER_TASK is {wrong}, expected a number of processors, at least 1");
            assert_eq!(of(None, Some(wrong)), Err(expected));
        }
        for wrong in ["abc", "-1", "1.5"] {
            let expected = format!("RAYON_NUM_THREADS is {wrong}, expected a number of threads, at least 1");
            assert_eq!(of(Some(wrong), Some("4")), Err(expected));
        }
    }

    #[test]
    fn the_script_is_a_shell_s_whatever_the_names() {
        let path = Path::new("/data/it's here/$HOME");
        let text = script(path, path, "a \"name\"", 5000, Some(path));
        let places = ["@PROGRAM@", "@FOLDER@", "@NAME@", "@SHARDS@", "@PEERS@"];
        assert!(places.iter().all(|place| SCRIPT.contains(place) && !text.contains(place)), "{text}");
        assert!(text.contains(r"folder='/data/it'\''s here/$HOME'") && text.contains("shards=1000"), "{text}");
        let checked = std::process::Command::new("bash").args(["-n", "-c", &text]).status().unwrap();
        assert!(checked.success());
    }
}
