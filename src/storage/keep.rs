//! Which trials of a run stay on the disk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which trials stay on the disk once their iteration is complete. The newest trial always stays,
/// as numbers go on from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepTrials {
    /// All trials.
    #[default]
    All,
    /// The trials whose numbers this divides.
    Every(#[schemars(extend("minimum" = 1, "maximum" = 1000000))] u64),
    /// So many of the newest trials.
    Last(#[schemars(extend("minimum" = 1, "maximum" = 1000000))] u64),
}

impl KeepTrials {
    /// The trials to remove, of all trials on the disk in ascending order.
    pub(super) fn superfluous(self, trials: &[u64]) -> Vec<u64> {
        let Some((newest, older)) = trials.split_last() else { return vec![] };
        match self {
            Self::All => vec![],
            Self::Every(n) => older.iter().copied().filter(|number| !number.is_multiple_of(n)).collect(),
            Self::Last(n) => older.iter().copied().filter(|number| number + n <= *newest).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_depends_on_the_numbers_and_the_newest_always_is() {
        let left = |keep: KeepTrials, trials: &[u64]| {
            let gone = keep.superfluous(trials);
            trials.iter().copied().filter(|number| !gone.contains(number)).collect::<Vec<_>>()
        };
        let trials: Vec<u64> = (1..=11).collect();
        assert_eq!(left(KeepTrials::All, &trials), trials);
        assert_eq!(left(KeepTrials::Every(4), &trials), [4, 8, 11]);
        // The newest of before goes when there is a newer one.
        assert_eq!(left(KeepTrials::Every(4), &[4, 8, 11, 12, 13]), [4, 8, 12, 13]);
        assert_eq!(left(KeepTrials::Last(3), &trials), [9, 10, 11]);
        assert_eq!(left(KeepTrials::Last(30), &trials), trials);
        assert_eq!(left(KeepTrials::Every(4), &[]), [0; 0]);
    }
}
