//! Publishers of a run: trials, iterations, statistics, diagnostics.

use crossbeam_channel::Sender;
use r2r::std_msgs::msg::{Float64, Float64MultiArray, MultiArrayDimension, MultiArrayLayout, String as Text};
use r2r::{Publisher, QosProfile};

use super::health::{Health, Kept};
use crate::control::{Event, SafetyState, StartupReport, Stopper};
use crate::report::IterationMetrics;
use crate::robot::TrialKey;
use crate::ros::RosError;
use crate::ros::rcl::executor::Executor;
use crate::storage::TrialMeta;
use crate::supervisor::{Recording, Watcher};

/// The publishers of a run.
#[derive(Clone)]
pub struct Outlet {
    trial: Publisher<Text>,
    iteration: Publisher<Text>,
    names: Publisher<Text>,
    values: Publisher<Float64MultiArray>,
    mean_return: Publisher<Float64>,
    /// The run's state, as published.
    pub health: Health,
    /// Gets a message when the loop runs.
    started: Option<Sender<()>>,
    /// Gets the trial that the loop marked failed, if there was one.
    marked: Sender<Option<TrialKey>>,
    /// Gets the recordings of the arm led by hand.
    recorded: Sender<Recording>,
}

/// Names of the statistics, in order.
const STATISTICS: [&str; 7] =
    ["iteration", "episodes", "return", "success", "clipped_share", "kl", "effective_samples"];

impl Outlet {
    /// Makes the publishers. Call it before the executor runs. `marked` gets the trials that the
    /// loop marks failed, `recorded` the recordings of the arm led by hand.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(
        executor: &mut Executor,
        marked: Sender<Option<TrialKey>>,
        recorded: Sender<Recording>,
    ) -> Result<Self, RosError> {
        let node = executor.node();
        // A late subscriber gets the newest message.
        let kept = QosProfile::default().reliable().transient_local().keep_last(1);
        let history = kept.clone().keep_last(100);
        let outlet = Self {
            trial: node.create_publisher("~/trial", history.clone())?,
            iteration: node.create_publisher("~/iteration", history)?,
            names: node.create_publisher("~/statistics/names", kept.clone())?,
            values: node.create_publisher("~/statistics/values", kept.clone())?,
            mean_return: node.create_publisher("~/return", kept)?,
            health: Health::default(),
            started: None,
            marked,
            recorded,
        };
        report(outlet.names.publish(&Text { data: STATISTICS.join(",") }));
        Ok(outlet)
    }

    /// Sends a message to `started` when the loop runs.
    #[must_use]
    pub fn announcing(mut self, started: Sender<()>) -> Self {
        self.started = Some(started);
        self
    }
}

/// Logs a message that could not be published.
pub(super) fn report(published: r2r::Result<()>) {
    if let Err(error) = published {
        tracing::warn!("a message could not be published: {error}");
    }
}

fn json(value: &impl serde::Serialize) -> Text {
    // Both records are plain data, which always has a JSON form.
    Text { data: serde_json::to_string(value).unwrap_or_default() }
}

impl Watcher for Outlet {
    fn started(&mut self, startup: &StartupReport, stopper: Stopper) {
        tracing::info!("control loop: {startup}");
        let mut known = self.health.lock();
        (known.startup, known.stopper, known.failure) = (Some(startup.to_string()), Some(stopper), None);
        known.kept = Kept::default();
        if let Some(started) = self.started.take() {
            // The starting thread waits for this one message.
            let _ = started.send(());
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Tripped { fault, .. } => self.health.lock().fault = Some(fault.to_string()),
            Event::Safety { state: SafetyState::Run, .. } => {
                let mut known = self.health.lock();
                known.fault = None;
                known.resets += 1;
            }
            // The receiver may be gone by now.
            Event::MarkedFailed { key } => drop(self.marked.send(Some(*key))),
            Event::NothingToMark => drop(self.marked.send(None)),
            _ => {}
        }
    }

    fn trial(&mut self, trial: &TrialMeta) {
        report(self.trial.publish(&json(trial)));
        let mut known = self.health.lock();
        known.kept.take(&trial.end);
        known.trial = Some(trial.clone());
    }

    fn recorded(&mut self, recording: Recording) {
        // The receiver may be gone by now.
        let _ = self.recorded.send(recording);
    }

    fn iteration(&mut self, iteration: &IterationMetrics) {
        report(self.iteration.publish(&json(iteration)));
        report(self.mean_return.publish(&Float64 { data: iteration.return_.mean }));
        let data = vec![
            iteration.iteration as f64,
            iteration.episodes as f64,
            iteration.return_.mean,
            iteration.success,
            iteration.clipped_share,
            iteration.summary.kl.mean,
            iteration.summary.effective_samples.mean,
        ];
        let size = STATISTICS.len() as u32;
        let dim = vec![MultiArrayDimension { label: STATISTICS.join(","), size, stride: size }];
        report(self.values.publish(&Float64MultiArray { layout: MultiArrayLayout { dim, data_offset: 0 }, data }));
        self.health.lock().iteration = Some(iteration.clone());
    }
}
