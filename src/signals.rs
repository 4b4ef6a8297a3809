//! The signals that end a process. All that can be caught are caught, so that a robot gets the safe
//! command first.
//!
//! SIGKILL (the out-of-memory killer's too) and SIGSTOP cannot be caught. Signals of the program's
//! own faults (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS) are not caught: the thread cannot
//! go on, and other threads may send wrong commands. `abort` ends the process in any case. A
//! time-out on the robot's side covers these cases.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Signals that do not end a process, cannot be caught, or are raised by a fault of the program
/// itself.
const LEFT_ALONE: [i32; 15] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Signals that people send, and repeat if nothing seems to happen.
const FROM_PEOPLE: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// A terminal, a shell and a launcher each pass on a signal from the terminal. Signals within this
/// time count as one.
const SAME: Duration = Duration::from_millis(500);

/// Counts how often the process was asked to end.
#[derive(Default)]
struct Count {
    times: u32,
    last: Option<Instant>,
}

impl Count {
    /// Takes a signal; `None` if it is no new request.
    fn take(&mut self, number: i32, now: Instant) -> Option<u32> {
        let same = self.last.is_some_and(|last| now.saturating_duration_since(last) < SAME);
        if self.times > 0 && (same || !FROM_PEOPLE.contains(&number)) {
            return None;
        }
        (self.times, self.last) = (self.times + 1, Some(now));
        Some(self.times)
    }
}

/// Receives a signal's name, and how often the process was asked to end.
type Handler = Box<dyn FnMut(&str, u32) + Send>;

/// The present handler, and the signals so far.
static LISTENER: Mutex<Option<(Handler, Count)>> = Mutex::new(None);

/// Calls `handler`, on a thread of its own, whenever a signal asks the process to end. It replaces
/// the previous handler. Signals in `also` are listened to besides, from the first call on. Signals
/// that were ignored when the process started stay ignored (`nohup`), except Ctrl-C, Ctrl-\ and
/// SIGTERM.
///
/// # Errors
/// If the system refuses the handlers or the thread.
pub fn listen(also: &[i32], handler: impl FnMut(&str, u32) + Send + 'static) -> io::Result<()> {
    let mut listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    if listener.is_none() {
        start(also)?;
    }
    *listener = Some((Box::new(handler), Count::default()));
    Ok(())
}

fn start(also: &[i32]) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (sender, mut signals) = mpsc::unbounded_channel();
    let context = runtime.enter();
    for number in ending().chain(also.iter().copied()) {
        let (mut stream, sender) = (signal(SignalKind::from_raw(number))?, sender.clone());
        runtime.spawn(async move {
            while stream.recv().await.is_some() {
                // The receiver lives as long as the process.
                let _ = sender.send(number);
            }
        });
    }
    drop(context);
    let wait = async move {
        while let Some(number) = signals.recv().await {
            let mut listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((handler, count)) = &mut *listener
                && let Some(times) = count.take(number, Instant::now())
            {
                let name =
                    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.to_string());
                handler(&name, times);
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(wait))?;
    Ok(())
}

/// The signals that would end this process. 32 and 33 belong to the C library.
fn ending() -> impl Iterator<Item = i32> {
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    let asked = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];
    let numbers = (1..32).chain(libc::SIGRTMIN()..=libc::SIGRTMAX());
    numbers.filter(move |number| {
        !LEFT_ALONE.contains(number) && (asked.contains(number) || ignored >> (number - 1) & 1 == 0)
    })
}

/// The set of ignored signals in the text of `/proc/self/status`, signal 1 first.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

/// Blocks signals on the calling thread, so that other threads take them. Signals of the thread's
/// own faults still arrive.
pub fn keep_off_this_thread() {
    let mut set = SigSet::all();
    let own = [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGFPE, Signal::SIGTRAP, Signal::SIGSYS];
    own.into_iter().for_each(|signal| set.remove(signal));
    // The set is valid, so the call cannot fail.
    let _ = set.thread_block();
}

/// Prevents the terminal from suspending this thread, and threads it starts, for reading or writing
/// in the background.
pub fn keep_running_in_the_background() {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTTIN);
    set.add(Signal::SIGTTOU);
    // The set is valid, so the call cannot fail.
    let _ = set.thread_block();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_that_ends_a_process_and_can_be_caught_is() {
        let all: Vec<i32> = ending().collect();
        let named = [
            Signal::SIGHUP,
            Signal::SIGINT,
            Signal::SIGQUIT,
            Signal::SIGABRT,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
            Signal::SIGALRM,
            Signal::SIGTERM,
            Signal::SIGSTKFLT,
            Signal::SIGXCPU,
            Signal::SIGXFSZ,
            Signal::SIGVTALRM,
            Signal::SIGPROF,
            Signal::SIGIO,
            Signal::SIGPWR,
        ];
        for signal in named {
            assert!(all.contains(&(signal as i32)), "{signal}");
        }
        assert!(all.contains(&libc::SIGRTMIN()) && all.contains(&libc::SIGRTMAX()));
        for signal in [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGCHLD, Signal::SIGPIPE] {
            assert!(!all.contains(&(signal as i32)), "{signal}: SIGPIPE is ignored, a closed output is an error");
        }
    }

    #[test]
    fn what_was_ignored_stays_ignored() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), 1 << 12 | 1);
        assert_eq!(ignored(""), 0);
    }

    #[test]
    fn a_second_time_is_one_that_people_can_mean() {
        let (mut count, start) = (Count::default(), Instant::now());
        let mut at = |number, milliseconds| count.take(number, start + Duration::from_millis(milliseconds));
        assert_eq!(at(libc::SIGXCPU, 0), Some(1));
        assert_eq!(at(libc::SIGHUP, 300), None, "a shell passes on what the terminal sent already");
        assert_eq!(at(libc::SIGXCPU, 1000), None, "the system repeats itself");
        assert_eq!(at(libc::SIGINT, 1000), Some(2));
        assert_eq!(at(libc::SIGTERM, 5000), Some(3));
    }
}
