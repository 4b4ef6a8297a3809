//! Ctrl-C and SIGTERM.

use crossbeam_channel::{Receiver, unbounded};
use tokio::signal::unix::{SignalKind, signal};

use super::RosError;

/// The signals that ask the process to end, as they come. None of them ends it by itself, however many come: `ros2 launch` passes on
/// what the terminal sent already, and the robot is to be safe first.
///
/// # Errors
/// If the system refuses the handlers.
pub fn signals() -> Result<Receiver<i32>, RosError> {
    let (sender, receiver) = unbounded();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RosError::Thread)?;
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
    let [mut interrupted, mut terminated] = {
        let _guard = runtime.enter();
        [signal(kinds[0]).map_err(RosError::Thread)?, signal(kinds[1]).map_err(RosError::Thread)?]
    };
    let wait = async move {
        loop {
            let number = tokio::select! {
                _ = interrupted.recv() => kinds[0].as_raw_value(),
                _ = terminated.recv() => kinds[1].as_raw_value(),
            };
            // Nobody listens where the process is at its end already.
            let _ = sender.send(number);
        }
    };
    let thread = std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(wait));
    thread.map(|_| receiver).map_err(RosError::Thread)
}
