//! The transitions' work on the run: opening, starting and ending it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use crossbeam_channel::{TryRecvError, unbounded};

use super::Supervisor;
use super::active::Active;
use super::transitions::Trouble;
use crate::control::{LoopError, Request};
use crate::live::Door;
use crate::ros::link::lockstep::Failure;
use crate::ros::link::robot::RosRobot;
use crate::ros::{RosConfig, RosError, Settings};
use crate::setup::Setup;
use crate::supervisor::{DaemonError, Operator, Order, RobotRun};

impl Supervisor {
    pub(super) fn configure(&mut self) -> Result<(), Trouble> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let out = (!ros.run_folder.is_empty()).then(|| PathBuf::from(&ros.run_folder));
        let live = ros.live()?;
        let open = move || -> Result<RobotRun, DaemonError> {
            let door = live.map(Door::open).transpose()?;
            let mut run = RobotRun::open(setup, out, &ros.beginning())?;
            door.map(|door| run.show_live(door)).transpose()?;
            Ok(run)
        };
        // Nothing moves, so the end need not wait for a disk.
        let Some(opened) = self.elsewhere("configure", 1, open)? else { return Err(RosError::GivenUp.into()) };
        self.run = Some(opened?);
        Ok(())
    }

    /// Closes the run's folder, which may take the disk some time.
    pub(super) fn close(&mut self) {
        let stores = self.teaching.stores();
        if let Some(run) = self.run.take() {
            // Without a further thread, the closure is dropped here, which closes the folder.
            let _ = self.elsewhere("close", 2, move || {
                // A panic of one is reported by its own thread.
                stores.into_iter().for_each(|store| drop(store.join()));
                drop(run);
            });
        }
    }

    /// Does lengthy work on a thread of its own while the node answers requests. `None` once the
    /// node was asked this many times to end; the thread is then abandoned.
    fn elsewhere<T: Send + 'static>(
        &mut self,
        name: &str,
        patience: u32,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, RosError> {
        let mut thread = Some(std::thread::Builder::new().name(name.into()).spawn(work).map_err(RosError::Thread)?);
        let done = self.wait(|node| {
            let over = thread.as_ref().is_none_or(JoinHandle::is_finished);
            (over || node.asked >= patience).then(|| thread.take().filter(|_| over)).map(Some)
        });
        let joined = done.flatten().map(JoinHandle::join);
        joined.transpose().map_err(|panic| std::panic::resume_unwind(panic))
    }

    pub(super) fn robot(&self, setup: &Setup, config: RosConfig, given_up: Arc<AtomicBool>) -> RosRobot {
        RosRobot {
            states: self.states.clone(),
            commander: self.commander.clone(),
            starter: self.starter.clone(),
            graph: self.graph.clone(),
            clock: self.clock,
            sim_time: self.sim_time.clone(),
            control: setup.config.control.clone(),
            observed: self.observed.clone(),
            thread: None,
            failure: Failure::default(),
            given_up,
            config,
        }
    }

    pub(super) fn activate(&mut self) -> Result<(), Trouble> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let Some(mut run) = self.run.take() else { return Err(Trouble::Error(RosError::RunLost)) };
        run.set_control(&setup);
        self.teaching.begin(run.directory(), &setup);
        let (orders, inbox) = unbounded();
        if ros.start_paused {
            // The receiver is here.
            let _ = orders.send(Order::Loop(Request::Pause));
        }
        let (started, starting) = unbounded();
        let given_up = Arc::<AtomicBool>::default();
        let robot = self.robot(&setup, ros.clone(), given_up.clone());
        let watcher = Box::new(self.outlet.clone().announcing(started));
        let operator = Operator { orders: inbox, watcher, reset_faults: ros.reset_faults };
        let thread = std::thread::Builder::new().name("supervisor".into()).spawn(move || {
            let outcome = run.learn(Box::new(robot), operator);
            (run, outcome)
        });
        // If the thread cannot start, the run that was moved to it is lost.
        let thread = thread.map_err(|error| Trouble::Error(RosError::Thread(error)))?;
        self.active = Some(Active { orders, thread: Some(thread), given_up });
        // Either the loop runs, or the thread ended before.
        let started = self.wait(|_| match starting.try_recv() {
            Err(TryRecvError::Empty) => None,
            other => Some(other),
        });
        if started.is_err() {
            self.join()?;
            let complete = DaemonError::Robot("the run was complete before it began".into());
            return Err(match self.outcome.take() {
                Some(Err(error)) => error.into(),
                _ => complete.into(),
            });
        }
        Ok(())
    }

    pub(super) fn deactivate(&mut self) -> Result<(), Trouble> {
        if let Some(active) = &self.active {
            active.end(if self.asked > 1 { Order::Hurry } else { Order::End });
        }
        self.join()
    }

    /// Waits for the end of the run, if there is one. Its result is in `outcome`; the robot is
    /// safe.
    fn join(&mut self) -> Result<(), Trouble> {
        let over = self.wait(|node| {
            let over = node.active.as_ref().is_none_or(Active::is_over);
            let safe = || node.outlet.health.status().is_none_or(|status| status.ended);
            (over || (node.asked > 2 && safe())).then_some(over)
        });
        let Some(active) = self.active.take() else { return Ok(()) };
        if !over {
            active.leave();
            self.outcome = Some(Err(RosError::NotStored));
            return Err(Trouble::Error(RosError::NotStored));
        }
        let ended = active.join();
        self.teaching.keep_last();
        let failure = match &ended {
            Some((_, Ok(_))) => None,
            Some((_, Err(error))) => Some(error.to_string()),
            None => Some(RosError::RunLost.to_string()),
        };
        self.outlet.health.ended(failure);
        let Some((run, outcome)) = ended else {
            self.outcome = Some(Err(RosError::RunLost));
            return Err(Trouble::Error(RosError::RunLost));
        };
        match &outcome {
            Ok(true) => tracing::info!("the run is complete"),
            Ok(false) => tracing::info!("the run was stopped; it can go on"),
            Err(error) => tracing::error!("the run ended: {error}"),
        }
        if let Some(summary) = self.outlet.health.kept().summary(self.sim_time.is_some()) {
            tracing::warn!("{summary}");
        }
        if let Err(DaemonError::Loop(LoopError::Hangs(silence))) = outcome {
            self.hung = Some(silence);
        }
        // After a storage error, the disk may not hold the present state.
        let stored = !matches!(outcome, Err(DaemonError::Storage(_)));
        self.run = stored.then_some(run);
        let trouble = if stored { Ok(()) } else { Err(Trouble::Error(RosError::NotStored)) };
        self.outcome = Some(outcome.map_err(Into::into));
        trouble
    }
}
