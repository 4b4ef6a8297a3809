//! Orders trials, keeps the heartbeat, reports events, and resets faults that may be reset.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::interrupt::Interrupt;
use super::machine::{Machine, patience};
use super::operator::{Operator, Order, Watcher};
use super::recording::Recording;
use crate::control::{
    Abort, BlackBox, Event, Fault, FinishedTrial, Latency, LoopError, LoopWatch, OrderError, Outcome, Request,
    SafetyState, TrialBuffers, TrialOrder, Tuning,
};
use crate::live::Feed;
use crate::policy::Law;
use crate::programs::SimulatorWatch;
use crate::robot::{LinkError, Observed, TrialKey, exploration_noise};

/// Period at which the supervisor attends to the loop.
pub const SUPERVISOR_POLL: Duration = Duration::from_millis(5);

/// Complaint of a trial that the operator marked failed.
pub const MARKED_FAILED: &str = "marked failed by the operator";

/// The reason why no more trials come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The loop ended, the robot is lost, or the simulator was given up.
    #[error("the control loop ended")]
    Ended,
    /// The loop stopped making cycles. A robot outside this process gets zero efforts.
    #[error("the control loop hangs: no cycle for {0:.1?} (watchdog.heartbeat_timeout)")]
    Hangs(Duration),
    /// The loop refused a trial.
    #[error("the control loop refused a trial: {0}")]
    Refused(OrderError),
}

/// The supervisor's connection to the loop.
pub struct Runner {
    machine: Machine,
    /// Watches the loop's cycles.
    watch: LoopWatch,
    seed: u64,
    #[allow(clippy::vec_box)] // An order carries its buffers boxed: they pass through the rings without being copied.
    spare: Vec<Box<TrialBuffers>>,
    /// Orders that found no room in the ring, or that the stopped loop refused. They are sorted by
    /// key, so that the order of trials after a fault does not depend on timing.
    waiting: VecDeque<TrialOrder>,
    /// Number of orders in the loop.
    in_flight: usize,
    /// Latency of all cycles so far.
    latency: Latency,
    operator: Option<(Operator, Interrupt)>,
    /// New gains and limits that found no room in the ring.
    tuning: Option<Box<Tuning>>,
    /// Number of strokes without noise that the operator still waits for.
    evaluations: usize,
    /// Whether the operator wants a checkpoint.
    save: bool,
    /// Trials that the operator marked failed.
    marked: Vec<TrialKey>,
    /// The error that ended the connection to a robot outside this process. `None` while connected.
    lost: Option<LinkError>,
    /// Watches a simulator that is a program.
    simulator: Option<SimulatorWatch>,
    /// Scores from the operator for strokes that wait for one. `None`: do not learn from the
    /// stroke.
    scores: VecDeque<Option<f64>>,
    /// The recording under way of an arm that is led by hand.
    recording: Option<Recording>,
    /// The live page.
    live: Option<Feed>,
}

impl Runner {
    /// Takes over the machine. `seed` keys the exploration noise.
    pub fn new(machine: Machine, seed: u64) -> Self {
        Self {
            watch: machine.control.watch(),
            machine,
            seed,
            spare: Vec::new(),
            waiting: VecDeque::new(),
            in_flight: 0,
            latency: Latency::new(),
            operator: None,
            tuning: None,
            evaluations: 0,
            save: false,
            marked: Vec::new(),
            lost: None,
            simulator: None,
            scores: VecDeque::new(),
            recording: None,
            live: None,
        }
    }

    /// Shows the loop on a live page.
    #[must_use]
    pub fn shown_on(mut self, live: Option<Feed>) -> Self {
        if let (Some(live), Some(view)) = (&live, self.machine.control.client.view()) {
            live.view(view);
        }
        Self { live, ..self }
    }

    /// Connects the operator. An order to end is passed on to `interrupt`.
    #[must_use]
    pub fn operated(mut self, mut operator: Operator, interrupt: Interrupt) -> Self {
        operator.watcher.started(&self.machine.control.startup, self.machine.control.client.stopper());
        self.operator = Some((operator, interrupt));
        // What is asked for before the first order holds for it.
        self.obey();
        self
    }

    /// Makes the runner end when the simulator is given up.
    #[must_use]
    pub fn simulated(self, simulator: Option<SimulatorWatch>) -> Self {
        Self { simulator, ..self }
    }

    /// Discards all scores given so far.
    pub fn forget_scores(&mut self) {
        self.scores.clear();
    }

    /// Takes the operator's next score, if there is one. The inner `None`: do not learn from the
    /// stroke.
    pub fn take_score(&mut self) -> Option<Option<f64>> {
        self.scores.pop_front()
    }

    /// Informs the operator through the watcher.
    pub fn tell(&mut self, what: impl FnOnce(&mut dyn Watcher)) {
        if let Some((operator, _)) = &mut self.operator {
            what(&mut *operator.watcher);
        }
    }

