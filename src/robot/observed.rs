//! What a task observes besides the joints, by name.

use serde::{Deserialize, Serialize};

/// Consecutive numbers of [`Reading::task`](super::Reading::task) that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Its name, that of its topic.
    pub name: String,
    /// What the numbers are.
    pub form: Form,
    /// The frame that they are given in; empty for numbers without one.
    pub frame: String,
}

/// What the numbers are, and the message that carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Position (x, y, z), m, and velocity (x, y, z), m/s, of a body: nav_msgs/msg/Odometry.
    Odometry,
    /// Position (x, y, z) of a body, m: geometry_msgs/msg/PoseStamped.
    Position,
    /// So many numbers: std_msgs/msg/Float64MultiArray.
    Values(usize),
}

impl Form {
    /// How many numbers.
    pub fn len(self) -> usize {
        match self {
            Self::Odometry => 6,
            Self::Position => 3,
            Self::Values(count) => count,
        }
    }

    /// Whether there is no number.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl Observed {
    /// A body in the world whose position and velocity are observed.
    pub fn body(name: &str) -> Self {
        Self { name: name.into(), form: Form::Odometry, frame: "world".into() }
    }

    /// How many numbers.
    pub fn len(&self) -> usize {
        self.form.len()
    }

    /// Whether no number is observed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A name for each number.
    pub fn columns(&self) -> Vec<String> {
        let axes: &[&str] = match self.form {
            Form::Odometry => &["x", "y", "z", "vx", "vy", "vz"],
            Form::Position => &["x", "y", "z"],
            Form::Values(count) => return (0..count).map(|i| format!("{}.{i}", self.name)).collect(),
        };
        axes.iter().map(|axis| format!("{}.{axis}", self.name)).collect()
    }

    /// How many numbers several of them are.
    pub fn total(all: &[Self]) -> usize {
        all.iter().map(Self::len).sum()
    }
}
