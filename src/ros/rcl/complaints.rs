//! Rate limit of complaints about messages.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

/// Time for which a kind of complaint is suppressed after it was made.
const QUIET: Duration = Duration::from_secs(10);

/// Complaints by kind. A kind is a variant of `T`, so values (even NaN) make no difference.
#[derive(Clone, Debug)]
pub struct Complaints<T> {
    said: Vec<(Discriminant<T>, Instant, u64)>,
}

impl<T> Default for Complaints<T> {
    fn default() -> Self {
        Self { said: Vec::new() }
    }
}

impl<T> Complaints<T> {
    /// Whether to make this complaint now. If so, returns the number of suppressed complaints of
    /// its kind.
    pub fn make(&mut self, complaint: &T, now: Instant) -> Option<u64> {
        let kind = discriminant(complaint);
        let Some((_, last, kept)) = self.said.iter_mut().find(|(other, ..)| *other == kind) else {
            self.said.push((kind, now, 0));
            return Some(0);
        };
        if now.saturating_duration_since(*last) < QUIET {
            *kept += 1;
            return None;
        }
        *last = now;
        Some(std::mem::take(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_said_once_in_ten_seconds_whatever_its_values() {
        let (mut complaints, start) = (Complaints::default(), Instant::now());
        let mut said = 0;
        for millisecond in 0..12_000 {
            let now = start + Duration::from_millis(millisecond);
            for complaint in [Ok(f64::NAN), Err(millisecond)] {
                said += u64::from(complaints.make(&complaint, now).is_some());
            }
        }
        assert_eq!(said, 4);
        assert_eq!(complaints.make(&Ok(1.), start + Duration::from_secs(100)), Some(1999));
    }
}
