//! The documents keep up with the code: links lead somewhere, paths exist, command lines parse.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

/// Folders of the package that documents name files of; results and build outputs are not among them.
const FOLDERS: [&str; 11] =
    ["benches", "config", "crates", "docs", "examples", "fuzz", "launch", "scripts", "src", "tests", "urdf"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A document, cut into its prose and the lines of its fenced shell blocks.
struct Document {
    path: PathBuf,
    prose: String,
    shell: Vec<String>,
}

fn read(path: PathBuf) -> Document {
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut prose, mut shell, mut fence) = (String::new(), Vec::new(), None);
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(language), None) => fence = Some(language),
            (Some(_), Some(_)) => fence = None,
            (None, Some("sh")) => shell.push(line.split(" #").next().unwrap_or_default().to_owned()),
            (None, Some(_)) => {}
            (None, None) => prose += &format!("{line}\n"),
        }
    }
    assert!(fence.is_none(), "{}: a fence is not closed", path.display());
    Document { path, prose, shell }
}

fn documents() -> Vec<Document> {
    let markdown = |folder: PathBuf| {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
    };
    let documents: Vec<_> = markdown(root().into()).chain(markdown(root().join("docs"))).map(read).collect();
    assert!(documents.len() > 10, "{} documents", documents.len());
    documents
}

impl Document {
    /// Text between backticks.
    fn code(&self) -> impl Iterator<Item = &str> {
        assert_eq!(self.prose.matches('`').count() % 2, 0, "{}: a backtick is not closed", self.path.display());
        self.prose.split('`').skip(1).step_by(2)
    }

    /// The command lines of the document: those in shell blocks, and those in backticks.
    fn command_lines(&self) -> impl Iterator<Item = Vec<&str>> {
        let parts = self.shell.iter().flat_map(|line| line.split("&&")).flat_map(|line| line.split(" | "));
        parts.chain(self.code()).map(|line| line.split_whitespace().collect())
    }

    /// Targets of relative links, with the anchor behind `#`.
    fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        let targets = self.prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        targets.filter(|target| !target.contains("://")).map(|target| target.split_once('#').unwrap_or((target, "")))
    }
}

/// The anchors that GitHub and mdbook make of the headings.
fn anchors(document: &Document) -> Vec<String> {
    let headings = document.prose.lines().filter(|line| line.starts_with('#'));
    let kept = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let plain = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        plain.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(kept).collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    for document in documents() {
        for (file, anchor) in document.links() {
            let here = document.path.display();
            let target =
                if file.is_empty() { document.path.clone() } else { document.path.parent().unwrap().join(file) };
            assert!(target.exists(), "{here}: link to {file}");
            assert!(anchor.is_empty() || anchors(&read(target)).iter().any(|a| a == anchor), "{here}: {file}#{anchor}");
        }
    }
}

#[test]
fn every_file_that_is_named_exists() {
    for document in documents() {
        for word in document.command_lines().flatten() {
            let word = word.trim_end_matches([',', '.', ':', ';']);
            let inside = word.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder));
            assert!(!inside || root().join(word).exists(), "{}: {word}", document.path.display());
        }
    }
}

#[test]
fn every_command_line_is_accepted() {
    let command = moto_controller::cli::command();
    let subcommands: Vec<_> = command.get_subcommands().map(|subcommand| subcommand.get_name()).collect();
    let mut tried = 0;
    for document in documents() {
        for words in document.command_lines() {
            let arguments = match &words[..] {
                ["moto_controller", arguments @ ..] => arguments,
                ["cargo", "run", "--release", "--", arguments @ ..] => arguments,
                [first, _, ..] if subcommands.contains(first) => &words[..],
                _ => continue,
            };
            // ROS reads the rest, and the nodes are there with the feature alone.
            let arguments = arguments.split(|word| *word == "--ros-args").next().unwrap_or_default();
            let node = matches!(arguments.first(), Some(&"run" | &"simulate"));
            if arguments.is_empty() || (node && !cfg!(feature = "ros")) {
                continue;
            }
            let line =
                ["moto_controller"].into_iter().chain(arguments.iter().map(|word| word.trim_matches(['[', ']'])));
            if let Err(error) = command.clone().try_get_matches_from(line) {
                let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
                assert!(help, "{}: {}: {error}", document.path.display(), words.join(" "));
            }
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried} command lines");
}

#[test]
fn every_launch_line_names_a_launch_file_and_its_arguments() {
    let documents = documents();
    let lines = documents.iter().flat_map(Document::command_lines);
    let mut tried = 0;
    for words in lines {
        let ["ros2", "launch", "moto_controller", file, arguments @ ..] = &words[..] else { continue };
        let text = std::fs::read_to_string(root().join("launch").join(file)).expect(file);
        for (name, _) in arguments.iter().filter_map(|argument| argument.split_once(":=")) {
            assert!(text.contains(&format!("\"{name}\"")), "{file} has no argument {name}");
        }
        tried += 1;
    }
    assert!(tried > 3, "{tried} launch lines");
}

#[test]
fn the_book_has_every_document() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let book = root().join("docs");
    for document in documents().iter().filter(|document| document.path.starts_with(&book)) {
        let name = document.path.file_name().unwrap().to_str().unwrap();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "docs/SUMMARY.md lacks {name}");
    }
}
