//! The services `~/teach` and `~/record`: the arm is led by hand, and its states are recorded.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use r2r::ServiceRequest;
use r2r::std_srvs::srv::SetBool;

use super::{Supervisor, lock};
use crate::control::{ControlConfig, Phase, Request, SafetyState, Status};
use crate::ros::parameters::services::respond;
use crate::setup::Setup;
use crate::storage::add_demonstration;
use crate::storage::files::Disk;
use crate::supervisor::{Advice, Order, Recording};

/// Time the loop has to change its mode, and to hand out a recording.
const PATIENCE: Duration = Duration::from_secs(2);

type Call = ServiceRequest<SetBool::Service>;

/// Calls that wait for the loop, and the recording under way.
pub struct Teaching {
    recorded: Receiver<Recording>,
    /// Whether a recording is under way.
    recording: bool,
    /// Calls of `~/teach`, with what they ask for.
    modes: Vec<(Instant, bool, Call)>,
    /// Calls that end the recording.
    ends: VecDeque<(Instant, Call)>,
    /// Where demonstrations go, and the arm they show.
    place: Option<Place>,
    /// Threads that store recordings.
    stores: Vec<JoinHandle<()>>,
    /// Held by the one that stores, so that each finds a number of its own.
    turn: Arc<Mutex<()>>,
}

/// The run's folder and the settings of its arm.
#[derive(Clone)]
struct Place {
    run: PathBuf,
    joints: Vec<String>,
    control: ControlConfig,
}

impl Teaching {
    /// Nobody waits. `recorded` gets the recordings.
    pub fn new(recorded: Receiver<Recording>) -> Self {
        let (ends, turn) = (VecDeque::new(), Arc::default());
        Self { recorded, recording: false, modes: vec![], ends, place: None, stores: vec![], turn }
    }

    /// The channel of the recordings.
    pub fn recorded(&self) -> Receiver<Recording> {
        self.recorded.clone()
    }

    /// A run with this setup begins, in a folder of its own.
    pub fn begin(&mut self, run: &Path, setup: &Setup) {
        let (joints, control) = (setup.config.robot.joints.clone(), setup.config.control.clone());
        (self.place, self.recording) = (Some(Place { run: run.into(), joints, control }), false);
    }

    /// Stores a recording, on a thread of its own, and answers who ended it.
    pub fn keep(&mut self, recording: Recording) {
        let call = self.ends.pop_front().map(|(_, call)| call);
        // Without a call, the run ended the recording.
        self.recording &= call.is_some();
        let Some(place) = self.place.clone() else { return };
        let turn = self.turn.clone();
        let store = move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = place.store(&recording);
            match &kept {
                Ok(said) => tracing::info!("{said}"),
                Err(said) => tracing::error!("{said}"),
            }
            if let Some(call) = call {
                answer(call, kept);
            }
        };
        self.stores.retain(|store| !store.is_finished());
        match std::thread::Builder::new().name("demonstration".into()).spawn(store) {
            Ok(store) => self.stores.push(store),
            Err(error) => tracing::error!("the recording is lost: no thread can store it: {error}"),
        }
    }

    /// Stores what the run handed out as it ended.
    pub fn keep_last(&mut self) {
        self.recorded.clone().try_iter().for_each(|recording| self.keep(recording));
    }

    /// The threads that store recordings, to be waited for before the process ends.
    pub fn stores(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.stores)
    }
}

impl Place {
    fn store(&self, recording: &Recording) -> Result<String, String> {
        recording.check().map_err(|error| error.to_string())?;
        let (start, samples) = (recording.wall_start(), recording.samples());
        let path =
            add_demonstration(&Disk, &self.run, &self.joints, start, samples).map_err(|error| error.to_string())?;
        let advice = Advice::new(recording, &self.control, &path);
        let (states, duration) = (samples.len(), recording.duration().as_secs_f64());
        Ok(format!("{}: {states} joint states over {duration:.2} s\n{advice}", path.display()))
    }
}

fn answer(call: Call, outcome: Result<String, String>) {
    let (success, message) = match outcome {
        Ok(message) => (true, message),
        Err(message) => (false, message),
    };
    respond(call, SetBool::Response { success, message });
}

