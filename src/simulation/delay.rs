//! A simulated robot that gets its commands late.

use std::time::Duration;

use crate::robot::{Command, Plant, Reading, TrialKey};

/// Hands each command on a number of control periods later. After a reset the first command counts
/// as the one that was sent before.
pub struct Delayed {
    plant: Box<dyn Plant>,
    /// Commands on their way. The oldest is at `oldest`.
    sent: Vec<Command>,
    oldest: usize,
    /// Whether no command was sent since the reset.
    fresh: bool,
}

impl Delayed {
    /// `plant`, of so many joints, with commands that are `periods` late.
    pub fn new(plant: Box<dyn Plant>, joints: usize, periods: usize) -> Self {
        Self { plant, sent: vec![Command::zeros(joints); periods], oldest: 0, fresh: true }
    }
}

/// Copies a command without a new allocation.
fn copy(command: &Command, to: &mut Command) {
    (to.stamp, to.sequence) = (command.stamp, command.sequence);
    to.effort.copy_from_slice(&command.effort);
}

impl Plant for Delayed {
    fn period(&self) -> Duration {
        self.plant.period()
    }

    fn reset(&mut self, now: Duration) {
        self.plant.reset(now);
        self.fresh = true;
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        self.plant.begin_trial(trial);
    }

    fn launch(&mut self) {
        self.plant.launch();
    }

    fn step(&mut self, until: Duration, command: &Command) {
        if self.fresh {
            self.sent.iter_mut().for_each(|sent| copy(command, sent));
            self.fresh = false;
        }
        let Some(due) = self.sent.get_mut(self.oldest) else {
            return self.plant.step(until, command);
        };
        self.plant.step(until, due);
        copy(command, due);
        self.oldest = (self.oldest + 1) % self.sent.len();
    }

    fn read(&mut self, reading: &mut Reading) {
        self.plant.read(reading);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Notes the efforts it gets.
    struct Noting(Arc<Mutex<Vec<f64>>>);

    impl Plant for Noting {
        fn period(&self) -> Duration {
            Duration::from_millis(2)
        }
        fn reset(&mut self, _: Duration) {}
        fn begin_trial(&mut self, _: &TrialKey) {}
        fn launch(&mut self) {}
        fn step(&mut self, _: Duration, command: &Command) {
            self.0.lock().unwrap().push(command.effort[0]);
        }
        fn read(&mut self, _: &mut Reading) {}
    }

    #[test]
    fn a_command_arrives_periods_later_and_none_outlives_a_reset() {
        for (periods, expected) in [(0, [1., 2., 3., 4., 5.]), (2, [1., 1., 1., 4., 4.])] {
            let got = Arc::new(Mutex::new(Vec::new()));
            let mut plant = Delayed::new(Box::new(Noting(got.clone())), 1, periods);
            for effort in [1., 2., 3., 4., 5.] {
                if effort == 4. {
                    plant.reset(Duration::ZERO);
                }
                plant.step(Duration::ZERO, &Command { effort: [effort].into(), ..Command::zeros(1) });
            }
            assert_eq!(*got.lock().unwrap(), expected);
        }
    }
}
