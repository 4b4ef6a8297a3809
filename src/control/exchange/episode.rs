//! The record of a stroke, in buffers that were allocated before it.

use std::time::Duration;

/// One recorded policy step, borrowed from an [`Episode`].
#[derive(Clone, Copy, Debug)]
pub struct StepRecord<'a> {
    /// State the policy was evaluated on (d_s).
    pub state: &'a [f64],
    /// Standard normal draws (d_a).
    pub noise: &'a [f64],
    /// Action the policy asked for, in its own units (d_a).
    pub action: &'a [f64],
    /// Mean over the step of the effort sent after the limits, in the policy's units (d_a).
    pub sent: &'a [f64],
}

/// A recorded stroke: every control cycle and every policy step. Rows are contiguous, time first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episode {
    /// Joints n.
    pub joints: usize,
    /// Task values m.
    pub task_values: usize,
    /// Policy state dimension d_s.
    pub state_dim: usize,
    /// Policy action dimension d_a.
    pub action_dim: usize,
    /// Time of the first cycle, in the loop's clock.
    pub start: Duration,
    /// Effort of the cycle before the first (joint), from which the torque rate limits the first one.
    /// Empty where it does not: a plant that was reset just before, and trials stored without it.
    pub before: Vec<f64>,
    /// Planned release of each cycle since `start` (cycle + 1). The last row is the final reading,
    /// which has no command.
    pub time: Vec<Duration>,
    /// Joint positions (cycle + 1 x n).
    pub position: Vec<f64>,
    /// Joint velocities (cycle + 1 x n).
    pub velocity: Vec<f64>,
    /// Task values (cycle + 1 x m).
    pub task: Vec<f64>,
    /// Effort before the limits (cycle x n).
    pub asked: Vec<f64>,
    /// Effort after the limits (cycle x n).
    pub sent: Vec<f64>,
    /// Policy states, the final one included (step + 1 x d_s).
    pub states: Vec<f64>,
    /// Noise drawn (step x d_a); zeros for a movement, whose noise is in its parameters.
    pub noise: Vec<f64>,
    /// Actions of the policy (step x d_a); for a movement, its action at the begin of the step.
    pub actions: Vec<f64>,
    /// Mean action sent per step, in the policy's units (step x d_a).
    pub sent_actions: Vec<f64>,
    /// Cycles in which a limit changed the asked effort.
    pub clipped_cycles: u32,
    /// Releases that were missed during the stroke.
    pub missed_cycles: u32,
}

impl Episode {
    /// An empty episode with room for `cycles` control cycles and `steps` policy steps. The loop
    /// never grows it.
    pub fn with_capacity(
        joints: usize,
        task_values: usize,
        state_dim: usize,
        action_dim: usize,
        cycles: usize,
        steps: usize,
    ) -> Self {
        Self {
            joints,
            task_values,
            state_dim,
            action_dim,
            start: Duration::ZERO,
            before: Vec::with_capacity(joints),
            time: Vec::with_capacity(cycles + 1),
            position: Vec::with_capacity((cycles + 1) * joints),
            velocity: Vec::with_capacity((cycles + 1) * joints),
            task: Vec::with_capacity((cycles + 1) * task_values),
            asked: Vec::with_capacity(cycles * joints),
            sent: Vec::with_capacity(cycles * joints),
            states: Vec::with_capacity((steps + 1) * state_dim),
            noise: Vec::with_capacity(steps * action_dim),
            actions: Vec::with_capacity(steps * action_dim),
            sent_actions: Vec::with_capacity(steps * action_dim),
            clipped_cycles: 0,
            missed_cycles: 0,
        }
    }

    /// Empties the episode and keeps its memory.
    pub fn clear(&mut self) {
        self.start = Duration::ZERO;
        self.time.clear();
        for buffer in self.buffers() {
            buffer.clear();
        }
        self.clipped_cycles = 0;
        self.missed_cycles = 0;
    }

    /// Touches every page of the episode's memory, so that the first stroke causes no page fault.
    /// Leaves the episode empty.
    pub(in crate::control) fn touch(&mut self) {
        self.time.resize(self.time.capacity(), Duration::ZERO);
        for buffer in self.buffers() {
            buffer.resize(buffer.capacity(), 0.);
        }
        self.clear();
    }

    fn buffers(&mut self) -> [&mut Vec<f64>; 10] {
        [
            &mut self.before,
            &mut self.position,
            &mut self.velocity,
            &mut self.task,
            &mut self.asked,
            &mut self.sent,
            &mut self.states,
            &mut self.noise,
            &mut self.actions,
            &mut self.sent_actions,
        ]
    }

    /// Control cycles in which a command was recorded.
    pub fn cycles(&self) -> usize {
        self.sent.len() / self.joints.max(1)
    }

    /// Policy steps recorded.
    pub fn steps(&self) -> usize {
        self.actions.len() / self.action_dim.max(1)
    }

    /// Policy step `t`.
    ///
    /// # Panics
    /// If `t` is not below [`Self::steps`].
    pub fn step(&self, t: usize) -> StepRecord<'_> {
        let (ds, da) = (self.state_dim, self.action_dim);
        let action = t * da..(t + 1) * da;
        StepRecord {
            state: &self.states[t * ds..(t + 1) * ds],
            noise: &self.noise[action.clone()],
            action: &self.actions[action.clone()],
            sent: &self.sent_actions[action],
        }
    }
}
