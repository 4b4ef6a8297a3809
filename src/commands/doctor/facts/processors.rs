//! What else runs on the loop's processor, and how deep it sleeps.

use std::fs;

use super::{Fact, Verdict, fact, read};
use crate::control::SchedulingConfig;

/// Facts about the processor of a loop with this scheduling.
pub fn facts(scheduling: &SchedulingConfig) -> Vec<Fact> {
    let cpu = scheduling.cpu;
    vec![
        isolated(&read("/sys/devices/system/cpu/isolated"), cpu),
        ticks(&read("/sys/devices/system/cpu/nohz_full"), cpu),
        interrupts(&interrupt_processors(), cpu),
        idle_states(&names_of_idle_states(cpu.unwrap_or(0))),
    ]
}

fn isolated(list: &str, cpu: Option<usize>) -> Fact {
    let advice = "other threads share the loop's processor: boot with isolcpus=N nohz_full=N, and set \
                  control.scheduling.cpu: N";
    on_the_loops_processor("isolated processors", list, cpu, advice)
}

fn ticks(list: &str, cpu: Option<usize>) -> Fact {
    let advice = "the kernel's tick interrupts the loop: boot with nohz_full=N, and set control.scheduling.cpu: N";
    // The file reads "(null)" where nothing is set.
    on_the_loops_processor("without a tick", list.trim_matches(['(', ')']).trim_start_matches("null"), cpu, advice)
}

/// A list of processors, which should hold the loop's.
fn on_the_loops_processor(name: &'static str, list: &str, cpu: Option<usize>, advice: &str) -> Fact {
    let wrong = match cpu {
        _ if list.is_empty() => Some((Verdict::Fair, advice)),
        None => Some((Verdict::Fair, "set control.scheduling.cpu to one of them")),
        Some(cpu) if contains(list, cpu) => None,
        Some(_) => Some((Verdict::Fair, "control.scheduling.cpu is none of them: choose one")),
    };
    fact(name, if list.is_empty() { "none" } else { list }, wrong)
}

/// Whether a list of the kernel's, as `1,4-7`, holds a processor.
fn contains(list: &str, cpu: usize) -> bool {
    list.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bound = |text: &str| text.trim().parse::<usize>().ok();
        bound(first).zip(bound(last)).is_some_and(|(first, last)| (first..=last).contains(&cpu))
    })
}

/// The processors that each interrupt may go to, as lists of the kernel's.
fn interrupt_processors() -> Vec<String> {
    let interrupts = fs::read_dir("/proc/irq").into_iter().flatten().flatten();
    interrupts.map(|irq| read(irq.path().join("smp_affinity_list"))).filter(|list| !list.is_empty()).collect()
}

fn interrupts(lists: &[String], cpu: Option<usize>) -> Fact {
    let name = "interrupts";
    let Some(cpu) = cpu else {
        let found = format!("{} of devices, on any processor", lists.len());
        let wrong = (!lists.is_empty())
            .then_some((Verdict::Fair, "set control.scheduling.cpu, and keep the interrupts off that processor"));
        return fact(name, found, wrong);
    };
    let here = lists.iter().filter(|list| contains(list, cpu)).count();
    let wrong = (here > 0).then_some((
        Verdict::Fair,
        "write the other processors to /proc/irq/*/smp_affinity_list and boot with irqaffinity=M; stop irqbalance",
    ));
    fact(name, format!("{here} of {} of devices may go to processor {cpu}", lists.len()), wrong)
}

/// Names and wake-up latencies (us) of a processor's idle states.
fn names_of_idle_states(cpu: usize) -> Vec<(String, u64)> {
    let states = fs::read_dir(format!("/sys/devices/system/cpu/cpu{cpu}/cpuidle")).into_iter().flatten().flatten();
    let mut states: Vec<_> = states
        .map(|state| (read(state.path().join("name")), read(state.path().join("latency")).parse().unwrap_or(0)))
        .filter(|(name, _)| !name.is_empty())
        .collect();
    states.sort_by_key(|(_, latency)| *latency);
    states
}

fn idle_states(states: &[(String, u64)]) -> Fact {
    let named: Vec<_> = states.iter().map(|(name, latency)| format!("{name} ({latency} us)")).collect();
    // Whether the loop can keep the deep ones off is a fact of its own.
    fact("idle states", if named.is_empty() { "none seen (the host's)".into() } else { named.join(", ") }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_read() {
        for (list, cpu, holds) in [("1,4-7", 5, true), ("1,4-7", 1, true), ("1,4-7", 3, false), ("", 0, false)] {
            assert_eq!(contains(list, cpu), holds, "{list} {cpu}");
        }
    }

    #[test]
    fn what_disturbs_the_loop_s_processor_is_told() {
        let verdict = |fact: Fact| fact.verdict;
        assert_eq!(verdict(isolated("2-3", Some(3))), Verdict::Good);
        assert_eq!(verdict(isolated("2-3", Some(1))), Verdict::Fair);
        assert_eq!(verdict(ticks("(null)", Some(3))), Verdict::Fair);
        assert_eq!(verdict(ticks("3", Some(3))), Verdict::Good);
        let lists = ["0-1".to_owned(), "0".into()];
        assert_eq!(verdict(interrupts(&lists, Some(1))), Verdict::Fair);
        assert_eq!(verdict(interrupts(&lists, Some(3))), Verdict::Good);
        assert!(interrupts(&lists, Some(1)).found.starts_with("1 of 2"));
        assert!(idle_states(&[("C1".into(), 2), ("C6".into(), 130)]).found.contains("C6 (130 us)"));
    }
}
