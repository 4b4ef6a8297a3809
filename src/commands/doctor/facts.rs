//! Facts about the machine. Rights are tried out. All other facts are read from the system.

mod processors;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::mman::munlockall;
use nix::sys::statvfs::statvfs;
use serde::Serialize;

use crate::control::{OnError, SchedulingConfig, StartupReport, enter_real_time};
use crate::setup::Difference;
use crate::storage::files::{Disk, Files, write_atomic};

/// The meaning of a fact for the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No action is needed.
    Good,
    /// The loop works, with a smaller margin.
    Fair,
    /// The fault must be mended before a robot depends on the loop.
    Poor,
}

/// A fact about the machine.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Subject of the fact.
    pub name: &'static str,
    /// Value found.
    pub found: String,
    /// Meaning for the loop.
    pub verdict: Verdict,
    /// Advice, unless the verdict is good.
    pub advice: Option<String>,
}

pub(super) fn fact(name: &'static str, found: impl Into<String>, wrong: Option<(Verdict, &str)>) -> Fact {
    let (verdict, advice) = wrong.map_or((Verdict::Good, None), |(verdict, advice)| (verdict, Some(advice.into())));
    Fact { name, found: found.into(), verdict, advice }
}

/// All facts, for a loop with this scheduling and a run stored in `folder`.
pub fn facts(scheduling: &SchedulingConfig, folder: &Path) -> Vec<Fact> {
    let granted = try_rights(scheduling);
    let mut facts = vec![kernel(&granted), hypervisor(), number_of_processors()];
    facts.extend(rights(scheduling, &granted));
    facts.extend([throttling(), governor(), timer_slack(), clock_source(), ros()]);
    facts.extend(processors::facts(scheduling));
    facts.extend(disk(folder));
    facts
}

/// The limits that differ between the configuration and the robot description.
pub fn limits(differences: &[Difference]) -> Fact {
    if differences.is_empty() {
        return fact("limits", "those of the robot description", None);
    }
    let found: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let advice = "the configuration's limits hold: remove control.limits.* where the robot description's should";
    fact("limits", found.join("; "), Some((Verdict::Fair, advice)))
}

/// The scheduling rights that a thread of this process gets.
fn try_rights(scheduling: &SchedulingConfig) -> StartupReport {
    let wanted = SchedulingConfig { on_error: OnError::Warn, ..scheduling.clone() };
    let tried = std::thread::spawn(move || enter_real_time(&wanted).map(|(report, _guard)| report));
    // `enter_real_time` fails only under `strict`.
    let report = tried.join().ok().and_then(Result::ok).unwrap_or_default();
    // Unlock the memory after the trial. The loop locks it again.
    let _ = munlockall();
    report
}

fn kernel(granted: &StartupReport) -> Fact {
    let wrong = (!granted.preempt_rt).then_some((
        Verdict::Fair,
        "not PREEMPT_RT: nothing bounds the longest latency; install a real-time kernel (Debian: linux-image-rt-amd64, \
         Ubuntu: linux-realtime) where a bound is needed",
    ));
    fact("kernel", granted.kernel.clone(), wrong)
}

fn hypervisor() -> Fact {
    let virtual_machine = read("/proc/cpuinfo").contains(" hypervisor");
    let wrong = virtual_machine.then_some((
        Verdict::Fair,
        "the host may take a processor away at any time: run a robot from the machine itself",
    ));
    fact("virtual machine", if virtual_machine { "yes" } else { "no" }, wrong)
}

fn number_of_processors() -> Fact {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let wrong = (count < 2).then_some((Verdict::Poor, "the learner needs a processor beside the loop's"));
    fact("processors", count.to_string(), wrong)
}

fn rights(wanted: &SchedulingConfig, granted: &StartupReport) -> Vec<Fact> {
    let refusal = |of: &str| granted.refused.iter().find(|refusal| refusal.contains(of)).map(String::as_str);
    let priority = match (wanted.priority, granted.priority) {
        (None, _) => fact(
            "priority",
            "normal, as configured",
            Some((Verdict::Poor, "set control.scheduling.priority: any busy process delays a loop at normal priority")),
        ),
        (_, Some(priority)) => fact("priority", format!("SCHED_FIFO {priority} granted"), None),
        (_, None) => fact("priority", "refused", refusal("SCHED_FIFO").map(|advice| (Verdict::Poor, advice))),
    };
    let lock = match (wanted.lock_memory, granted.memory_locked) {
        (false, _) => {
            fact("memory lock", "off, as configured", Some((Verdict::Fair, "set control.scheduling.lock_memory")))
        }
        (_, true) => fact("memory lock", "granted", None),
        (_, false) => fact("memory lock", "refused", refusal("memory lock").map(|advice| (Verdict::Poor, advice))),
    };
    let mut facts = vec![priority, lock];
    if let Some(cpu) = wanted.cpu {
        let refused = refusal("processor").map(|advice| (Verdict::Poor, advice));
        facts.push(fact("the loop's processor", cpu.to_string(), refused));
    }
    let wrong = (!granted.idle_states_avoided).then_some((
        Verdict::Fair,
        "/dev/cpu_dma_latency cannot be opened: waking from deep idle takes longer; grant it, or boot with \
         processor.max_cstate=1",
    ));
    facts.push(fact("deep idle states", if wrong.is_some() { "on" } else { "kept off" }, wrong));
    facts
}

