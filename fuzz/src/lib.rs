//! What the targets share: a disk that holds one file, and what the seeds are made of.

use std::io::ErrorKind;
use std::path::Path;

use moto_controller::moto::{Batch, Learner, LearnerConfig, Reward, StateScales};
use moto_controller::policy::{LinearGaussian, Policy};
use moto_controller::storage::files::{FileError, Files, LockGuard, OpenFile};
use moto_controller::storage::{Expected, Header, Shapes};
use nalgebra::{DMatrix, DVector};

/// A disk on which every path is the same file, to be read only.
#[derive(Debug)]
pub struct OneFile<'a>(pub &'a [u8]);

/// The one thing it does not do.
fn no<T>(path: &Path) -> Result<T, FileError> {
    Err(FileError::new("change", path, ErrorKind::ReadOnlyFilesystem.into()))
}

impl Files for OneFile<'_> {
    fn create_dir(&self, path: &Path) -> Result<(), FileError> {
        no(path)
    }
    fn exists(&self, _: &Path) -> Result<bool, FileError> {
        Ok(true)
    }
    fn create(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError> {
        no(path)
    }
    fn append(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError> {
        no(path)
    }
    fn rename(&self, _: &Path, to: &Path) -> Result<(), FileError> {
        no(to)
    }
    fn remove(&self, path: &Path) -> Result<(), FileError> {
        no(path)
    }
    fn sync_dir(&self, path: &Path) -> Result<(), FileError> {
        no(path)
    }
    fn read(&self, _: &Path) -> Result<Vec<u8>, FileError> {
        Ok(self.0.to_vec())
    }
    fn list(&self, _: &Path) -> Result<Vec<String>, FileError> {
        Ok(Vec::new())
    }
    fn lock(&self, path: &Path) -> Result<Option<LockGuard>, FileError> {
        no(path)
    }
}

/// What a checkpoint of the daemon holds, in its layout: the learner and the episodes made.
pub type Saved = (Learner, u64);

/// Shapes of the checkpoints that are read.
pub const SHAPES: Shapes = Shapes { state_dim: 2, action_dim: 1, horizon: 2 };

/// What they belong to.
pub fn header() -> Header {
    let text = |text: &str| text.to_owned();
    Header {
        robot: text("arm"),
        task: text("task"),
        shapes: SHAPES,
        config_hash: text("c0ffee"),
        seed: 1,
        iteration: 0,
        package_version: text("0.1.0"),
    }
}

/// What they are expected to be.
pub fn expected() -> Expected {
    let Header { robot, task, shapes, .. } = header();
    Expected { robot, task, shapes, config_hash: None, seed: None }
}

/// Nothing costs anything.
pub struct Free;

impl Reward for Free {
    fn step(&self, _: usize, _: &[f64], _: &[f64], _: &[f64], _: &[f64]) -> f64 {
        0.
    }
    fn last(&self, _: &[f64]) -> f64 {
        0.
    }
}

/// Two rollouts of a policy, in which nothing happens.
pub fn batch(policy: &Policy) -> Batch {
    Batch::zeros(policy, 2)
}

/// A learner of those shapes.
pub fn learner() -> Learner {
    let law = LinearGaussian {
        gain: DMatrix::from_row_slice(1, 2, &[0.5, -0.25]),
        bias: DVector::from_element(1, 0.125),
        covariance: DMatrix::from_element(1, 1, 1.),
    };
    let policy = Policy { steps: vec![law; SHAPES.horizon] };
    Learner::new(LearnerConfig::default(), policy, StateScales(vec![1., 2.])).expect("the seed's learner is sound")
}
