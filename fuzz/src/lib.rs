//! Shared parts of the targets: a disk that holds one file, and the learners of the checkpoints.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use moto_controller::storage::files::{FileError, Files, LockGuard, OpenFile};
use moto_controller::storage::{Expected, Header, Shapes};
use moto_learners::episodic::RepsConfig;
use moto_learners::gps::{GpsConfig, MixtureConfig};
use moto_learners::moto::MotoConfig;
use moto_learners::trpo::TrpoConfig;
use moto_learners::policy::{LinearGaussian, Policy};
use moto_learners::{Batch, Demonstrated, Learner, LearnerSettings, Reward, Start};
use nalgebra::{DMatrix, DVector};

/// The folder of a target's inputs. What the program writes itself a target puts there at its start: a seed
/// that is kept would be refused at the next version of the format, and nothing behind it be reached.
pub fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// A read-only disk on which every path is the same file.
#[derive(Debug)]
pub struct OneFile<'a>(pub &'a [u8]);

/// The error for a write.
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

/// Contents of a checkpoint of the daemon, in its layout: the learner's state, and the number of
/// episodes.
pub type Saved = (Vec<u8>, u64);

/// Shapes of the policies in the checkpoints.
pub const SHAPES: Shapes = Shapes { state_dim: 2, action_dim: 1, horizon: 2 };

/// Header of the checkpoints.
pub fn header() -> Header {
    let text = |text: &str| text.to_owned();
    Header {
        robot: text("arm"),
        task: text("task"),
        learner: text("moto"),
        shapes: SHAPES,
        config_hash: text("c0ffee"),
        seed: 1,
        iteration: 0,
        package_version: text("0.1.0"),
    }
}

/// Expected header of the checkpoints.
pub fn expected() -> Expected {
    let Header { robot, task, learner, shapes, .. } = header();
    Expected { robot, task, learner, shapes, config_hash: None, seed: None }
}

/// A reward that is always zero.
pub struct Free;

impl Reward for Free {
    fn step(&self, _: usize, _: &[f64], _: &[f64], _: &[f64], _: &[f64]) -> f64 {
        0.
    }
    fn last(&self, _: &[f64]) -> f64 {
        0.
    }
}

/// Two rollouts without motion, for a learner that draws `parameters` values per rollout.
pub fn batch(parameters: usize) -> Batch {
    Batch { parameters: DMatrix::zeros(parameters, 2), ..Batch::zeros(&policy(), 2) }
}

fn policy() -> Policy {
    let law = LinearGaussian {
        gain: DMatrix::from_row_slice(1, 2, &[0.5, -0.25]),
        bias: DVector::from_element(1, 0.125),
        covariance: DMatrix::from_element(1, 1, 1.),
    };
    Policy { steps: vec![law; SHAPES.horizon] }
}

/// A learner of each kind with these shapes, and the number of parameters it draws per rollout.
pub fn learners() -> Vec<(Box<dyn Learner>, usize)> {
    let position = vec![0., 0.1, 0.3, 0.6, 0.8, 0.9, 1.];
    let velocity = vec![0., 1., 2., 2., 1., 1., 0.];
    let demonstration = Demonstrated { position, velocity, joints: 1, period: 0.1, goal_time: 0.4 };
    let start = Start {
        policy: policy(),
        state_scales: vec![1., 2.],
        demonstration: Some(demonstration),
        context: 0..0,
        seed: 1,
    };
    let sound = "the seed's learner is sound";
    let mixture = Some(MixtureConfig::default());
    vec![
        (MotoConfig::default().learner(&start).expect(sound), 0),
        (GpsConfig { mixture, ..GpsConfig::default() }.learner(&start).expect(sound), 0),
        (TrpoConfig { hidden: 2, ..TrpoConfig::default() }.learner(&start).expect(sound), 0),
        (RepsConfig::default().learner(&start).expect(sound), 2),
    ]
}