    /// Whether the operator waits for a stroke without noise. A `true` counts this stroke as made.
    pub fn take_evaluation(&mut self) -> bool {
        let wanted = self.evaluations > 0;
        self.evaluations -= usize::from(wanted);
        wanted
    }

    /// Whether the operator wants a checkpoint. A `true` counts this checkpoint as written.
    pub fn take_save(&mut self) -> bool {
        std::mem::take(&mut self.save)
    }

    /// Takes the trials marked failed since the last call, including trials still under way.
    pub fn take_marked(&mut self) -> Vec<TrialKey> {
        std::mem::take(&mut self.marked)
    }

    /// Takes the error that ended the connection to a robot outside this process. `None` while
    /// connected.
    pub fn failure(&mut self) -> Option<LinkError> {
        self.lost.take()
    }

    /// Carries out the operator's orders.
    fn obey(&mut self) {
        let Some((operator, interrupt)) = &self.operator else { return };
        let (orders, interrupt) = (operator.orders.clone(), interrupt.clone());
        let (mut ended, mut hurried) = (false, false);
        for order in orders.try_iter() {
            match order {
                // Requests that find the ring full are dropped: they come faster than the loop
                // cycles.
                Order::Loop(request) => drop(self.machine.control.client.request(request)),
                Order::Tune(config) => match Tuning::new(*config, self.machine.shape.joints) {
                    Ok(tuning) => {
                        self.machine.patience = patience(tuning.config());
                        // Newer settings replace older ones.
                        self.tuning = Some(Box::new(tuning));
                    }
                    Err(error) => warn!("gains and limits stay as they were: {error}"),
                },
                Order::Evaluate => self.evaluations += 1,
                Order::Save => self.save = true,
                Order::Score(score) if score.is_finite() => self.scores.push_back(Some(score)),
                Order::Score(score) => warn!("a score of {score} is passed over: expected a finite number"),
                Order::Skip => self.scores.push_back(None),
                Order::Record => self.recording = Some(Recording::begin(&mut self.machine.control.client)),
                Order::EndRecording => self.end_recording(),
                Order::End => ended = true,
                Order::Hurry => hurried = true,
            }
        }
        if hurried {
            interrupt.hurry();
        }
        if ended || hurried {
            interrupt.ask();
            self.machine.let_go();
        }
    }

    /// Takes the newest states of an arm that is led by hand.
    fn record(&mut self) {
        let client = &mut self.machine.control.client;
        match &mut self.recording {
            Some(recording) => recording.take(client),
            None => while client.joint_sample().is_some() {},
        }
    }

    /// Hands the recording under way to the operator.
    fn end_recording(&mut self) {
        self.record();
        if let Some(recording) = self.recording.take() {
            self.tell(|watcher| watcher.recorded(recording));
        }
    }

    /// Orders a trial, with the exploration noise of its key if `explore`.
    pub fn order(&mut self, key: TrialKey, law: &Law, explore: bool) {
        let shape = &self.machine.shape;
        let noise = if explore {
            exploration_noise(self.seed, &key, law.noise_len())
        } else {
            vec![0.; law.noise_len()].into()
        };
        let buffers = self.spare.pop().unwrap_or_else(|| TrialBuffers::new(shape));
        self.wait(TrialOrder { key, law: law.clone(), noise, buffers });
        self.send();
    }

    fn wait(&mut self, order: TrialOrder) {
        let place = self.waiting.partition_point(|other| other.key <= order.key);
        self.waiting.insert(place, order);
    }

    fn send(&mut self) {
        let client = &mut self.machine.control.client;
        if client.status().safety != SafetyState::Run {
            return;
        }
        while let Some(order) = self.waiting.pop_front() {
            if let Err(order) = client.order(order) {
                self.waiting.push_front(order);
                return;
            }
            self.in_flight += 1;
        }
    }

    /// Attends to the loop once: heartbeat, events, faults, waiting orders. Call it at least every
    /// few hundred milliseconds.
    fn attend(&mut self) -> Result<(), RunnerError> {
        self.obey();
        self.record();
        self.lost = self.lost.take().or_else(|| self.machine.failure());
        let left = self.machine.control.is_left();
        let client = &mut self.machine.control.client;
        self.tuning = self.tuning.take().and_then(|tuning| client.tune(tuning).err());
        client.stopper().beat();
        while let Some(event) = client.event() {
            if let Some((operator, _)) = &mut self.operator {
                operator.watcher.event(&event);
            }
            if let Some(live) = &self.live {
                live.event(&event);
            }
            match event {
                Event::Tripped { fault, at } => {
                    warn!("at {:.3} s: {fault}; the robot gets the safe command", at.as_secs_f64());
                }
                Event::Tuned { at } => info!("other gains and limits hold from {:.3} s on", at.as_secs_f64()),
                Event::MarkedFailed { key } => self.marked.push(key),
                Event::ResetRefused { fault } => debug!("not reset yet: {fault}"),
                Event::Safety { state, at } => debug!("at {:.3} s: safety state {state:?}", at.as_secs_f64()),
                other => tracing::trace!("{other:?}"),
            }
        }
        let status = client.status();
        // Trials under way end first, since the loop gets no more readings.
        let given_up = self.in_flight == 0 && self.simulator.as_ref().is_some_and(SimulatorWatch::is_given_up);
        if status.ended || left || self.lost.is_some() || given_up {
            return Err(RunnerError::Ended);
        }
        let silence = self.watch.silence(&status);
        if self.machine.patience.is_some_and(|patience| silence > patience) {
            return Err(RunnerError::Hangs(silence));
        }
        // A simulated robot is safe to move again without an inspection.
        let by_itself = self.operator.as_ref().is_none_or(|(operator, _)| operator.reset_faults);
        match status.safety {
            SafetyState::Run => self.send(),
            // Wait until the loop has returned all trials. A full ring of requests already holds
            // this request.
            SafetyState::Zero | SafetyState::Hold if by_itself && self.in_flight == 0 => {
                let _ = client.request(Request::ResetFault);
            }
            SafetyState::Zero | SafetyState::Hold | SafetyState::Damp => {}
        }
        Ok(())
    }

