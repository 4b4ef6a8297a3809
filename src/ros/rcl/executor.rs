//! The thread that waits on ROS. Only this thread takes messages and requests; it passes each to
//! its registered closure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::{FutureExt, Stream, StreamExt};
use r2r::{Node, QosProfile, ServiceRequest, WrappedServiceTypeSupport, WrappedTypesupport};

use crate::ros::RosError;

/// Longest wait. An end is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Time a node lives on at its end, so that its last messages arrive.
const FAREWELL: Duration = Duration::from_millis(200);

/// A node with its subscriptions, services and periodic tasks, before its thread runs.
pub struct Executor {
    node: Node,
    takers: Vec<Box<dyn FnMut() + Send>>,
    periodic: Vec<Periodic>,
}

/// A task that is repeated.
struct Periodic {
    period: Duration,
    last: Option<Instant>,
    task: Box<dyn FnMut(&Node) + Send>,
}

impl Executor {
    /// An executor of `node` without subscriptions.
    pub fn new(node: Node) -> Self {
        Self { node, takers: vec![], periodic: vec![] }
    }

    /// The node.
    pub fn node(&mut self) -> &mut Node {
        &mut self.node
    }

    /// Calls `take` on the executor's thread with each message of a topic.
    ///
    /// # Errors
    /// rcl's error.
    pub fn subscribe<T>(
        &mut self,
        topic: &str,
        qos: QosProfile,
        take: impl FnMut(T) + Send + 'static,
    ) -> Result<(), RosError>
    where
        T: WrappedTypesupport + Send + 'static,
    {
        let messages = self.node.subscribe::<T>(topic, qos)?;
        self.listen(messages, take);
        Ok(())
    }

    /// Calls `answer` on the executor's thread with each request of a service.
    ///
    /// # Errors
    /// rcl's error.
    pub fn offer<T>(
        &mut self,
        service: &str,
        answer: impl FnMut(ServiceRequest<T>) + Send + 'static,
    ) -> Result<(), RosError>
    where
        T: WrappedServiceTypeSupport + 'static,
    {
        let requests = self.node.create_service::<T>(service, QosProfile::services_default())?;
        self.listen(requests, answer);
        Ok(())
    }

    /// Calls `task` on the executor's thread with the node, about every `period`.
    pub fn every(&mut self, period: Duration, task: impl FnMut(&Node) + Send + 'static) {
        self.periodic.push(Periodic { period, last: None, task: Box::new(task) });
    }

    fn listen<M: 'static>(
        &mut self,
        mut stream: impl Stream<Item = M> + Unpin + Send + 'static,
        mut take: impl FnMut(M) + Send + 'static,
    ) {
        self.takers.push(Box::new(move || {
            // All messages are taken: r2r drops the newest if its queue of ten is full.
            while let Some(Some(message)) = stream.next().now_or_never() {
                take(message);
            }
        }));
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn spawn(mut self) -> Result<Spinning, RosError> {
        let end = Arc::new(AtomicBool::new(false));
        let asked = end.clone();
        let thread = std::thread::Builder::new().name("ros".into()).spawn(move || {
            // The panic was reported when it happened. It ends the thread, so half-updated state is
            // not used again.
            let _ = catch_unwind(AssertUnwindSafe(|| self.spin(&asked)));
            self.node
        });
        Ok(Spinning { end, thread: Some(thread.map_err(RosError::Thread)?) })
    }

    fn spin(&mut self, end: &AtomicBool) {
        while !end.load(Ordering::Relaxed) {
            self.node.spin_once(LONGEST_WAIT);
            self.takers.iter_mut().for_each(|take| take());
            for Periodic { period, last, task } in &mut self.periodic {
                if last.is_none_or(|last| last.elapsed() >= *period) {
                    *last = Some(Instant::now());
                    task(&self.node);
                }
            }
        }
    }
}

/// A running executor. Dropping it ends the thread and with it the node. The node owns the
/// publishers and outlives a panic of the thread, so the safe command is still sent.
pub struct Spinning {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<Node>>,
}

impl Spinning {
    /// Whether the thread runs. Only a panic ends it by itself.
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        std::thread::sleep(FAREWELL);
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
