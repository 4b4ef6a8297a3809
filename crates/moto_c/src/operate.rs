//! The operator's calls. Each is not real-time safe, for any thread, and takes effect within a few
//! milliseconds, while `moto_cycle` is called.

use controller::control::Request;
use controller::supervisor::Order;

use crate::guard::{call, opened};
use crate::handle::moto_controller;
use crate::types::moto_result::{self, *};

/// Gives the run an order.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
unsafe fn give(controller: *mut moto_controller, order: Order) -> moto_result {
    call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        let given = controller.run().as_ref().ok_or(MOTO_CLOSED)?.order(order);
        Ok(if given { MOTO_OK } else { MOTO_NOT_RUNNING })
    })
}

/// Starts the stroke of an arm that is ready, with `control.trigger: operator`.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_trigger(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Loop(Request::Trigger)) }
}

/// Excludes the trial under way, or else the last one, from learning.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_mark_failed(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Loop(Request::MarkFailed)) }
}

/// Begins no further trial.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_pause(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Loop(Request::Pause)) }
}

/// Begins trials again.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_resume(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Loop(Request::Resume)) }
}

/// Stops the robot now. Only a reset ends the stop. The run goes on after it.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_stop_robot(controller: *mut moto_controller) -> moto_result {
    call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        // Straight to the loop: whoever holds the run up does not hold this up.
        let known = controller.shared.lock();
        let Some(stopper) = &known.stopper else { return Ok(MOTO_NOT_RUNNING) };
        stopper.stop();
        Ok(MOTO_OK)
    })
}

/// Leaves the safe state after a fault. It stays where the readings are still not trustworthy.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_reset_fault(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Loop(Request::ResetFault)) }
}

/// Makes a stroke without exploration noise before the next iteration.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_evaluate(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Evaluate) }
}

/// Writes a checkpoint now.
///
/// Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
///
/// # Safety
/// `controller` is null or comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_save(controller: *mut moto_controller) -> moto_result {
    // SAFETY: as the caller promises.
    unsafe { give(controller, Order::Save) }
}
