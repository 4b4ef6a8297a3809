//! A controller: opening, starting, stopping, closing.

use std::ffi::{CString, c_char};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use controller::control::CallersLoop;
use controller::robot::Observed;

use crate::guard::{call, opened, set_refusal, text};
use crate::run::{Opening, Run, Shared};
use crate::types::moto_result::{self, *};
use crate::types::{MOTO_RESET_FAULTS, MOTO_RESUME, MOTO_SIMULATED};

/// A controller. `moto_open` makes it, `moto_close` closes it. Its few bytes stay allocated, so that a
/// call after the close is an error and not undefined behaviour.
pub struct moto_controller {
    pub(crate) place: CallersLoop,
    pub(crate) closed: AtomicBool,
    pub(crate) joints: Vec<CString>,
    pub(crate) observed: Vec<(CString, Observed)>,
    pub(crate) numbers: usize,
    pub(crate) period: Duration,
    pub(crate) shared: Arc<Shared>,
    run: Mutex<Option<Run>>,
}

/// The closed ones, where a leak checker finds them.
static CLOSED: Mutex<Vec<&'static moto_controller>> = Mutex::new(Vec::new());

impl moto_controller {
    pub(crate) fn run(&self) -> MutexGuard<'_, Option<Run>> {
        // A panic cannot leave the run half-updated, so a poisoned lock is safe to use.
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn c_string(text: &str) -> CString {
    // Names of joints and topics have no zero byte: they come from XML and YAML.
    CString::new(text).unwrap_or_default()
}

/// Opens a controller: reads the configuration, makes or opens the run folder, starts the library's
/// threads. Nothing moves.
///
/// `configuration` is the path of a configuration file; `parameters` YAML that holds over it, a value for
/// each dotted name, such as `run.rollouts: 5`, or null; `run_folder` the folder to make, or null for a
/// folder under `runs/`; `flags` a sum of `MOTO_SIMULATED`, `MOTO_RESET_FAULTS`, `MOTO_RESUME`.
/// `controller` gets the controller, or null.
///
/// Not real-time safe. Any thread; several controllers may be open. After an error call
/// `moto_last_error(NULL, ...)` in the same thread.
///
/// # Safety
/// Pointers are null or valid, and texts end with a zero byte. `controller` overlaps no text: it is
/// written before they are read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_open(
    configuration: *const c_char,
    parameters: *const c_char,
    run_folder: *const c_char,
    flags: u32,
    controller: *mut *mut moto_controller,
) -> moto_result {
    call(|| {
        if controller.is_null() {
            return Err(MOTO_NULL_POINTER);
        }
        // SAFETY: not null, and valid as the caller promises.
        unsafe { controller.write(std::ptr::null_mut()) };
        let known = MOTO_SIMULATED | MOTO_RESET_FAULTS | MOTO_RESUME;
        if flags & !known != 0 {
            set_refusal(format!(
                "flags are {flags:#x}, expected a sum of MOTO_SIMULATED, MOTO_RESET_FAULTS, MOTO_RESUME"
            ));
            return Err(MOTO_REFUSED);
        }
        // SAFETY: null or C strings, as the caller promises.
        let (configuration, parameters, folder) = unsafe { (text(configuration), text(parameters), text(run_folder)) };
        let has = |flag| flags & flag != 0;
        let opening = Opening {
            configuration: configuration.map(PathBuf::from),
            parameters: parameters.unwrap_or_default(),
            folder: folder.map(PathBuf::from),
            resume: has(MOTO_RESUME),
            simulated: has(MOTO_SIMULATED),
            reset_faults: has(MOTO_RESET_FAULTS),
        };
        let place = CallersLoop::default();
        let (run, shapes) = Run::open(opening, place.clone()).map_err(|refusal| {
            set_refusal(refusal);
            MOTO_REFUSED
        })?;
        set_refusal("");
        let config = &shapes.setup.config;
        let made = Box::new(moto_controller {
            place,
            closed: AtomicBool::new(false),
            joints: config.robot.joints.iter().map(|name| c_string(name)).collect(),
            numbers: Observed::total(&shapes.observed),
            observed: shapes.observed.into_iter().map(|one| (c_string(&one.name), one)).collect(),
            period: config.control.period(),
            shared: run.shared.clone(),
            run: Mutex::new(Some(run)),
        });
        // SAFETY: as above.
        unsafe { controller.write(Box::into_raw(made)) };
        Ok(MOTO_OK)
    })
}

/// Starts the run, or goes on with a run that was stopped. From now on `moto_cycle` moves the robot.
/// The watch over the calls begins with the first.
///
/// Not real-time safe: it takes milliseconds. Any thread but that of the cycles.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_start(controller: *mut moto_controller) -> moto_result {
    call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        let mut run = controller.run();
        let run = run.as_mut().ok_or(MOTO_CLOSED)?;
        match run.start() {
            Ok(true) => Ok(MOTO_OK),
            Ok(false) => Err(MOTO_RUNNING),
            Err(refusal) => {
                controller.shared.lock().error = refusal;
                Err(MOTO_REFUSED)
            }
        }
    })
}

/// Stops the run: the robot is damped, then gets zero, and what was learned is stored. Keep calling
/// `moto_cycle` meanwhile, in its own thread: it damps the robot. If no cycle comes for 0.1 s, the stop
/// does not wait for one.
///
/// Not real-time safe: it waits for the robot, the disk, and an update under way. Any thread but that
/// of the cycles. Without a run under way it only says how the last one ended. `MOTO_REFUSED`: with the
/// error that `moto_last_error` tells.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_stop(controller: *mut moto_controller) -> moto_result {
    call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        controller.run().as_mut().ok_or(MOTO_CLOSED)?.stop().map(|()| MOTO_OK).map_err(|_| MOTO_REFUSED)
    })
}

/// Stops the run as `moto_stop` does and closes the controller. Further calls with it get
/// `MOTO_CLOSED`. Null is passed over.
///
/// Not real-time safe. Any thread but that of the cycles.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_close(controller: *mut moto_controller) -> moto_result {
    call(|| {
        if controller.is_null() {
            return Ok(MOTO_OK);
        }
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        let run = controller.run().take().ok_or(MOTO_CLOSED)?;
        drop(run);
        controller.closed.store(true, Ordering::Release);
        CLOSED.lock().unwrap_or_else(PoisonError::into_inner).push(controller);
        Ok(MOTO_OK)
    })
}
