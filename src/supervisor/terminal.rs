//! The operator at the terminal. Each line of input scores a stroke.

use std::io::BufRead;

use crossbeam_channel::unbounded;
use tracing::warn;

use super::error::DaemonError;
use super::operator::{Operator, Order, Watcher};
use crate::control::{Event, StartupReport, Stopper};
use crate::report::IterationMetrics;
use crate::storage::TrialMeta;

/// A watcher that reports through the log.
struct Reader;

impl Watcher for Reader {
    fn started(&mut self, _: &StartupReport, _: Stopper) {}
    fn event(&mut self, _: &Event) {}
    fn trial(&mut self, _: &TrialMeta) {}
    fn iteration(&mut self, _: &IterationMetrics) {}
}

/// An operator who scores each stroke on standard input. The run ends at the end of the input.
///
/// # Errors
/// If the system has no thread left.
pub fn operator() -> Result<Operator, DaemonError> {
    let (orders, inbox) = unbounded();
    // A thread that waits for input cannot be woken, so nobody joins it.
    let read = move || {
        for line in std::io::stdin().lock().lines() {
            let order = match line.map(|line| order(&line)) {
                Ok(Some(order)) => order,
                Ok(None) => continue,
                Err(error) => {
                    warn!("standard input cannot be read: {error}");
                    break;
                }
            };
            if orders.send(order).is_err() {
                return;
            }
        }
        warn!("standard input is over, and with it the scores: the run is saved");
        let _ = orders.send(Order::End);
    };
    let thread = std::thread::Builder::new().name("terminal".into());
    thread.spawn(read).map_err(DaemonError::system("start the thread that reads the operator's scores"))?;
    Ok(Operator { orders: inbox, watcher: Box::new(Reader), reset_faults: true })
}

/// The order in a line. For a line without meaning, prints advice and returns `None`.
fn order(line: &str) -> Option<Order> {
    match line.trim() {
        "" => None,
        "skip" => Some(Order::Skip),
        text => match text.parse() {
            Ok(score) => Some(Order::Score(score)),
            Err(_) => {
                warn!("{text:?} is no score: expected a number, or `skip` to leave the stroke out");
                None
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_score_skip_is_none_and_the_rest_means_nothing() {
        assert_eq!(order(" -2.5e1\n"), Some(Order::Score(-25.)));
        assert_eq!(order("skip"), Some(Order::Skip));
        assert_eq!(order(""), None);
        assert_eq!(order("good"), None);
    }
}
