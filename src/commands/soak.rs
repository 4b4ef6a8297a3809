//! A long run whose results are discarded. It shows whether the process's memory and the loop's
//! speed stay constant.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use tracing::warn;

use super::deadlines::DeadlineTable;
use crate::control::{Event, Fault, LatencySummary, StartupReport, Stopper};
use crate::live::{Door, LiveConfig, LivePage};
use crate::programs::{JudgeConfig, JudgeWord};
use crate::report::IterationMetrics;
use crate::storage::TrialMeta;
use crate::storage::files::FileError;
use crate::supervisor::DaemonError;
use crate::supervisor::archive::{ARCHIVE, Archive};
use crate::supervisor::beginning::create;
use crate::supervisor::checkpoint::Saved;
use crate::supervisor::learning::Learning;
use crate::supervisor::machine::{Machine, Pace};
use crate::supervisor::programs::Programs;
use crate::supervisor::runner::Runner;
use crate::supervisor::{ConfigSource, block_on};
use crate::supervisor::{Operator, Watcher};

/// Number of newest trial files that are kept during the run.
const KEPT: u64 = 50;
/// Number of parts that the run is divided into.
const PARTS: usize = 10;

/// Options of a long run.
pub struct SoakOptions {
    /// The configuration.
    pub config: ConfigSource,
    /// Number of trials in lockstep, rounded up to whole iterations. Ignored on the wall clock.
    pub trials: usize,
    /// Duration on the wall clock. `None`: in lockstep.
    pub wall_clock: Option<Duration>,
    /// Where a live page shows the run; `None`: there is none.
    pub live: Option<LiveConfig>,
    /// Called with each part when the part ends.
    pub tell: Box<dyn Fn(&Part) + Send>,
}

/// A part of the run.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Trials stored by the end of the part.
    pub trials: u64,
    /// Resident memory at the end of the part, bytes.
    pub resident: u64,
    /// Processor time of the loop's thread per control cycle, ns. In lockstep, the time includes
    /// the plant's.
    pub cycle: f64,
    /// Trials per second of wall time.
    pub rate: f64,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trials, resident, cycle, rate } = self;
        let megabytes = *resident as f64 / 1e6;
        write!(f, "{trials:8} trials  resident {megabytes:7.1} MB  loop {cycle:7.0} ns per cycle  {rate:6.1} trials/s")
    }
}

/// Result of a long run.
#[derive(Clone, Debug)]
pub struct SoakReport {
    /// The parts, in order. The first part is the warm-up.
    pub parts: Vec<Part>,
    /// Number of iterations of the learner.
    pub iterations: usize,
    /// Number of faults of the loop.
    pub faults: u64,
    /// Deadline statistics, on the wall clock.
    pub latency: Option<LatencySummary>,
    /// Priority, processor and memory lock of the loop, on the wall clock.
    pub startup: Option<StartupReport>,
    /// The error that ended the run early, if there was one.
    pub error: Option<String>,
}

impl SoakReport {
    /// Ratio of the resident memory at the end to that after the warm-up, and ratio of the time per
    /// cycle in the last part to that in the second.
    pub fn growth(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.parts.first()?, self.parts.last()?);
        let second = self.parts.get(1)?;
        Some((last.resident as f64 / first.resident as f64, last.cycle / second.cycle))
    }
}

impl fmt::Display for SoakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trials = self.parts.last().map_or(0, |part| part.trials);
        writeln!(f, "{trials} trials, {} iterations, {} faults", self.iterations, self.faults)?;
        if let Some((memory, time)) = self.growth() {
            writeln!(f, "resident memory, end over warm-up: {memory:.3}")?;
            writeln!(f, "time per cycle, last part over second: {time:.3}")?;
        }
        if let Some(startup) = &self.startup {
            writeln!(f, "{startup}")?;
        }
        if let Some(latency) = self.latency {
            write!(f, "{}", DeadlineTable(latency))?;
        }
        self.error.iter().try_for_each(|error| writeln!(f, "ended early: {error}"))
    }
}

