//! Dependencies point one way, as ARCHITECTURE.md has them, and a task is named in its folder and its registry alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The Rust files below a folder, or the file.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.into()];
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|ending| ending == "rs") {
            found.extend(files(&path));
        }
    }
    found
}

/// The code of a file: without tests at its end, and without comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

/// The rooms that each room of `src` uses: `crate::ROOM` in its code.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let source = Path::new(ROOT).join("src");
    let rooms = std::fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path());
    let mut uses = BTreeMap::<String, BTreeSet<String>>::new();
    for path in rooms.filter(|path| !path.ends_with("main.rs") && !path.ends_with("lib.rs")) {
        let room = path.file_stem().unwrap().to_string_lossy().into_owned();
        let used = uses.entry(room.clone()).or_default();
        for file in files(&path).iter().filter(|file| !is_test(file)) {
            let code = code(file);
            let names = code
                .split("crate::")
                .skip(1)
                .map(|after| after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
            used.extend(names.filter(|name| *name != room));
        }
    }
    let known: BTreeSet<String> = uses.keys().cloned().collect();
    uses.values_mut().for_each(|used| used.retain(|name| known.contains(name)));
    uses
}

#[test]
fn no_room_is_used_by_one_that_it_uses() {
    let uses = uses();
    assert!(uses["supervisor"].contains("control") && uses["cli"].contains("commands"), "{uses:?}");
    // What is left after taking away, again and again, the rooms that use no other.
    let mut left = uses.clone();
    while let Some(bottom) = left.iter().find(|(_, used)| used.iter().all(|name| !left.contains_key(name))) {
        let bottom = bottom.0.clone();
        left.remove(&bottom);
    }
    assert!(left.is_empty(), "these rooms use each other in a circle: {left:#?}");
}

#[test]
fn the_loop_knows_neither_learners_nor_ros_nor_the_disk() {
    let uses = uses();
    for room in ["control", "robot", "dynamics", "simulation"] {
        for above in ["ros", "storage", "supervisor", "commands", "tasks", "experiment", "setup", "report"] {
            assert!(!uses[room].contains(above), "{room} uses {above}");
        }
    }
    let learners =
        |path: &PathBuf| code(path).contains("moto_learners::moto") || code(path).contains("moto_learners::gps");
    let control = files(&Path::new(ROOT).join("src/control"));
    assert!(!control.iter().filter(|path| !is_test(path)).any(learners));
}

#[test]
fn a_task_is_named_in_its_folder_its_registry_and_its_experiments() {
    let source = Path::new(ROOT).join("src");
    // `init` offers table tennis as a first task.
    let own = ["src/tasks", "src/experiment", "src/init/table_tennis.rs", "src/init/mod.rs"]
        .map(|folder| Path::new(ROOT).join(folder));
    let elsewhere = files(&source).into_iter().filter(|path| !own.iter().any(|own| path.starts_with(own)));
    for path in elsewhere.filter(|path| !is_test(path)) {
        for name in ["table_tennis::", "swing_up::", "TableTennis", "SwingUp", "StrokeTask"] {
            assert!(!code(&path).contains(name), "{} names {name}", path.display());
        }
    }
    let shared = ["error.rs", "task.rs", "mod.rs"].map(|file| source.join("tasks").join(file));
    for path in shared {
        assert!(!code(&path).contains("TableTennis"), "{}", path.display());
    }
}
