//! Requests to start the task, e.g. to serve a ball, once the arm is ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use r2r::std_msgs::msg::Empty;
use r2r::std_srvs::srv::Trigger;
use r2r::{Client, Publisher, QosProfile};

use crate::ros::rcl::executor::Executor;
use crate::ros::{RosConfig, RosError};

/// Time between two checks for an answer.
const ANSWER_POLL: Duration = Duration::from_micros(100);

/// Who starts the task, if the node has to ask: a service, or the subscribers of a topic.
#[derive(Clone)]
pub struct TaskStarter {
    service: Option<Arc<Named>>,
    topic: Option<(String, Publisher<Empty>)>,
}

struct Named {
    name: String,
    client: Client<Trigger::Service>,
}

impl TaskStarter {
    /// The service or topic named in the configuration. Call it before the executor runs.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(executor: &mut Executor, config: &RosConfig) -> Result<Self, RosError> {
        let (name, topic) = (&config.serve_service, &config.serve_topic);
        let node = executor.node();
        let service = if name.is_empty() {
            None
        } else {
            let client = node.create_client(name, QosProfile::services_default())?;
            Some(Arc::new(Named { name: name.clone(), client }))
        };
        let qos = QosProfile::default().reliable().keep_last(1);
        let topic = if topic.is_empty() { None } else { Some((topic.clone(), node.create_publisher(topic, qos)?)) };
        Ok(Self { service, topic })
    }

    /// Waits until whoever starts the task is there, or `given_up` is set.
    ///
    /// # Errors
    /// If nobody is there within `timeout`.
    pub fn wait(&self, timeout: Duration, given_up: &AtomicBool) -> Result<(), RosError> {
        if let Some((name, topic)) = &self.topic {
            let mut heard = Box::pin(topic.wait_for_inter_process_subscribers()?);
            match poll(timeout, given_up, || heard.as_mut().now_or_never()) {
                Some(heard) => heard?,
                None => return Err(RosError::NoServer { service: name.clone(), waited: timeout }),
            }
        }
        let Some(named) = &self.service else { return Ok(()) };
        let mut available = Box::pin(r2r::Node::is_available(&named.client)?);
        let answer = poll(timeout, given_up, || available.as_mut().now_or_never());
        match answer {
            Some(available) => Ok(available?),
            None => Err(RosError::NoServer { service: named.name.clone(), waited: timeout }),
        }
    }

    /// Asks for the start, without waiting.
    pub fn ask(&self) {
        self.tell();
        if let Some(named) = &self.service
            && let Err(error) = named.client.request(&Trigger::Request::default()).map(drop)
        {
            tracing::error!("{} could not be called: {error}", named.name);
        }
    }

    /// Asks for the start and waits for the answer.
    ///
    /// # Errors
    /// If no answer comes within `timeout`, or the service refuses.
    pub fn ask_and_wait(&self, timeout: Duration) -> Result<(), RosError> {
        self.tell();
        let Some(named) = &self.service else { return Ok(()) };
        let mut answer = Box::pin(named.client.request(&Trigger::Request::default())?);
        match poll(timeout, &AtomicBool::new(false), || answer.as_mut().now_or_never()) {
            Some(answer) => {
                let answer = answer?;
                let refused = || RosError::ServeRefused { service: named.name.clone(), reason: answer.message.clone() };
                if answer.success { Ok(()) } else { Err(refused()) }
            }
            None => Err(RosError::NoServer { service: named.name.clone(), waited: timeout }),
        }
    }
}

impl TaskStarter {
    fn tell(&self) {
        if let Some(Err(error)) = self.topic.as_ref().map(|(_, topic)| topic.publish(&Empty {})) {
            tracing::error!("the start of the task could not be asked for: {error}");
        }
    }
}

/// Polls for an answer that the executor's thread receives.
fn poll<T>(timeout: Duration, given_up: &AtomicBool, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline || given_up.load(Ordering::Relaxed) {
            return None;
        }
        std::thread::sleep(ANSWER_POLL);
    }
}
