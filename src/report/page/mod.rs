//! The report of a run or an experiment: one HTML file that needs nothing else and no network. The page
//! of a run that goes on is the same, but for what comes as it happens ([`crate::live`] serves it).
//!
//! The page's code is plain JavaScript in this folder, joined into one script in the order of
//! `SCRIPTS`. `vendor` has the libraries: `scripts/update_page_libraries.sh` makes them.

mod deadlines;
mod experiment;
mod live;
mod run;
mod stage;
mod trial;

pub use deadlines::Deadlines;
pub use experiment::{ExperimentPage, PagePanel};
pub use live::{LiveLateness, LiveLoop, LiveNow, LivePage, LivePosture};
pub use run::{PageGains, PageJoint, RunPage};
pub use stage::{PageArm, PageScene};
pub use trial::{PageMark, PageTrial};

use serde::Serialize;

/// Name of the page's file.
pub const PAGE_FILE: &str = "report.html";

const PAGE: &str = include_str!("page.html");
const STYLES: [&str; 2] = [include_str!("vendor/uplot.css"), include_str!("page.css")];
const LIBRARIES: [&str; 3] =
    [include_str!("vendor/licences.js"), include_str!("vendor/three.js"), include_str!("vendor/uplot.js")];
const SCRIPTS: [&str; 9] = [
    include_str!("elements.js"),
    include_str!("charts.js"),
    include_str!("stage.js"),
    include_str!("player.js"),
    include_str!("landings.js"),
    include_str!("run.js"),
    include_str!("live.js"),
    include_str!("experiment.js"),
    include_str!("main.js"),
];

/// The data of a page.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PageData<'a> {
    /// A run.
    Run(&'a RunPage),
    /// An experiment.
    Experiment(&'a ExperimentPage),
    /// A run that goes on.
    Live(&'a LivePage),
}

impl PageData<'_> {
    fn title(&self) -> &str {
        match self {
            Self::Run(run) => &run.title,
            Self::Experiment(experiment) => &experiment.title,
            Self::Live(live) => &live.title,
        }
    }
}

/// The page as HTML.
///
/// # Errors
/// Data that have no JSON form.
pub fn page(data: &PageData<'_>) -> serde_json::Result<String> {
    // `<` occurs in JSON within strings only. Escaped, no text can end the script that holds it.
    let json = serde_json::to_string(data)?.replace('<', "\\u003c");
    let title = data.title().replace('&', "&amp;").replace('<', "&lt;");
    let [styles, libraries, scripts] = [STYLES.join("\n"), LIBRARIES.join("\n"), SCRIPTS.join("\n")];
    let parts = [("TITLE", title), ("STYLES", styles), ("DATA", json), ("LIBRARIES", libraries), ("SCRIPTS", scripts)];
    // The template is cut at the marks, so that a mark within a part means nothing.
    let mut page = String::new();
    let mut rest = PAGE;
    for (mark, part) in &parts {
        let (before, after) = rest.split_once(&format!("<!--{mark}-->")).unwrap_or((rest, ""));
        page.push_str(before);
        page.push_str(part);
        rest = after;
    }
    Ok(page + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_no_network_and_no_text_ends_its_scripts() {
        let hostile = "</script><script>alert(1)</script><!--SCRIPTS-->";
        let experiment = ExperimentPage {
            title: hostile.into(),
            command_line: vec![hostile.into()],
            config: hostile.into(),
            table: String::new(),
            panels: vec![],
            motions: String::new(),
        };
        let page = page(&PageData::Experiment(&experiment)).unwrap();
        assert!(!page.contains("<script>alert"), "a text ended a script");
        assert_eq!(page.matches("</script>").count(), 3, "data, libraries and code");
        assert!(page.contains("&lt;/script>") && page.ends_with("</html>\n"));
        for loads in ["src=\"http", "href=\"http", "@import", "url(http"] {
            assert!(!page.contains(loads), "{loads}");
        }
    }
}