impl Supervisor {
    /// The status of a loop that runs.
    fn running(&self) -> Result<Status, String> {
        let status = self.active.as_ref().and_then(|_| self.outlet.health.status());
        status
            .ok_or_else(|| format!("the node is {:?}: activate it first", lock(&self.lifecycle).state()).to_lowercase())
    }

    fn send(&self, order: Order) -> Result<(), String> {
        let sent = self.active.as_ref().is_some_and(|active| active.orders.send(order).is_ok());
        if sent { Ok(()) } else { Err("the run is over".into()) }
    }

    /// Lets the arm be led by hand, or holds it. The answer waits for the loop.
    pub(super) fn teach(&mut self, call: Call) {
        let on = call.message.data;
        match self.ask_for_mode(on) {
            Ok(()) => self.teaching.modes.push((Instant::now(), on, call)),
            Err(refusal) => answer(call, Err(refusal)),
        }
    }

    fn ask_for_mode(&self, on: bool) -> Result<(), String> {
        let status = self.running()?;
        let refusal = match (on, status.phase) {
            (false, Phase::Teaching) => return self.send(Order::Loop(Request::EndTeaching)),
            (false, _) => "the arm is not led by hand",
            (true, _) if status.safety != SafetyState::Run => "the robot is stopped: reset_fault first",
            (true, Phase::Idle) => return self.send(Order::Loop(Request::Teach)),
            (true, Phase::Teaching) => "the arm is led by hand already",
            (true, _) => "a trial is under way: pause, and ask again once the arm is home",
        };
        Err(refusal.into())
    }

    /// Begins or ends a recording. The answer to the end names the file.
    pub(super) fn record(&mut self, call: Call) {
        let begins = call.message.data;
        match self.ask_for_recording(begins) {
            Ok(()) if begins => {
                self.teaching.recording = true;
                answer(call, Ok("the arm is recorded: move it, and call again with data: false".into()));
            }
            Ok(()) => {
                self.teaching.recording = false;
                self.teaching.ends.push_back((Instant::now(), call));
            }
            Err(refusal) => answer(call, Err(refusal)),
        }
    }

    fn ask_for_recording(&self, begins: bool) -> Result<(), String> {
        let status = self.running()?;
        match (begins, self.teaching.recording) {
            (false, true) => self.send(Order::EndRecording),
            (false, false) => Err("nothing is recorded".into()),
            (true, true) => Err("a recording is under way: end it first".into()),
            (true, false) if status.safety != SafetyState::Run => Err("the robot is stopped: reset_fault first".into()),
            (true, false) if status.phase != Phase::Teaching => {
                Err("the arm is not led by hand: call ~/teach first".into())
            }
            (true, false) => self.send(Order::Record),
        }
    }

    /// Answers calls whose mode the loop has taken, or that waited too long.
    pub(super) fn look_after_teaching(&mut self) {
        let status = self.running();
        for (since, on, call) in std::mem::take(&mut self.teaching.modes) {
            match &status {
                Err(refusal) => answer(call, Err(refusal.clone())),
                Ok(status) if (status.phase == Phase::Teaching) == on => answer(call, Ok(said(on).into())),
                Ok(_) if since.elapsed() > PATIENCE => {
                    answer(call, Err("the loop did not do it: a trial began, or the robot was stopped".into()));
                }
                Ok(_) => self.teaching.modes.push((since, on, call)),
            }
        }
        while self.teaching.ends.front().is_some_and(|(since, _)| since.elapsed() > PATIENCE) {
            let Some((_, call)) = self.teaching.ends.pop_front() else { return };
            answer(call, Err(format!("the run did not hand out the recording within {PATIENCE:?}")));
        }
    }

    /// Whether a call waits for the loop.
    pub(super) fn is_teaching_asked(&self) -> bool {
        !self.teaching.modes.is_empty()
    }
}

fn said(on: bool) -> &'static str {
    if on {
        "the arm can be led by hand; trials are paused"
    } else {
        "the arm is held where it is; resume lets trials go on, from the start posture"
    }
}