/// Makes a run in a temporary folder and measures the process.
///
/// # Errors
/// The reason why the run does not start. A later error is in the report.
pub fn soak(options: SoakOptions) -> Result<SoakReport, DaemonError> {
    let SoakOptions { config, trials, wall_clock, live, tell } = options;
    let setup = config.load(|config| {
        if config.judge == JudgeConfig::Word(JudgeWord::Operator) {
            // No operator attends a long run.
            config.judge = JudgeConfig::default();
        }
        let run = &mut config.run;
        // More iterations than an hour allows: the time ends the run.
        run.iterations = if wall_clock.is_some() { 100_000 } else { trials.div_ceil(run.rollouts.max(1)) };
    })?;
    let task = setup.task()?;
    let temporary = |source| FileError::new("make a temporary folder in", &std::env::temp_dir(), source);
    let place = tempfile::tempdir().map_err(temporary)?;
    let programs = Programs::start(&setup)?;
    let learner = setup.learner(&task.start()?)?;
    let saved = Saved { learner, episodes: 0 };
    let folder = create(&setup, &*task, Some(place.path().join("run")), &saved)?;
    let live = live.map(|live| Door::open(live)?.serve(&setup, folder.view())).transpose()?;
    let mut archive = Archive::start(folder).map_err(DaemonError::system(ARCHIVE))?;
    let mut learning = Learning::new(&setup, &*task, &mut archive, Arc::new(saved))?
        .judged_by(&programs)
        .shown_on(live.as_ref().map(LivePage::feed));
    let (watched, samples) = mpsc::channel();
    let (pace, per_part) = match wall_clock {
        None => {
            (Pace::Lockstep, Every::Trials((setup.config.run.iterations * setup.config.run.rollouts / PARTS).max(1)))
        }
        Some(time) => (Pace::WallClock, Every::Time(time / PARTS as u32)),
    };
    block_on(async |interrupt| {
        let machine = Machine::start(&setup, &*task, programs.plant(&setup, &*task)?, pace)?;
        interrupt.guard(machine.control.client.stopper());
        let startup = machine.control.startup.clone();
        let trials = place.path().join("run/trials");
        let watcher = SoakWatcher { trials, every: per_part, stopper: None, out: watched, state: PartEnd::new(), tell };
        // No orders are given.
        let (_silent, orders) = crossbeam_channel::bounded(1);
        let operator = Operator { orders, watcher: Box::new(watcher), reset_faults: true };
        let mut runner = Runner::new(machine, setup.config.run.seed)
            .shown_on(learning.live())
            .simulated(programs.watch())
            .operated(operator, interrupt.clone());
        if let Some(time) = wall_clock {
            let interrupt = interrupt.clone();
            tokio::task::spawn_local(async move {
                tokio::time::sleep(time).await;
                interrupt.ask();
            });
        }
        let result = learning.run(&mut runner, &interrupt).await;
        let latency = runner.stop().1?;
        let (mut parts, mut faults) = (Vec::new(), 0);
        for sample in samples.try_iter() {
            match sample {
                Sample::Part(part) => parts.push(part),
                Sample::Fault => faults += 1,
            }
        }
        let on_the_clock = pace == Pace::WallClock;
        Ok(SoakReport {
            parts,
            iterations: learning.saved().learner.iteration(),
            faults,
            latency: on_the_clock.then(|| latency.summary()),
            startup: on_the_clock.then_some(startup),
            error: result.err().map(|error| error.to_string()),
        })
    })
}

/// Condition that ends a part.
#[derive(Clone, Copy)]
enum Every {
    Trials(usize),
    Time(Duration),
}

enum Sample {
    Part(Part),
    Fault,
}

/// State at the end of the last part.
struct PartEnd {
    count: u64,
    last: u64,
    at: Instant,
    cycles: u64,
    busy: Duration,
}

impl PartEnd {
    fn new() -> Self {
        Self { count: 0, last: 0, at: Instant::now(), cycles: 0, busy: Duration::ZERO }
    }
}

/// Counts and measures trials, and removes old trial files.
struct SoakWatcher {
    trials: PathBuf,
    every: Every,
    stopper: Option<Stopper>,
    out: Sender<Sample>,
    state: PartEnd,
    tell: Box<dyn Fn(&Part) + Send>,
}

impl Watcher for SoakWatcher {
    fn started(&mut self, _: &StartupReport, stopper: Stopper) {
        self.state.busy = loop_time();
        self.stopper = Some(stopper);
    }

    fn event(&mut self, event: &Event) {
        if matches!(event, Event::Tripped { fault, .. } if *fault != Fault::Shutdown) {
            let _ = self.out.send(Sample::Fault);
        }
    }

    fn trial(&mut self, trial: &TrialMeta) {
        self.state.count += 1;
        if let Some(old) = trial.trial.checked_sub(KEPT).filter(|old| *old > 0)
            && let Err(error) = fs::remove_file(self.trials.join(format!("{old:06}.mcap")))
        {
            warn!("cannot remove trial {old}: {error}");
        }
        let due = match self.every {
            Every::Trials(trials) => self.state.count - self.state.last >= trials as u64,
            Every::Time(time) => self.state.at.elapsed() >= time,
        };
        if due {
            self.part();
        }
    }

    fn iteration(&mut self, _: &IterationMetrics) {}
}

impl SoakWatcher {
    fn part(&mut self) {
        let cycles = self.stopper.as_ref().map_or(0, |stopper| stopper.status().cycles);
        let before = &self.state;
        let now = PartEnd { count: before.count, last: before.count, at: Instant::now(), cycles, busy: loop_time() };
        let part = Part {
            trials: now.count,
            resident: resident(),
            cycle: (now.busy - before.busy).as_nanos() as f64 / (now.cycles - before.cycles).max(1) as f64,
            rate: (now.count - before.last) as f64 / (now.at - before.at).as_secs_f64(),
        };
        (self.tell)(&part);
        self.state = now;
        // The receiver outlives the run.
        let _ = self.out.send(Sample::Part(part));
    }
}

/// Resident memory of this process, bytes. Zero if unknown.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Processor time of the loop's thread so far. Zero if unknown.
fn loop_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let named = |path: &Path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "control_loop");
    let thread = threads.map(|thread| thread.path()).find(|path| named(path));
    let spent = thread.and_then(|path| fs::read_to_string(path.join("schedstat")).ok());
    Duration::from_nanos(spent.and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0))
}
