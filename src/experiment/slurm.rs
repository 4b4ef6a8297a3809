//! What an experiment has to do with Slurm: the variables of its jobs, and a batch script.

use std::path::Path;

use moto_settings::FieldError;

use super::Part;

/// The batch script, with `@NAME@` where a value goes.
const SCRIPT: &str = include_str!("experiment.sbatch");

/// Most tasks of an array that Slurm takes unless it is configured otherwise (`MaxArraySize` 1001).
const TASKS: usize = 1000;

/// The shard of a task of a Slurm array, by the variables that Slurm sets. `variable` looks one up.
///
/// # Errors
/// A variable that is missing or no number, or an array with gaps: its tasks do not say which shard they are.
pub fn shard(variable: &impl Fn(&str) -> Option<String>) -> Result<Part, FieldError> {
    let number = |name: &str| {
        let found = variable(name);
        let expected = "a whole number, which Slurm sets in the tasks of an array; elsewhere give --shard I/N";
        found
            .as_deref()
            .and_then(|text| text.parse::<usize>().ok())
            .ok_or_else(|| FieldError::value(name, found.as_deref().unwrap_or("not set"), expected))
    };
    let [id, first, last, count] =
        ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT"].map(number);
    let (id, first, last, count) = (id?, first?, last?, count?);
    if last.checked_sub(first).and_then(|more| more.checked_add(1)) != Some(count) || !(first..=last).contains(&id) {
        let found = format!("{count}, with tasks {first} to {last}");
        let expected = "the tasks of an array without gaps (--array=0-7); for others give --shard I/N";
        return Err(FieldError::value("SLURM_ARRAY_TASK_COUNT", found, expected));
    }
    Ok(Part::Shard { index: id - first, of: count })
}

/// The number of processors that Slurm gave a task. `None` if it says nothing.
///
/// # Errors
/// A value that is no number of processors.
pub fn processors(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<usize>, FieldError> {
    const NAME: &str = "SLURM_CPUS_PER_TASK";
    let Some(text) = variable(NAME) else { return Ok(None) };
    match text.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(FieldError::value(NAME, text, "a number of processors, at least 1")),
    }
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
        refused(
            &[("SLURM_ARRAY_TASK_COUNT", "3")],
            &["SLURM_ARRAY_TASK_COUNT is 3, with tasks 2 to 5", "without gaps"],
        );
    }

    #[test]
    fn the_processors_of_a_task() {
        let of = |value: Option<&str>| processors(&|_| value.map(Into::into)).map_err(|error| error.to_string());
        assert_eq!((of(None), of(Some("4"))), (Ok(None), Ok(Some(4))));
        for wrong in ["0", "many", "-1"] {
            let expected = format!("SLURM_CPUS_PER_TASK is {wrong}, expected a number of processors, at least 1");
            assert_eq!(of(Some(wrong)), Err(expected));
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
