//! Through the C functions: misuse, faults, and a run that equals the one in lockstep.

mod faults;
mod lockstep;
mod misuse;

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::Duration;

use controller::robot::{Command, Plant, Reading, TrialKey, TrialKind};
use controller::setup::Setup;

use crate::cycle::{moto_cycle, moto_next_request};
use crate::handle::{moto_close, moto_controller, moto_open, moto_start};
use crate::tell::{moto_get_status, moto_last_error, moto_period};
use crate::types::moto_result::{self, *};
use crate::types::{moto_phase, moto_request, moto_request_kind, moto_safety, moto_state, moto_status};

/// A folder with a configuration of two links.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// The links, with other lines.
    fn new(edits: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let urdf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../urdf/double_link.urdf").canonicalize().unwrap();
        let mut text = LINKS.replacen("double_link.urdf", urdf.to_str().unwrap(), 1);
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(folder.path().join("links.yaml"), text).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn setup(&self) -> Setup {
        Setup::load(&self.path("links.yaml"), |_| {}).unwrap()
    }

    /// Opens a controller with its run in the folder `run`.
    fn open(&self, flags: u32) -> Controller {
        let text = |name: &str| CString::new(self.path(name).to_str().unwrap()).unwrap();
        let mut opened = ptr::null_mut();
        // SAFETY: C strings, and a place for the pointer.
        let result =
            unsafe { moto_open(text("links.yaml").as_ptr(), ptr::null(), text("run").as_ptr(), flags, &mut opened) };
        assert_eq!(result, MOTO_OK, "{}", error(ptr::null()));
        Controller(opened)
    }
}

/// Short swings of two hanging links.
const LINKS: &str = "
moto_controller:
  ros__parameters:
    robot: {urdf: double_link.urdf, joints: [joint1, joint2]}
    control:
      period: 0.01
      decimation: 5
      start_posture: [3.141592653589793, 0.0]
      action_scale: [1.0, 1.0]
      trigger: at_once
      homing: {position_tolerance: 0.1, velocity_tolerance: 0.1, timeout: 20.0}
      return: {position_tolerance: 0.1, velocity_tolerance: 0.1, timeout: 20.0}
      limits:
        effort_rate: [5000.0, 5000.0]
        margin: [0.1, 0.1]
        stiffness: [0.0, 0.0]
        damping: [0.0, 0.0]
      watchdog: {max_frozen_readings: null, max_task_age: null}
      safety: {damping: [2.0, 2.0]}
      scheduling: {priority: null, lock_memory: false}
    task:
      swing_up: {horizon: 6, rewarded_steps: 3, substeps: 25}
    learner: {moto: {}}
    run: {seed: 1, rollouts: 3, iterations: 2, evaluation_strokes: 1, realtime_strokes: 0}
";

fn error(controller: *const moto_controller) -> String {
    let mut buffer = [0; 1000];
    // SAFETY: the buffer is as long as is said, and is closed by a zero byte.
    unsafe {
        moto_last_error(controller, buffer.as_mut_ptr(), buffer.len());
        CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned()
    }
}

struct Controller(*mut moto_controller);

// SAFETY: any thread may call; who calls what is the tests' matter.
unsafe impl Sync for Controller {}

impl Drop for Controller {
    fn drop(&mut self) {
        // SAFETY: it was opened, and may be closed already.
        unsafe { moto_close(self.0) };
    }
}

impl Controller {
    fn start(&self) {
        // SAFETY: it was opened.
        assert_eq!(unsafe { moto_start(self.0) }, MOTO_OK, "{}", error(self.0));
    }

    fn cycle(&self, time: Duration, position: &[f64], velocity: &[f64]) -> (moto_result, Vec<f64>) {
        let state = moto_state {
            time: time.as_nanos() as u64,
            position: position.as_ptr(),
            velocity: velocity.as_ptr(),
            joints: position.len(),
            observed: ptr::null(),
            observed_numbers: 0,
            observed_time: 0,
        };
        let mut effort = vec![f64::NAN; position.len()];
        // SAFETY: the lists are as long as is said.
        let result = unsafe { moto_cycle(self.0, &state, effort.as_mut_ptr(), effort.len()) };
        (result, effort)
    }

    fn request(&self) -> Option<moto_request> {
        let kind = moto_request_kind::MOTO_START_TASK;
        let mut request = moto_request { kind, evaluation: false, iteration: 0, rollout: 0 };
        // SAFETY: it was opened, and the place is valid.
        unsafe { moto_next_request(self.0, &mut request) }.then_some(request)
    }

    fn status(&self) -> moto_status {
        let (phase, safety) = (moto_phase::MOTO_IDLE, moto_safety::MOTO_RUN);
        let mut status = moto_status {
            running: false,
            complete: false,
            paused: false,
            phase,
            safety,
            cycles: 0,
            misses: 0,
            trials: 0,
            iterations: 0,
            mean_return: 0.,
        };
        // SAFETY: it was opened, and the place is valid.
        assert_eq!(unsafe { moto_get_status(self.0, &mut status) }, MOTO_OK);
        status
    }

    fn period(&self) -> Duration {
        // SAFETY: it was opened.
        Duration::from_nanos(unsafe { moto_period(self.0) })
    }
}

/// A simulated robot and its controller, one cycle after the other.
struct Rig {
    controller: Controller,
    plant: Box<dyn Plant>,
    command: Command,
    reading: Reading,
    now: Duration,
    result: moto_result,
}

impl Rig {
    fn new(place: &Place, flags: u32) -> Self {
        let setup = place.setup();
        let mut plant = setup.plant(&*setup.task().unwrap(), setup.config.run.seed).unwrap();
        // Any origin will do.
        let now = Duration::from_secs(1_700_000_000);
        plant.reset(now);
        let controller = place.open(flags);
        controller.start();
        Self { controller, plant, command: Command::zeros(2), reading: Reading::zeros(2, 0), now, result: MOTO_OK }
    }

    /// A cycle in which `spoil` may change what the robot reports.
    fn cycle(&mut self, spoil: impl FnOnce(&mut Reading)) {
        let mut anew = false;
        while let Some(request) = self.controller.request() {
            match request.kind {
                moto_request_kind::MOTO_START_TASK => self.plant.launch(),
                moto_request_kind::MOTO_BEGIN_TRIAL => {
                    let kind = if request.evaluation { TrialKind::Evaluate } else { TrialKind::Learn };
                    let key = TrialKey { kind, iteration: request.iteration, rollout: request.rollout };
                    self.plant.reset(self.now);
                    self.plant.begin_trial(&key);
                    anew = true;
                }
            }
        }
        if !anew {
            self.plant.step(self.now, &self.command);
        }
        self.plant.read(&mut self.reading);
        let mut told = self.reading.clone();
        spoil(&mut told);
        let (result, effort) = self.controller.cycle(told.stamp, &told.position, &told.velocity);
        (self.result, self.command.effort) = (result, effort.into());
        self.now += self.controller.period();
    }

    /// Cycles until `done`, which is asked now and then.
    fn until(&mut self, what: &str, done: impl Fn(&moto_status) -> bool) {
        for cycle in 0_u64.. {
            self.cycle(|_| {});
            if cycle.is_multiple_of(20) {
                let status = self.controller.status();
                if done(&status) {
                    return;
                }
                assert!(
                    status.running && cycle < 1_000_000,
                    "{what} did not come: {status:?} {}",
                    error(self.controller.0)
                );
                // The supervisor and the learner need the processor too.
                std::thread::sleep(Duration::from_micros(if status.phase == moto_phase::MOTO_IDLE { 500 } else { 1 }));
            }
        }
    }
}
