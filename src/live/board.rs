//! What clients of the live page are shown. It is made 25 times a second, once for all of them; each
//! takes the newest of it as fast as its connection allows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::json;

use super::feed::{Feed, Told};
use super::lateness::Lateness;
use crate::control::{Episode, LoopView};
use crate::report::IterationMetrics;
use crate::report::page::{LiveLoop, LiveNow, LivePosture, PageTrial};
use crate::robot::Observed;
use crate::storage::TrialMeta;
use crate::tasks::Task;
use crate::view::Surroundings;

/// Time between two looks at the run.
pub const TICK: Duration = Duration::from_millis(40);
/// Time from the end of a trial that is played to the begin of the next.
const PAUSE: Duration = Duration::from_millis(600);
/// Most iterations in an event.
const BATCH: usize = 50;

/// What was sent to a client.
#[derive(Default)]
pub struct Seen {
    iterations: usize,
    trial: u64,
    now: u64,
    over: bool,
}

impl Seen {
    /// Whether it was told that the run is over.
    pub fn is_told_the_end(&self) -> bool {
        self.over
    }
}

/// The newest of a run.
pub struct Board {
    task: Box<dyn Task>,
    observed: Vec<Observed>,
    run: u64,
    feed: Feed,
    view: Option<LoopView>,
    lateness: Lateness,
    iterations: Vec<IterationMetrics>,
    /// A trial that was not shown yet.
    next: Option<(TrialMeta, Arc<Episode>)>,
    /// The trial that is shown, and since when.
    shown: Option<(Arc<Episode>, Instant)>,
    /// The shown trial as an event, and its number among the shown.
    trial: (u64, Bytes),
    /// The present as an event, and its number.
    now: (u64, Bytes),
    over: bool,
}

/// A server-sent event.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    // Numbers, texts and lists always have a JSON form; one line, as an event's data must be.
    let json = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {json}\n\n").into()
}

impl Board {
    /// An empty board for the run that was started at `run`, seconds since the Unix epoch.
    pub fn new(task: Box<dyn Task>, run: u64, feed: Feed) -> Self {
        Self {
            observed: task.observed(),
            task,
            run,
            feed,
            view: None,
            lateness: Lateness::default(),
            iterations: vec![],
            next: None,
            shown: None,
            trial: (0, Bytes::new()),
            now: (0, Bytes::new()),
            over: false,
        }
    }

    /// The world before the first trial.
    pub fn surroundings(&self) -> Surroundings {
        self.task.surroundings(&Episode::default())
    }

    /// Looks at the run. Returns whether it is over.
    pub fn look(&mut self, at: Instant) -> bool {
        let Told { view, trial, iterations, fault, over } = self.feed.take();
        if view.is_some() {
            (self.view, self.lateness) = (view, Lateness::default());
        }
        self.iterations.extend(iterations);
        self.next = trial.or(self.next.take());
        self.over = over;
        let plays = self.view.as_ref().is_some_and(LoopView::is_in_lockstep);
        if !plays || self.shown.as_ref().is_none_or(|(shown, since)| at >= *since + length(shown) + PAUSE) {
            self.show_next(at);
        }
        let posture = if plays { self.played(at) } else { self.present() };
        let mut lateness = None;
        if let Some(view) = &mut self.view {
            self.lateness.take(at, view.lateness());
            lateness = self.lateness.quantiles(at);
        }
        let status = self.view.as_ref().map(LoopView::status).filter(|status| !status.ended);
        let state = status.map(|status| LiveLoop {
            phase: status.phase,
            safety: status.safety,
            fault,
            paused: status.paused,
            cycles: status.cycles,
            misses: status.misses,
        });
        self.now = (self.now.0 + 1, event("now", &LiveNow { run: self.run, posture, state, lateness, over }));
        over
    }

    /// Shows the newest trial, or the same one from its start.
    fn show_next(&mut self, at: Instant) {
        if let Some((meta, episode)) = self.next.take() {
            let marks = self.task.marks(&episode);
            let trial = PageTrial::new(&episode, &meta, &self.task.surroundings(&episode), marks);
            self.trial = (self.trial.0 + 1, event("trial", &trial));
            self.shown = Some((episode, at));
        } else if let Some((_, since)) = &mut self.shown {
            *since = at;
        }
    }

    /// The posture in the trial that is played.
    fn played(&self, at: Instant) -> Option<LivePosture> {
        let (episode, since) = self.shown.as_ref()?;
        let time = at.duration_since(*since).min(length(episode));
        let cycle = episode.time.partition_point(|cycle| *cycle < time);
        let row = |data: &[f64], width: usize| data.get(cycle * width..(cycle + 1) * width).map(<[f64]>::to_vec);
        let position = row(&episode.position, episode.joints)?;
        let task = row(&episode.task, episode.task_values)?;
        Some(LivePosture::new(&position, &task, &self.observed, Some(time.as_secs_f64())))
    }

    /// The robot's posture now.
    fn present(&mut self) -> Option<LivePosture> {
        let posture = self.view.as_mut()?.posture()?;
        Some(LivePosture::new(&posture.position, &posture.task, &self.observed, None))
    }

    /// The next event for a client, if there is one that it has not got.
    pub fn next(&self, seen: &mut Seen) -> Option<Bytes> {
        let from = seen.iterations;
        if from < self.iterations.len() {
            seen.iterations = self.iterations.len().min(from + BATCH);
            let lines = &self.iterations[from..seen.iterations];
            Some(event("iterations", &json!({ "from": from, "iterations": lines })))
        } else if seen.trial != self.trial.0 {
            seen.trial = self.trial.0;
            Some(self.trial.1.clone())
        } else if seen.now != self.now.0 && !seen.over {
            (seen.now, seen.over) = (self.now.0, self.over);
            Some(self.now.1.clone())
        } else {
            None
        }
    }
}

