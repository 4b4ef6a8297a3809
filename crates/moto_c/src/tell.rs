//! What the controller tells: shapes, status, errors, records.

use std::ffi::c_char;
use std::ptr;

use controller::control::{Phase, SafetyState};

use crate::guard::{call, copy, opened, refusal};
use crate::handle::moto_controller;
use crate::types::moto_result::{self, *};
use crate::types::{moto_observed, moto_status};

/// Number of joints; 0 for a controller that is null or closed. Real-time safe. Any thread.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_joints(controller: *const moto_controller) -> usize {
    // SAFETY: as the caller promises.
    unsafe { opened(controller) }.map_or(0, |controller| controller.joints.len())
}

/// Name of joint `joint` (from 0), in the order of all lists; null beyond the last. Valid for the life
/// of the process. Real-time safe. Any thread.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_joint_name(controller: *const moto_controller, joint: usize) -> *const c_char {
    // SAFETY: as the caller promises.
    let name = unsafe { opened(controller) }.ok().and_then(|controller| controller.joints.get(joint));
    name.map_or(ptr::null(), |name| name.as_ptr())
}

/// The control period, ns (`control.period`); 0 for a controller that is null or closed. Real-time
/// safe. Any thread.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_period(controller: *const moto_controller) -> u64 {
    // SAFETY: as the caller promises. A period is at most 0.1 s.
    unsafe { opened(controller) }.map_or(0, |controller| controller.period.as_nanos() as u64)
}

/// What the task observes as thing `index` (from 0), in the order of `moto_state.observed`. False
/// beyond the last. Real-time safe. Any thread.
///
/// # Safety
/// Pointers are null or valid, and `controller` comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_observed_value(
    controller: *const moto_controller,
    index: usize,
    observed: *mut moto_observed,
) -> bool {
    // SAFETY: as the caller promises.
    let found = unsafe { opened(controller) }.ok().and_then(|controller| controller.observed.get(index));
    let Some((name, one)) = found.filter(|_| !observed.is_null()) else { return false };
    let told = moto_observed { name: name.as_ptr(), form: one.form.into(), numbers: one.len() };
    // SAFETY: not null, and valid as the caller promises.
    unsafe { observed.write(told) };
    true
}

/// Writes the controller's status. Not real-time safe. Any thread.
///
/// # Safety
/// Pointers are null or valid, and `controller` comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_get_status(controller: *const moto_controller, status: *mut moto_status) -> moto_result {
    call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        if status.is_null() {
            return Err(MOTO_NULL_POINTER);
        }
        let known = controller.shared.lock();
        let of_loop = known.stopper.as_ref().map(|stopper| stopper.status());
        let told = moto_status {
            running: known.running,
            complete: known.complete,
            paused: of_loop.is_some_and(|status| status.paused),
            phase: of_loop.map_or(Phase::Idle, |status| status.phase).into(),
            safety: of_loop.map_or(SafetyState::Run, |status| status.safety).into(),
            cycles: of_loop.map_or(0, |status| status.cycles),
            misses: of_loop.map_or(0, |status| status.misses),
            trials: known.trials,
            iterations: known.iterations,
            mean_return: known.mean_return.unwrap_or(f64::NAN),
        };
        // SAFETY: not null, and valid as the caller promises.
        unsafe { status.write(told) };
        Ok(MOTO_OK)
    })
}

/// Copies the newest fault or error, as text, to a buffer of `size` bytes, cut to fit and closed by a
/// zero byte. Returns the length of the text; 0 if there is none. With null as the controller: why the
/// last `moto_open` of this thread was refused.
///
/// Not real-time safe. Any thread.
///
/// # Safety
/// `controller` is null or comes from `moto_open`; the buffer is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_last_error(
    controller: *const moto_controller,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    let mut length = 0;
    call(|| {
        let text = if controller.is_null() {
            refusal()
        } else {
            // SAFETY: as the caller promises.
            let controller = unsafe { opened(controller) }?;
            controller.shared.lock().error.clone()
        };
        // SAFETY: as the caller promises.
        length = unsafe { copy(&text, buffer, size) };
        Ok(MOTO_OK)
    });
    length
}

/// Copies the next record to a buffer of `size` bytes, closed by a zero byte: JSON, `{"trial": ...}` or
/// `{"iteration": ...}`, as in the run folder. Returns the length of the text; 0 if there is none. A
/// record that does not fit with its zero byte stays the next. Up to 1024 records wait.
///
/// Not real-time safe. One thread at a time.
///
/// # Safety
/// `controller` is null or comes from `moto_open`; the buffer is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_next_record(controller: *mut moto_controller, buffer: *mut c_char, size: usize) -> usize {
    let mut length = 0;
    call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        let mut run = controller.run();
        let run = run.as_mut().ok_or(MOTO_CLOSED)?;
        if let Some(record) = run.waiting.take().or_else(|| run.records.try_recv().ok()) {
            length = record.len();
            if length < size && !buffer.is_null() {
                // SAFETY: as the caller promises.
                unsafe { copy(&record, buffer, size) };
            } else {
                run.waiting = Some(record);
            }
        }
        Ok(MOTO_OK)
    });
    length
}

/// The name of a result, for messages. Valid for the life of the process; null for a number that is no
/// result. Real-time safe. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn moto_result_name(result: i32) -> *const c_char {
    let named = [
        (MOTO_OK, c"MOTO_OK"),
        (MOTO_SAFE_STATE, c"MOTO_SAFE_STATE"),
        (MOTO_NOT_RUNNING, c"MOTO_NOT_RUNNING"),
        (MOTO_NULL_POINTER, c"MOTO_NULL_POINTER"),
        (MOTO_WRONG_SIZE, c"MOTO_WRONG_SIZE"),
        (MOTO_CLOSED, c"MOTO_CLOSED"),
        (MOTO_TWO_THREADS, c"MOTO_TWO_THREADS"),
        (MOTO_RUNNING, c"MOTO_RUNNING"),
        (MOTO_REFUSED, c"MOTO_REFUSED"),
        (MOTO_PANICKED, c"MOTO_PANICKED"),
        (MOTO_OVERLAP, c"MOTO_OVERLAP"),
    ];
    named.iter().find(|(one, _)| *one as i32 == result).map_or(ptr::null(), |(_, name)| name.as_ptr())
}
