//! The run on its threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use controller::control::{CallersLoop, Event, Fault, SafetyState, StartupReport, Stopper};
use controller::report::IterationMetrics;
use controller::robot::Observed;
use controller::setup::Setup;
use controller::signals;
use controller::storage::TrialMeta;
use controller::supervisor::{Beginning, ConfigSource, Operator, Order, RobotRun, Watcher, run_configuration};
use controller::terminal::output::show_no_progress;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use serde_json::json;

/// Records that wait to be fetched. Further ones are dropped: all of them are in the run folder.
const RECORDS: usize = 1024;

/// Why there is no run.
type Refusal = String;

/// What is to be opened.
pub struct Opening {
    pub configuration: Option<PathBuf>,
    /// Parameters over the configuration, YAML.
    pub parameters: String,
    pub folder: Option<PathBuf>,
    pub resume: bool,
    pub simulated: bool,
    pub reset_faults: bool,
}

/// What is known of the run, on any thread but that of the cycles.
#[derive(Default)]
pub struct Known {
    pub running: bool,
    pub complete: bool,
    /// Whether the last run ended with an error.
    pub failed: bool,
    pub stopper: Option<Stopper>,
    /// The newest fault or error.
    pub error: String,
    pub trials: u64,
    pub iterations: u64,
    pub mean_return: Option<f64>,
}

