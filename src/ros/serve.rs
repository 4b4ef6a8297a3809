//! Asking for the ball, once the arm is ready.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use r2r::std_srvs::srv::Trigger;
use r2r::{Client, QosProfile};

use super::executor::Executor;
use super::{RosConfig, RosError};

/// How often an answer is looked for.
const LOOK: Duration = Duration::from_micros(100);

/// A service that serves the ball, where there is one.
#[derive(Clone)]
pub struct Server(Option<Arc<Named>>);

struct Named {
    name: String,
    client: Client<Trigger::Service>,
}

impl Server {
    /// The service the configuration names, before the executor runs.
    ///
    /// # Errors
    /// rcl's.
    pub fn new(executor: &mut Executor, config: &RosConfig) -> Result<Self, RosError> {
        if config.serve_service.is_empty() {
            return Ok(Self(None));
        }
        let client = executor.node().create_client(&config.serve_service, QosProfile::services_default())?;
        Ok(Self(Some(Arc::new(Named { name: config.serve_service.clone(), client }))))
    }

    /// Waits until the service is there.
    ///
    /// # Errors
    /// If it does not come within `timeout`.
    pub fn wait(&self, timeout: Duration) -> Result<(), RosError> {
        let Some(named) = &self.0 else { return Ok(()) };
        let mut available = Box::pin(r2r::Node::is_available(&named.client)?);
        let answer = poll(timeout, || available.as_mut().now_or_never());
        match answer {
            Some(available) => Ok(available?),
            None => Err(RosError::NoServer { service: named.name.clone(), waited: timeout }),
        }
    }

    /// Asks for the ball, without waiting.
    pub fn ask(&self) {
        if let Some(named) = &self.0
            && let Err(error) = named.client.request(&Trigger::Request::default()).map(drop)
        {
            tracing::error!("{} could not be called: {error}", named.name);
        }
    }

    /// Asks for the ball and waits for the answer.
    ///
    /// # Errors
    /// If there is none within `timeout`, or the ball is refused.
    pub fn ask_and_wait(&self, timeout: Duration) -> Result<(), RosError> {
        let Some(named) = &self.0 else { return Ok(()) };
        let mut answer = Box::pin(named.client.request(&Trigger::Request::default())?);
        match poll(timeout, || answer.as_mut().now_or_never()) {
            Some(answer) => {
                let answer = answer?;
                let refused = || RosError::ServeRefused { service: named.name.clone(), reason: answer.message.clone() };
                if answer.success { Ok(()) } else { Err(refused()) }
            }
            None => Err(RosError::NoServer { service: named.name.clone(), waited: timeout }),
        }
    }
}

/// Looks for an answer that the executor's thread brings.
fn poll<T>(timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(LOOK);
    }
}
