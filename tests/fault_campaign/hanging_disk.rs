//! A disk that hangs: the thread that stores is held by the kernel, as by a file system that does not answer, for longer than the
//! loop tolerates a silent supervisor.

use super::dry_run_support::Place;
use super::table::row;
use moto_controller::storage::RunView;
use moto_controller::storage::files::Disk;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::fs::{read_dir, read_to_string};
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `watchdog.heartbeat_timeout` is 2 s.
const HANG: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(2);

fn archive_thread(process: u32) -> Option<Pid> {
    let mut threads = read_dir(format!("/proc/{process}/task")).unwrap().map(|thread| thread.unwrap().path());
    let thread = threads.find(|path| read_to_string(path.join("comm")).is_ok_and(|name| name == "archive\n"))?;
    Some(Pid::from_raw(thread.file_name()?.to_str()?.parse().ok()?))
}

fn files(folder: &Path) -> usize {
    read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn a_disk_that_hangs() {
    let place = Place::new(4, 2);
    // However slow the machine: only a supervisor that is silent counts.
    place.edit(
        "    control:\n",
        "    control:\n      max_missed_share: 1.0\n      \
         watchdog: {max_consecutive_misses: 1000, max_state_age: 5.0, max_task_age: null, jump_tolerance: 1.0}\n",
    );
    let trials = place.path("run/trials");
    let mut running = place.start(&["dry-run", "--realtime", "--out", "run"]);
    let thread = loop {
        if let Some(thread) = archive_thread(running.child.id()).filter(|_| files(&trials) > 0) {
            break thread;
        }
        assert!(running.child.try_wait().unwrap().is_none(), "the run ended before anything was stored");
        sleep(POLL);
    };
    if ptrace::seize(thread, Options::empty()).is_err() {
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        return println!("\nholding a thread (ptrace) is not permitted here");
    }
    ptrace::interrupt(thread).unwrap();
    waitpid(thread, Some(WaitPidFlag::__WALL)).unwrap();
    let stored = files(&trials);
    let since_epoch = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let begin = since_epoch();
    sleep(HANG);
    let end = since_epoch();
    assert_eq!(files(&trials), stored, "the disk was to hang");
    ptrace::detach(thread, None).unwrap();
    running.rest();
    assert!(running.child.wait().unwrap().success());
    let folder = place.path("run");
    assert_eq!(files(&folder.join("black_boxes")), 0, "a fault tripped");
    let view = RunView::open(Arc::new(Disk), &folder).unwrap();
    let held = view.trials().unwrap();
    let begun: Vec<Duration> = held.iter().map(|(_, path)| view.read_trial(path).unwrap().1.wall_start).collect();
    assert_eq!(begun.len(), 2 * 4);
    assert!(begun.iter().any(|at| (begin..end).contains(at)), "no stroke while the disk hung");
    row("the disk hangs for 5 s", 1, "-", "-", "strokes go on, the supervisor stays heard; all is stored after", 0);
}