/// Duration of a stroke.
fn length(episode: &Episode) -> Duration {
    episode.time.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{PerStep, Summary, Timing};
    use crate::setup::Setup;
    use crate::storage::TrialEnd;
    use crate::supervisor::lockstep;
    use std::path::Path;

    fn setup() -> Setup {
        Setup::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/double_link.yaml"), |_| {}).unwrap()
    }

    /// A trial whose joints are at `number` plus the time, for a second.
    fn trial(number: u64) -> (TrialMeta, Arc<Episode>) {
        let time: Vec<_> = (0..=100).map(|cycle| Duration::from_millis(10 * cycle)).collect();
        let position = time.iter().flat_map(|time| [number as f64 + time.as_secs_f64(); 2]).collect();
        let meta = TrialMeta {
            trial: number,
            robot: String::new(),
            task: String::new(),
            joint_names: vec![],
            seed: 1,
            iteration: 1,
            rollout: 0,
            evaluation: false,
            end: TrialEnd::Completed,
            total_reward: None,
            success: Some(true),
            distance: None,
            outcomes: vec![],
            outcome_dim: 0,
            wall_start: Duration::ZERO,
            step_period: Duration::from_millis(10),
            latency: None,
            observed: vec![],
        };
        (meta, Arc::new(Episode { joints: 2, time, position, ..Episode::default() }))
    }

    fn iteration(iteration: u64) -> IterationMetrics {
        IterationMetrics {
            iteration,
            episodes: iteration,
            return_: Summary::of(&[1.]),
            return_std: 0.,
            success: 0.5,
            distance: None,
            clipped_share: 0.,
            predicted_improvement: None,
            measured_improvement: None,
            summary: PerStep::default().summary(),
            steps: PerStep::default(),
            broken_off: 0,
            discarded: vec![],
            guard: None,
            remark: None,
            timing: Timing::default(),
        }
    }

    /// Name and data of the next event.
    fn next(board: &Board, seen: &mut Seen) -> Option<(String, serde_json::Value)> {
        let text = String::from_utf8(board.next(seen)?.to_vec()).unwrap();
        let (name, data) = text.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        Some((name.into(), serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap()))
    }

    #[test]
    fn each_client_gets_every_iteration_once_and_of_the_rest_the_newest() {
        let feed = Feed::default();
        let mut board = Board::new(setup().task().unwrap(), 7, feed.clone());
        let start = Instant::now();
        (1..=BATCH as u64 + 1).for_each(|number| feed.iteration(iteration(number)));
        for number in 1..=3 {
            let (meta, episode) = trial(number);
            feed.trial(meta, episode);
        }
        (0..10).for_each(|tick| assert!(!board.look(start + tick * TICK)));
        let (mut early, mut late) = (Seen::default(), Seen::default());
        let (name, batch) = next(&board, &mut early).unwrap();
        assert_eq!((name.as_str(), batch["from"].as_u64()), ("iterations", Some(0)));
        assert_eq!(batch["iterations"].as_array().unwrap().len(), BATCH);
        assert_eq!(next(&board, &mut early).unwrap().1["iterations"][0]["iteration"], BATCH as u64 + 1);
        let (name, shown) = next(&board, &mut early).unwrap();
        assert_eq!((name.as_str(), shown["number"].as_u64()), ("trial", Some(3)), "the newest");
        let (name, now) = next(&board, &mut early).unwrap();
        assert_eq!((name.as_str(), now["run"].as_u64(), now["state"].is_null()), ("now", Some(7), true));
        assert_eq!(next(&board, &mut early), None, "nothing comes twice");
        feed.end();
        assert!(board.look(start + 11 * TICK));
        assert_eq!(next(&board, &mut early).unwrap().1["over"], true);
        assert!(early.is_told_the_end() && next(&board, &mut early).is_none());
        // Who comes late gets everything, too.
        let names: Vec<String> = std::iter::from_fn(|| Some(next(&board, &mut late)?.0)).collect();
        assert_eq!(names, ["iterations", "iterations", "trial", "now"]);
    }

    #[test]
    fn in_lockstep_the_newest_trial_is_played_as_fast_as_it_was_made() {
        let (setup, feed) = (setup(), Feed::default());
        let task = setup.task().unwrap();
        let (_control, mut client, _) = lockstep(&setup, &*task, task.plant(1).unwrap()).unwrap();
        feed.view(client.view().unwrap());
        assert!(client.view().is_none(), "there is one view");
        let mut board = Board::new(setup.task().unwrap(), 7, feed.clone());
        let start = Instant::now();
        let position = |board: &mut Board, milliseconds| {
            board.look(start + Duration::from_millis(milliseconds));
            let mut seen = Seen::default();
            let events = std::iter::from_fn(|| next(board, &mut seen));
            events.last().unwrap().1["posture"]["position"][1].as_f64()
        };
        assert_eq!(position(&mut board, 0), None);
        let tell = |number| {
            let (meta, episode) = trial(number);
            feed.trial(meta, episode);
        };
        tell(1);
        assert_eq!(position(&mut board, 0), Some(1.));
        (2..=5).for_each(tell);
        assert_eq!(position(&mut board, 500), Some(1.5));
        assert_eq!(position(&mut board, 1300), Some(2.), "it stays at its end");
        assert_eq!(position(&mut board, 1600), Some(5.), "the newest follows");
        assert_eq!(position(&mut board, 3500), Some(5.), "without another it is played again");
    }
}
