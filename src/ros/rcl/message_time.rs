//! Times in messages.

use std::time::Duration;

use r2r::builtin_interfaces::msg::Time;

/// A message's stamp, ns since its epoch; `None` if it is zero.
pub fn stamp(time: &Time) -> Option<i64> {
    (time.sec != 0 || time.nanosec != 0).then(|| i64::from(time.sec) * 1_000_000_000 + i64::from(time.nanosec))
}

/// Nanoseconds as a message's stamp.
pub fn message_time(time: Duration) -> Time {
    Time { sec: i32::try_from(time.as_secs()).unwrap_or(i32::MAX), nanosec: time.subsec_nanos() }
}
