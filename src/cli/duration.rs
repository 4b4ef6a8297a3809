//! Times on the command line.

use std::time::Duration;

/// Longest time accepted, s: a year.
const LONGEST: f64 = 365. * 86_400.;

/// A number of seconds, 0 included.
///
/// # Errors
/// A text that is not such a number, with the numbers allowed.
pub fn seconds(text: &str) -> Result<Duration, String> {
    duration(text, 1., "seconds")
}

/// A number of minutes, 0 included.
///
/// # Errors
/// As [`seconds`].
pub fn minutes(text: &str) -> Result<Duration, String> {
    duration(text, 60., "minutes")
}

fn duration(text: &str, unit: f64, name: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok().map(|number| number * unit);
    // No range contains NaN.
    let known = number.filter(|seconds| (0. ..=LONGEST).contains(seconds));
    known
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("expected a number of {name} from 0 to {}", LONGEST / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_time_is_taken_for_one() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(minutes("2"), Ok(Duration::from_secs(120)));
        for wrong in ["nan", "inf", "-inf", "-1", "1e300", "soon", ""] {
            assert_eq!(seconds(wrong).unwrap_err(), "expected a number of seconds from 0 to 31536000", "{wrong}");
            assert_eq!(minutes(wrong).unwrap_err(), "expected a number of minutes from 0 to 525600", "{wrong}");
        }
    }
}
