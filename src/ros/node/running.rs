//! What the transitions do with the run: open it, start it, end it.

use std::path::PathBuf;

use crossbeam_channel::unbounded;

use super::Supervisor;
use super::active::Active;
use super::transitions::Trouble;
use crate::daemon::{DaemonError, Operator, Order, RobotRun, Setup};
use crate::ros::lockstep::Failure;
use crate::ros::robot::RosRobot;
use crate::ros::{RosConfig, RosError, Settings};

impl Supervisor {
    pub(super) fn configure(&mut self) -> Result<(), Trouble> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let out = (!ros.run_folder.is_empty()).then(|| PathBuf::from(&ros.run_folder));
        self.run = Some(RobotRun::open(setup, out, &ros.beginning())?);
        Ok(())
    }

    pub(super) fn robot(&self, setup: &Setup, config: RosConfig) -> RosRobot {
        RosRobot {
            states: self.states.clone(),
            commander: self.commander.clone(),
            server: self.server.clone(),
            graph: self.graph.clone(),
            clock: self.clock,
            sim_time: self.sim_time.clone(),
            period: setup.config.control.period(),
            with_ball: self.with_ball,
            thread: None,
            failure: Failure::default(),
            config,
        }
    }

    pub(super) fn activate(&mut self) -> Result<(), Trouble> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let Some(mut run) = self.run.take() else { return Err(Trouble::Error(RosError::RunLost)) };
        run.set_control(&setup);
        let (orders, inbox) = unbounded();
        let (started, starting) = unbounded();
        let robot = self.robot(&setup, ros.clone());
        let watcher = Box::new(self.outlet.clone().announcing(started));
        let operator = Operator { orders: inbox, watcher, reset_faults: ros.reset_faults };
        let thread = std::thread::Builder::new().name("supervisor".into()).spawn(move || {
            let outcome = run.learn(Box::new(robot), operator);
            (run, outcome)
        });
        // A run that could not start is lost with the thread that was to have it.
        let thread = thread.map_err(|error| Trouble::Error(RosError::Thread(error)))?;
        self.active = Some(Active { orders, thread: Some(thread) });
        // The loop runs, or the thread ended before it came to it.
        if starting.recv().is_err() {
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
            // A run that is over needs no order.
            let _ = active.orders.send(Order::End);
        }
        self.join()
    }

    /// Waits for the end of the run, if there is one. How it ended is in `outcome`; the robot is safe.
    fn join(&mut self) -> Result<(), Trouble> {
        let Some(active) = self.active.take() else { return Ok(()) };
        let ended = active.join();
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
        // What is on the disk may not be what is in memory.
        let stored = !matches!(outcome, Err(DaemonError::Storage(_)));
        self.run = stored.then_some(run);
        let trouble = if stored { Ok(()) } else { Err(Trouble::Error(RosError::NotStored)) };
        self.outcome = Some(outcome.map_err(Into::into));
        trouble
    }
}
