//! Log lines on the topic `/rosout`.

use std::fmt::{self, Write};

use crossbeam_channel::{Receiver, Sender, bounded};
use r2r::rcl_interfaces::msg::Log;
use r2r::{Publisher, QosProfile};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::executor::Executor;
use super::message_time::message_time;
use crate::ros::RosError;

/// Capacity of the queue of lines; further lines are dropped.
const WAITING: usize = 1000;

/// A log line.
struct Line {
    level: u8,
    message: String,
    file: &'static str,
    function: &'static str,
    line: u32,
}

/// The layer that takes log lines, and the queue from which the node takes them.
pub fn rosout() -> (RosoutLayer, LogLines) {
    let (sender, receiver) = bounded(WAITING);
    (RosoutLayer(sender), LogLines(receiver))
}

/// Takes log lines.
pub struct RosoutLayer(Sender<Line>);

/// Log lines that wait to be published.
pub struct LogLines(Receiver<Line>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl<S: Subscriber> Layer<S> for RosoutLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => Log::ERROR as u8,
            Level::WARN => Log::WARN as u8,
            Level::INFO => Log::INFO as u8,
            Level::DEBUG | Level::TRACE => Log::DEBUG as u8,
        };
        let mut text = Text(String::new());
        event.record(&mut text);
        let line = Line {
            level,
            message: text.0,
            file: metadata.file().unwrap_or_default(),
            function: metadata.module_path().unwrap_or_default(),
            line: metadata.line().unwrap_or_default(),
        };
        // Logging never waits: a line is dropped if the queue is full.
        let _ = self.0.try_send(line);
    }
}

/// Publishes log lines.
pub struct Rosout {
    publisher: Publisher<Log>,
    lines: LogLines,
    name: String,
}

impl Rosout {
    /// A publisher with the quality of service that rclcpp and rclpy use.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(executor: &mut Executor, lines: LogLines) -> Result<Self, RosError> {
        let qos = QosProfile::default().keep_last(1000).reliable().transient_local();
        let publisher = executor.node().create_publisher("/rosout", qos)?;
        Ok(Self { publisher, lines, name: executor.node().logger().to_owned() })
    }

    /// Publishes the waiting lines, stamped with the system's time.
    pub fn publish(&self) {
        for line in self.lines.0.try_iter() {
            let message = Log {
                stamp: message_time(crate::ros::system_time()),
                level: line.level,
                name: self.name.clone(),
                msg: line.message,
                file: line.file.into(),
                function: line.function.into(),
                line: line.line,
            };
            // If this fails, standard error still has the line.
            let _ = self.publisher.publish(&message);
        }
    }
}
