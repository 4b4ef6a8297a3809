//! Priority, processor and memory of the calling thread, and a report of what the system granted.

use crate::control::config::{OnError, SchedulingConfig};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::unistd::Pid;
use serde::Serialize;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// Kernel of the machine, and priority, processor and memory lock granted to the thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StartupReport {
    /// Kernel release and version.
    pub kernel: String,
    /// Whether the kernel is a PREEMPT_RT one.
    pub preempt_rt: bool,
    /// `SCHED_FIFO` priority; none at normal priority.
    pub priority: Option<u8>,
    /// Processor the thread is pinned to.
    pub cpu: Option<usize>,
    /// Whether the process's memory is locked.
    pub memory_locked: bool,
    /// Whether deep idle states are kept off.
    pub idle_states_avoided: bool,
    /// Refusals, each with its remedy.
    pub refused: Vec<String>,
}

impl fmt::Display for StartupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kernel {}{}", self.kernel, if self.preempt_rt { " (PREEMPT_RT)" } else { "" })?;
        match self.priority {
            Some(priority) => write!(f, ", SCHED_FIFO {priority}")?,
            None => write!(f, ", normal priority")?,
        }
        match self.cpu {
            Some(cpu) => write!(f, ", processor {cpu}")?,
            None => write!(f, ", any processor")?,
        }
        write!(f, ", memory {}", if self.memory_locked { "locked" } else { "not locked" })?;
        write!(f, ", idle states {}", if self.idle_states_avoided { "off" } else { "as they are" })?;
        self.refused.iter().try_for_each(|refusal| write!(f, "; {refusal}"))
    }
}

/// The system refused a setting that `scheduling.on_error: strict` insists on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the control loop does not start (scheduling.on_error: strict): {}", refused.join("; "))]
pub struct SchedulingError {
    /// Refusals, each with its remedy.
    pub refused: Vec<String>,
}

/// Resources that must be kept while the loop runs.
pub struct RealTimeGuard {
    _idle_states: Option<File>,
}

/// Stack touched in advance, bytes. The loop uses less.
const STACK: usize = 256 * 1024;

/// Gives the calling thread priority, processor and memory lock of `config`.
///
/// # Errors
/// With [`OnError::Strict`], if any of them is refused.
pub fn enter(config: &SchedulingConfig) -> Result<(StartupReport, RealTimeGuard), SchedulingError> {
    let mut report = StartupReport::default();
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let version = read("/proc/sys/kernel/version");
    report.preempt_rt = version.contains("PREEMPT_RT");
    report.kernel = format!("{} {version}", read("/proc/sys/kernel/osrelease"));
    let mut refused = Vec::new();
    if config.lock_memory {
        match lock_memory() {
            Ok(()) => report.memory_locked = true,
            Err(refusal) => refused.push(refusal),
        }
        touch_stack();
    }
    if let Some(cpu) = config.cpu {
        match pin(cpu) {
            Ok(()) => report.cpu = Some(cpu),
            Err(refusal) => refused.push(refusal),
        }
    }
    if let Some(priority) = config.priority {
        match raise(priority) {
            Ok(()) => report.priority = Some(priority),
            Err(refusal) => refused.push(refusal),
        }
    }
    if report.priority.is_none() {
        // Timers of threads at normal priority fire up to 50 us late by default. This asks for less
        // and cannot do harm.
        let _ = nix::sys::prctl::set_timerslack(1);
    }
    let idle_states = if config.avoid_idle_states { avoid_idle_states() } else { None };
    report.idle_states_avoided = idle_states.is_some();
    if config.on_error == OnError::Strict && !refused.is_empty() {
        return Err(SchedulingError { refused });
    }
    report.refused = refused;
    Ok((report, RealTimeGuard { _idle_states: idle_states }))
}

/// Locks all present and future memory. Under a finite limit, a later allocation would fail instead
/// of being paged. So the limit must be unlimited, or the process must have the capability that no
/// limit binds.
fn lock_memory() -> Result<(), String> {
    let unlimited = match setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY) {
        Err(_) if may_lock_without_limit() => Ok(()),
        other => other,
    };
    unlimited.and_then(|()| mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE)).map_err(|e| {
        format!(
            "memory lock refused ({e}); grant it by `<user> - memlock unlimited` in /etc/security/limits.conf or \
             LimitMEMLOCK=infinity in the unit"
        )
    })
}

/// Whether the process has `CAP_IPC_LOCK` (capability 14).
fn may_lock_without_limit() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_some_and(|set| set >> 14 & 1 == 1)
}

/// Touches the stack below the caller, so that the loop causes no page fault there.
#[inline(never)]
fn touch_stack() {
    let stack = [0_u8; STACK];
    std::hint::black_box(&stack);
}

fn pin(cpu: usize) -> Result<(), String> {
    let mut set = CpuSet::new();
    set.set(cpu)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .map_err(|e| format!("processor {cpu} refused ({e}); choose one of the process's own (see `taskset -p`)"))
}

fn raise(priority: u8) -> Result<(), String> {
    let refused = |reason: String| {
        format!(
            "SCHED_FIFO priority {priority} refused ({reason}); grant it by `<user> - rtprio {priority}` in \
             /etc/security/limits.conf or LimitRTPRIO={priority} in the unit"
        )
    };
    let wanted = ThreadPriority::from_posix(thread_priority::ScheduleParams { sched_priority: priority.into() });
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(thread_native_id(), wanted, policy).map_err(|e| refused(format!("{e:?}")))
}

/// Asks for the shortest wake-up latency while the file stays open, as `cyclictest` does.
fn avoid_idle_states() -> Option<File> {
    let mut file = OpenOptions::new().write(true).open("/dev/cpu_dma_latency").ok()?;
    file.write_all(&0_i32.to_ne_bytes()).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_SUCH_CPU: SchedulingConfig = SchedulingConfig {
        priority: None,
        cpu: Some(100_000),
        lock_memory: false,
        avoid_idle_states: false,
        on_error: OnError::Warn,
    };

    #[test]
    fn a_refusal_is_reported_or_ends_the_start() {
        let (report, _guard) = enter(&NO_SUCH_CPU).unwrap();
        assert_eq!((report.cpu, report.refused.len()), (None, 1));
        assert!(report.refused[0].contains("processor 100000") && report.to_string().contains("refused"));
        let strict = enter(&SchedulingConfig { on_error: OnError::Strict, ..NO_SUCH_CPU }).err().unwrap();
        assert_eq!(strict.refused, report.refused);
        assert!(strict.to_string().contains("scheduling.on_error: strict"));
    }

    #[test]
    fn nothing_asked_nothing_refused() {
        let (report, _guard) =
            enter(&SchedulingConfig { cpu: None, on_error: OnError::Strict, ..NO_SUCH_CPU }).unwrap();
        assert!(report.refused.is_empty() && report.priority.is_none() && !report.memory_locked);
        assert!(report.kernel.starts_with(|c: char| c.is_ascii_digit()));
    }
}