/// What the threads of a run share.
#[derive(Default)]
pub struct Shared {
    known: Mutex<Known>,
    changed: Condvar,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Known> {
        // A panic cannot leave the state half-updated, so a poisoned lock is safe to use.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, until: impl Fn(&Known) -> bool) -> MutexGuard<'_, Known> {
        let known = self.changed.wait_while(self.lock(), |known| !until(known));
        known.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run, opened.
pub struct Run {
    pub shared: Arc<Shared>,
    pub records: Receiver<String>,
    /// A record that found too small a buffer.
    pub waiting: Option<String>,
    orders: Option<Sender<Order>>,
    starts: Option<Sender<Receiver<Order>>>,
    thread: Option<JoinHandle<()>>,
}

/// What the robot has to know.
pub struct Shapes {
    pub setup: Setup,
    pub observed: Vec<Observed>,
}

impl Run {
    /// Opens a run on a thread of its own, which becomes its supervisor.
    pub fn open(opening: Opening, place: CallersLoop) -> Result<(Self, Shapes), Refusal> {
        let (told, opened) = bounded(1);
        let (starts, starting) = unbounded::<Receiver<Order>>();
        let (sender, records) = bounded(RECORDS);
        let shared = Arc::<Shared>::default();
        let known = shared.clone();
        let supervise = move || {
            // Signals and the terminal are the host program's.
            signals::keep_off_this_thread();
            show_no_progress();
            let (mut run, shapes) = match open(&opening) {
                Ok(opened) => opened,
                Err(refusal) => return drop(told.send(Err(refusal))),
            };
            // The opening thread waits for this one message.
            let _ = told.send(Ok(shapes));
            for orders in starting {
                let watcher = Box::new(Told { shared: known.clone(), records: sender.clone() });
                let operator = Operator { orders, watcher, reset_faults: opening.reset_faults };
                let learn = || run.learn_in(&place, opening.simulated, operator).map_err(|error| error.to_string());
                let ended = catch_unwind(AssertUnwindSafe(learn));
                let ended = ended.unwrap_or_else(|_| Err("the run's thread panicked".into()));
                let mut known_now = known.lock();
                (known_now.running, known_now.stopper) = (false, None);
                match ended {
                    Ok(complete) => known_now.complete = complete,
                    Err(error) => (known_now.error, known_now.failed) = (error, true),
                }
                drop(known_now);
                known.changed.notify_all();
            }
        };
        let thread = std::thread::Builder::new().name("supervisor".into()).spawn(supervise);
        let thread = thread.map_err(|error| format!("no thread could be started: {error}"))?;
        let shapes = opened.recv().unwrap_or_else(|_| Err("the run's thread panicked".into()))?;
        let (starts, thread) = (Some(starts), Some(thread));
        Ok((Self { shared, records, waiting: None, orders: None, starts, thread }, shapes))
    }

    /// Starts the loop and waits until it runs. False if a run is under way.
    pub fn start(&mut self) -> Result<bool, Refusal> {
        let mut known = self.shared.lock();
        if known.running {
            return Ok(false);
        }
        known.running = true;
        (known.complete, known.failed) = (false, false);
        known.error.clear();
        drop(known);
        let (orders, inbox) = unbounded();
        self.orders = Some(orders);
        let sent = self.starts.as_ref().is_some_and(|starts| starts.send(inbox).is_ok());
        if !sent {
            self.shared.lock().running = false;
            return Err("the run's thread is gone".into());
        }
        let known = self.shared.wait(|known| known.stopper.is_some() || !known.running);
        match (known.running, known.complete) {
            (true, _) => Ok(true),
            (false, true) => Err("the run is complete: all its iterations are done".into()),
            (false, false) => Err(known.error.clone()),
        }
    }

    /// Gives the run an order. False if none is under way.
    pub fn order(&self, order: Order) -> bool {
        let running = self.shared.lock().running;
        running && self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok())
    }

    /// Ends the run under way: the robot gets the safe command, and what was learned is stored.
    pub fn stop(&mut self) -> Result<(), Refusal> {
        self.order(Order::End);
        let known = self.shared.wait(|known| !known.running);
        if known.failed { Err(known.error.clone()) } else { Ok(()) }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // An error was told by `moto_last_error`, or is in the run folder.
        let _ = self.stop();
        self.starts = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open(opening: &Opening) -> Result<(RobotRun, Shapes), Refusal> {
    let Opening { configuration, parameters, folder, resume, .. } = opening;
    let (source, beginning, out) = match (folder, configuration) {
        (Some(folder), _) if *resume => {
            let source = run_configuration(folder).map_err(|error| error.to_string())?;
            (source, Beginning::Resume(folder.clone()), None)
        }
        (None, _) if *resume => return Err("run_folder is null, expected the folder of the run to resume".into()),
        (_, None) => return Err("configuration is null, expected the path of a file".into()),
        (folder, Some(path)) => (ConfigSource::File(path.clone()), Beginning::Demonstration, folder.clone()),
    };
    let setup = source.load_with(parameters).map_err(|error| error.to_string())?;
    let observed = setup.task().map_err(|error| error.to_string())?.observed();
    let run = RobotRun::open(setup.clone(), out, &beginning).map_err(|error| error.to_string())?;
    Ok((run, Shapes { setup, observed }))
}

/// Passes on what the supervisor tells.
struct Told {
    shared: Arc<Shared>,
    records: Sender<String>,
}

impl Told {
    fn record(&self, record: &serde_json::Value) {
        let _ = self.records.try_send(record.to_string());
    }
}

impl Watcher for Told {
    fn started(&mut self, _: &StartupReport, stopper: Stopper) {
        self.shared.lock().stopper = Some(stopper);
        self.shared.changed.notify_all();
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Tripped { fault: Fault::Shutdown, .. } => {}
            Event::Tripped { fault, .. } => self.shared.lock().error = fault.to_string(),
            Event::Safety { state: SafetyState::Run, .. } => self.shared.lock().error.clear(),
            _ => {}
        }
    }

    fn trial(&mut self, trial: &TrialMeta) {
        self.shared.lock().trials += 1;
        self.record(&json!({ "trial": trial }));
    }

    fn iteration(&mut self, iteration: &IterationMetrics) {
        let mut known = self.shared.lock();
        (known.iterations, known.mean_return) = (known.iterations + 1, Some(iteration.return_.mean));
        drop(known);
        self.record(&json!({ "iteration": iteration }));
    }
}