fn throttling() -> Fact {
    let runtime = read("/proc/sys/kernel/sched_rt_runtime_us");
    let found = if runtime == "-1" { "off".into() } else { format!("{runtime} us of each second at most") };
    // Throttling affects only a runaway loop, since a normal loop uses far less time.
    fact("real-time throttling", found, None)
}

fn governor() -> Fact {
    let cpus = fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let mut governors: Vec<String> =
        cpus.map(|cpu| read(cpu.path().join("cpufreq/scaling_governor"))).filter(|name| !name.is_empty()).collect();
    governors.sort();
    governors.dedup();
    let wrong = governors
        .iter()
        .any(|governor| governor != "performance")
        .then_some((Verdict::Fair, "processors that slow down wake late: cpupower frequency-set -g performance"));
    let found = if governors.is_empty() { "none (fixed, or the host's)".into() } else { governors.join(", ") };
    fact("processor governor", found, wrong)
}

fn timer_slack() -> Fact {
    let slack =
        std::thread::spawn(|| nix::sys::prctl::set_timerslack(1).and_then(|()| nix::sys::prctl::get_timerslack()));
    let found = match slack.join() {
        Ok(Ok(slack)) => format!("{slack} ns for a thread that asks (none counts at real-time priority)"),
        _ => "cannot be set (none counts at real-time priority)".into(),
    };
    fact("timer slack", found, None)
}

fn clock_source() -> Fact {
    let source = read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let slow = ["hpet", "acpi_pm", "jiffies", "refined-jiffies"].contains(&source.as_str());
    let wrong =
        slow.then_some((Verdict::Poor, "every look at the time is a slow device access: boot with clocksource=tsc"));
    fact("clock source", source, wrong)
}

fn ros() -> Fact {
    let built = if cfg!(feature = "ros") { "built with it" } else { "built without it" };
    let variable = |name: &str| std::env::var(name).ok().map(|value| format!("{name}={value}"));
    let found: Vec<String> =
        ["ROS_DISTRO", "RMW_IMPLEMENTATION", "ROS_DOMAIN_ID"].into_iter().filter_map(variable).collect();
    let wrong = (cfg!(feature = "ros") && found.is_empty())
        .then_some((Verdict::Poor, "no ROS environment: source /opt/ros/DISTRO/setup.bash, or scripts/setup_ros2.sh"));
    let found = if found.is_empty() { "no environment".into() } else { found.join(" ") };
    fact("ROS 2", format!("{built}; {found}"), wrong)
}

/// Number of test files. They are written as trials are, and have the size of one.
const PROBES: usize = 20;
const PROBE: usize = 200_000;

fn disk(folder: &Path) -> Vec<Fact> {
    let folder = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let probe = folder.join(format!(".moto_controller_doctor_{}", std::process::id()));
    let mut times = Vec::new();
    for _ in 0..PROBES {
        let start = Instant::now();
        if let Err(error) = write_atomic(&Disk, &probe, &[0; PROBE]) {
            return vec![fact("disk", error.to_string(), Some((Verdict::Poor, "give another --folder")))];
        }
        times.push(start.elapsed());
    }
    // A remaining file of 200 kB is harmless.
    let _ = Disk.remove(&probe);
    times.sort();
    let (median, worst) = (times[PROBES / 2], times[PROBES - 1]);
    let slow = (median > Duration::from_millis(100))
        .then_some((Verdict::Fair, "trials are stored beside the loop, but learning in lockstep waits for this disk"));
    let name = folder.display();
    let found = format!("{name}: a trial is safe after {median:.1?} (median), {worst:.1?} (longest of {PROBES})");
    let mut facts = vec![fact("disk", found, slow)];
    if let Ok(space) = statvfs(folder) {
        let free = space.blocks_available() as f64 * space.fragment_size() as f64 / 1e9;
        let wrong = (free < 1.).then_some((Verdict::Poor, "a run of 1,200 trials takes about a quarter of a gigabyte"));
        facts.push(fact("space", format!("{free:.1} GB free"), wrong));
    }
    facts
}

/// The content of a system file. Empty if it cannot be read.
fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_complaint_says_what_to_do() {
        let normal = SchedulingConfig { priority: None, cpu: Some(100_000), lock_memory: false, ..Default::default() };
        let facts = facts(&normal, Path::new("/"));
        for fact in &facts {
            assert_eq!(fact.verdict != Verdict::Good, fact.advice.is_some(), "{fact:?}");
        }
        let of = |name: &str| facts.iter().find(|fact| fact.name == name).unwrap().verdict;
        assert_eq!(
            (of("priority"), of("the loop's processor"), of("memory lock")),
            (Verdict::Poor, Verdict::Poor, Verdict::Fair)
        );
    }

    #[test]
    fn a_disk_that_cannot_be_written_is_named() {
        let nowhere = disk(Path::new("/proc/self"));
        assert!(nowhere[0].verdict == Verdict::Poor && nowhere[0].found.contains("/proc/self"), "{nowhere:?}");
    }
}
