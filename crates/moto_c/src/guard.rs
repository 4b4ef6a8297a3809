//! What every call is checked for.

use std::cell::RefCell;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use crate::handle::moto_controller;
use crate::types::moto_result::{self, *};

thread_local! {
    /// Why the last `moto_open` of this thread was refused.
    static REFUSAL: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The text of the last `moto_open` of this thread.
pub fn refusal() -> String {
    REFUSAL.with_borrow(Clone::clone)
}

pub fn set_refusal(text: impl Into<String>) {
    REFUSAL.set(text.into());
}

/// The controller behind a pointer, unless it is null or closed.
///
/// # Safety
/// The pointer is null or comes from `moto_open`. What `moto_open` gives stays allocated.
pub unsafe fn opened<'a>(controller: *const moto_controller) -> Result<&'a moto_controller, moto_result> {
    // SAFETY: as above.
    let controller = unsafe { controller.as_ref() }.ok_or(MOTO_NULL_POINTER)?;
    if controller.closed.load(Ordering::Acquire) { Err(MOTO_CLOSED) } else { Ok(controller) }
}

/// Does the work of a call, with no panic across the border.
pub fn call(work: impl FnOnce() -> Result<moto_result, moto_result>) -> moto_result {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(result) | Err(result)) => result,
        Err(_) => MOTO_PANICKED,
    }
}

/// A text, `None` for null.
///
/// # Safety
/// The pointer is null or a C string.
pub unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: as above.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

/// Copies a text with its closing zero to a buffer of `size` bytes, cut to fit. Returns its length.
///
/// # Safety
/// The buffer is null or has `size` bytes.
pub unsafe fn copy(text: &str, buffer: *mut c_char, size: usize) -> usize {
    if !buffer.is_null() && size > 0 {
        let length = text.len().min(size - 1);
        // SAFETY: the buffer has room for `size` bytes, and no Rust value overlaps it.
        unsafe {
            buffer.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), length);
            buffer.cast::<u8>().add(length).write(0);
        }
    }
    text.len()
}
