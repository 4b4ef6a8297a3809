//! How the program's allocator treats memory that is freed.

/// Keeps freed memory for the process. By default the allocator hands large matrices back to the system, and
/// fetches the same memory page by page at the next update. To be called before other threads start; it has
/// an effect with glibc alone.
pub fn keep_freed() {
    #[cfg(target_env = "gnu")]
    for (parameter, bytes) in [(libc::M_TRIM_THRESHOLD, i32::MAX), (libc::M_MMAP_THRESHOLD, 1 << 25)] {
        // SAFETY: sets a number. The second one is the largest that every version of glibc takes.
        unsafe { libc::mallopt(parameter, bytes) };
    }
}