    /// Waits for the next finished trial.
    ///
    /// # Errors
    /// If no more trials can come.
    pub async fn next(&mut self) -> Result<FinishedTrial, RunnerError> {
        loop {
            self.attend()?;
            while let Some(mut trial) = self.machine.control.client.finished() {
                self.in_flight -= 1;
                self.latency.add(&trial.order.buffers.latency.stroke);
                self.latency.add(&trial.order.buffers.latency.between);
                match trial.outcome {
                    Outcome::Refused(OrderError::Stopped(_)) => {
                        trial.order.buffers.clear();
                        self.wait(trial.order);
                    }
                    Outcome::Refused(error) => return Err(RunnerError::Refused(error)),
                    _ if cut_short(&trial.outcome) => self.recycle(trial),
                    _ => return Ok(trial),
                }
            }
            // In lockstep the loop notifies when it is out of trials. The time-out is for the wall
            // clock.
            let _ = timeout(SUPERVISOR_POLL, self.machine.idle.notified()).await;
        }
    }

    /// Attends to the loop while the caller waits for something else.
    ///
    /// # Errors
    /// If the loop has ended.
    pub async fn idle(&mut self) -> Result<(), RunnerError> {
        self.attend()?;
        tokio::time::sleep(SUPERVISOR_POLL).await;
        Ok(())
    }

    /// Keeps a trial's buffers for the next trial.
    pub fn recycle(&mut self, trial: FinishedTrial) {
        let mut buffers = trial.order.buffers;
        buffers.clear();
        self.spare.push(buffers);
    }

    /// The black box of a new fault, if there is one. Return it by [`Self::recycle_black_box`].
    pub fn black_box(&mut self) -> Option<Box<BlackBox>> {
        self.machine.control.client.black_box()
    }

    /// Returns a black box to the loop.
    pub fn recycle_black_box(&mut self, black_box: Box<BlackBox>) {
        self.machine.control.client.recycle(black_box);
    }

    /// Asks the loop to end. The robot gets the safe command at once, even if trials are under way.
    pub fn end_loop(&mut self) {
        self.machine.control.client.stopper().shutdown();
        self.machine.let_go();
    }

    /// Ends the loop. The robot gets the safe command first. Returns the finished trials, even if
    /// the loop failed, and the latency of the whole run.
    pub fn stop(mut self) -> (Vec<FinishedTrial>, Result<Latency, LoopError>) {
        self.end_recording();
        let Self { machine, mut latency, .. } = self;
        let (mut client, rest) = machine.stop();
        let mut trials = Vec::new();
        while let Some(trial) = client.finished() {
            latency.add(&trial.order.buffers.latency.stroke);
            latency.add(&trial.order.buffers.latency.between);
            trials.push(trial);
        }
        let latency = rest.map(|rest| {
            latency.add(&rest);
            latency
        });
        (trials, latency)
    }
}

/// Whether the end of the program cut a trial short. Such a trial is not stored, and a resumed run
/// makes it again.
pub fn cut_short(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(_) | Outcome::Aborted(Abort::Fault(Fault::Shutdown)))
}

/// The reason not to learn from a trial of a task that observes these values, if there is one.
pub fn complaint(trial: &FinishedTrial, observed: &[Observed]) -> Option<String> {
    match &trial.outcome {
        Outcome::Aborted(Abort::Fault(fault)) => Some(fault.to_string()),
        Outcome::Aborted(abort) => Some(abort.named(observed)),
        Outcome::Refused(error) => Some(error.to_string()),
        Outcome::Completed if trial.marked_failed => Some(MARKED_FAILED.into()),
        Outcome::Completed if !trial.on_time => {
            Some(format!("{:.1} % of its control cycles were missed", 100. * trial.missed_share))
        }
        Outcome::Completed => None,
    }
}
