//! Records the stroke in its episode, cycle by cycle. The rows' memory was reserved before, and
//! checked when the order was taken.

use crate::control::Episode;
use crate::robot::Reading;
use std::time::Duration;

/// Records an episode.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    /// Sum over the present policy step of effort sent times periods held (joint).
    impulse: Box<[f64]>,
    /// Periods for which the commands of the present policy step were held.
    held: u64,
    /// Tick of the previous cycle.
    last_tick: u64,
}

impl Recorder {
    pub fn new(joints: usize) -> Self {
        Self { impulse: vec![0.; joints].into(), held: 0, last_tick: 0 }
    }

    /// Begins the stroke with the cycle at `tick`.
    pub fn begin(&mut self, episode: &mut Episode, now: Duration, tick: u64) {
        episode.start = now;
        self.last_tick = tick;
        self.begin_step();
    }

    fn begin_step(&mut self) {
        self.impulse.fill(0.);
        self.held = 0;
    }

    /// Accounts for the previous cycle's command, which was held until `tick`.
    pub fn account(&mut self, episode: &mut Episode, tick: u64) {
        let held = tick - self.last_tick;
        self.last_tick = tick;
        if held == 0 || episode.sent.is_empty() {
            return;
        }
        let last = &episode.sent[episode.sent.len() - self.impulse.len()..];
        for (impulse, sent) in self.impulse.iter_mut().zip(last) {
            *impulse += sent * held as f64;
        }
        self.held = self.held.saturating_add(held);
        let missed = u32::try_from(held - 1).unwrap_or(u32::MAX);
        episode.missed_cycles = episode.missed_cycles.saturating_add(missed);
    }

    /// Ends the present policy step: records the mean effort sent, in units of `scale` (joint).
    pub fn end_step(&mut self, episode: &mut Episode, scale: &[f64]) {
        if self.held > 0 {
            let held = self.held as f64;
            episode.sent_actions.extend(self.impulse.iter().zip(scale).map(|(i, s)| i / (held * s)));
        }
        self.begin_step();
    }

    /// Records the reading of a cycle.
    pub fn reading(&self, episode: &mut Episode, now: Duration, reading: &Reading) {
        episode.time.push(now - episode.start);
        episode.position.extend_from_slice(&reading.position);
        episode.velocity.extend_from_slice(&reading.velocity);
        episode.task.extend_from_slice(&reading.task);
    }

    /// Records the effort asked and the effort sent in a cycle.
    pub fn command(&self, episode: &mut Episode, asked: &[f64], sent: &[f64], clipped: bool) {
        episode.asked.extend_from_slice(asked);
        episode.sent.extend_from_slice(sent);
        episode.clipped_cycles += u32::from(clipped);
    }

    /// Ends a stroke that was given up at `tick`. Keeps the cycles and steps in which a command was
    /// sent.
    pub fn abort(&mut self, episode: &mut Episode, tick: u64, scale: &[f64]) {
        self.account(episode, tick);
        self.end_step(episode, scale);
        let (cycles, steps) = (episode.cycles(), episode.sent_actions.len() / episode.action_dim.max(1));
        episode.time.truncate(cycles);
        episode.position.truncate(cycles * episode.joints);
        episode.velocity.truncate(cycles * episode.joints);
        episode.task.truncate(cycles * episode.task_values);
        episode.states.truncate(steps * episode.state_dim);
        episode.noise.truncate(steps * episode.action_dim);
        episode.actions.truncate(steps * episode.action_dim);
    }
}
