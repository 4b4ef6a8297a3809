//! Checkpoints and trials come back to the bit, or not at all.

mod storage_support;
#[path = "../crates/moto_learners/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use moto_controller::control::{Episode, LatencySummary, Quantiles};
use moto_controller::dynamics::Model;
use moto_controller::policy::{LinearGaussian, Policy};
use moto_controller::robot::{Form, Observed};
use moto_controller::storage::files::Files;
use moto_controller::storage::{
    Checkpoint, Expected, Header, Shapes, StorageError, TrialEnd, TrialMeta, config_hash, read_trial, write_trial,
};
use moto_controller::view::{Arm, Stage, Surroundings, Thing};
use moto_learners::moto::{Moto, MotoConfig, StateScales};
use nalgebra::{DMatrix, DVector};
use proptest::collection::vec;
use proptest::prelude::*;
use storage_support::failing_disk::FailingDisk;
use storage_support::{checkpoint, expected, header, trial};
use support::{Linear, Random};

const FILE: &str = "/file";

fn put(disk: &FailingDisk, bytes: &[u8]) {
    disk.create(Path::new(FILE)).unwrap().write(bytes).unwrap();
}

fn saved<T: serde::Serialize>(checkpoint: &Checkpoint<T>) -> (FailingDisk, std::path::PathBuf, Vec<u8>) {
    let disk = FailingDisk::new(&[]);
    let path = checkpoint.save(&disk, Path::new("/"), 1).unwrap();
    let bytes = disk.read(&path).unwrap();
    (disk, path, bytes)
}

fn written(episode: &Episode, meta: &TrialMeta) -> (FailingDisk, Vec<u8>) {
    let disk = FailingDisk::new(&[]);
    write_trial(&disk, Path::new(FILE), (episode, meta), None).unwrap();
    let bytes = disk.read(Path::new(FILE)).unwrap();
    (disk, bytes)
}

/// Every change of one byte by these, every length, and one byte too many.
fn damages(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let changed = (0..bytes.len()).flat_map(move |at| {
        [0x01, 0x80, 0xff, bytes[at]].into_iter().filter(|mask| *mask != 0).map(move |mask| {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= mask;
            damaged
        })
    });
    let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    changed.chain(cut).chain([[bytes, &[0]].concat(), [bytes, bytes].concat()])
}

/// Any 64 bits: infinities, NaNs with payload, negative zeros too.
fn bits() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), prop::num::f64::ANY, Just(-0.), Just(f64::NAN)]
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// A stroke of any shape, cut short or not.
fn episode() -> impl Strategy<Value = (Episode, Vec<f64>)> {
    let dims = (0..4_usize, 0..7_usize, 0..5_usize, 0..4_usize, 0..12_usize, 0..6_usize);
    let cut = (any::<bool>(), any::<bool>(), any::<bool>());
    (dims, cut).prop_flat_map(|((n, m, ds, da, cycles, steps), (no_reading, no_state, no_sent))| {
        let readings = if no_reading { cycles } else { cycles + 1 };
        let states = if no_state { steps } else { steps + 1 };
        let sent_actions = if no_sent { steps.saturating_sub(1) } else { steps };
        let values = |rows: usize, width: usize| vec(bits(), rows * width);
        let per_cycle = (
            vec(0..3_000_000_000_u64, readings),
            values(readings, n),
            values(readings, n),
            values(readings, m),
            values(cycles, n),
            values(cycles, n),
        );
        let per_step =
            (values(states, ds), values(steps, da), values(steps, da), values(sent_actions, da), values(steps, 2));
        let scalars = (any::<u64>(), 0..1_000_000_000_u32, any::<u32>(), any::<u32>());
        (per_cycle, per_step, scalars).prop_map(move |(cycle, step, (seconds, nanos, clipped, missed))| {
            let episode = Episode {
                joints: n,
                task_values: m,
                state_dim: ds,
                action_dim: da,
                start: Duration::new(seconds, nanos),
                before: (0..n * (missed as usize % 2)).map(|joint| joint as f64 / 3.).collect(),
                time: cycle.0.into_iter().map(Duration::from_nanos).collect(),
                position: cycle.1,
                velocity: cycle.2,
                task: cycle.3,
                asked: cycle.4,
                sent: cycle.5,
                states: step.0,
                noise: step.1,
                actions: step.2,
                sent_actions: step.3,
                clipped_cycles: clipped,
                missed_cycles: missed,
            };
            (episode, step.4)
        })
    })
}

fn meta() -> impl Strategy<Value = TrialMeta> {
    let end = prop_oneof![
        Just(TrialEnd::Completed),
        any::<String>().prop_map(|reason| TrialEnd::Invalid { reason }),
        any::<String>().prop_map(|reason| TrialEnd::Fault { reason }),
        any::<String>().prop_map(|reason| TrialEnd::BrokenOff { reason }),
    ];
    let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let flags = (any::<bool>(), any::<Option<bool>>(), prop::option::of(finite));
    let numbers = (any::<[u64; 4]>(), 0..4_000_000_000_u64, 0..1_000_000_000_u32, 1..1_000_000_000_u64);
    let names = (any::<String>(), any::<String>());
    (end, flags, numbers, names, any::<Option<[u64; 4]>>()).prop_map(
        |(end, (evaluation, success, total_reward), ([trial, seed, iteration, rollout], sec, nano, step), names, q)| {
            let quantiles = |[p50, p99, p99_9, max]: [u64; 4]| Quantiles { p50, p99, p99_9, max };
            TrialMeta {
                trial,
                robot: names.0,
                task: names.1,
                joint_names: Vec::new(),
                seed,
                iteration,
                rollout,
                evaluation,
                end,
                total_reward,
                success,
                distance: None,
                outcome_dim: 2,
                outcomes: Vec::new(),
                wall_start: Duration::new(sec, nano),
                step_period: Duration::from_nanos(step),
                latency: q.map(|q| LatencySummary { cycles: 5, execution: quantiles(q), ..Default::default() }),
                observed: vec![],
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_trial_comes_back_to_the_bit((episode, outcomes) in episode(), meta in meta()) {
        let joint_names = (0..episode.joints).map(|i| format!("joint {i} é")).collect();
        let named = |name: &str, form| Observed { name: name.into(), form, frame: "table".into() };
        let observed = match episode.task_values {
            6 => vec![named("ball", Form::Odometry)],
            3 => vec![named("goal", Form::Position)],
            5 => vec![named("x", Form::Values(2)), named("goal", Form::Position)],
            _ => vec![],
        };
        let meta = TrialMeta { joint_names, outcomes, observed, ..meta };
        let (disk, _) = written(&episode, &meta);
        let (read, read_meta) = read_trial(&disk, Path::new(FILE)).unwrap();
        prop_assert!(same_bits(&read_meta.outcomes, &meta.outcomes));
        let without = |meta: TrialMeta| TrialMeta { outcomes: Vec::new(), ..meta };
        prop_assert_eq!(without(read_meta), without(meta));
        let arrays = |e: &Episode| [&e.position, &e.velocity, &e.task, &e.asked, &e.sent].map(Clone::clone);
        let step_arrays = |e: &Episode| [&e.states, &e.noise, &e.actions, &e.sent_actions].map(Clone::clone);
        for (a, b) in arrays(&read).iter().zip(&arrays(&episode)) {
            prop_assert!(same_bits(a, b));
        }
        for (a, b) in step_arrays(&read).iter().zip(&step_arrays(&episode)) {
            prop_assert!(same_bits(a, b));
        }
        let scalars = |e: &Episode| (
            [e.joints, e.task_values, e.state_dim, e.action_dim],
            e.start, e.time.clone(), e.clipped_cycles, e.missed_cycles,
        );
        prop_assert_eq!(scalars(&read), scalars(&episode));
    }

    #[test]
    fn any_checkpoint_comes_back_to_the_bit(
        robot: String, task: String, seed: u64, iteration: u64, (ds, da, horizon) in (1..6_usize, 1..4_usize, 1..8_usize),
        numbers in vec(bits(), 1000),
    ) {
        let mut numbers = numbers.into_iter();
        let mut next = |count| numbers.by_ref().take(count).collect::<Vec<_>>();
        let steps = (0..horizon).map(|_| LinearGaussian {
            gain: DMatrix::from_vec(da, ds, next(da * ds)),
            bias: DVector::from_vec(next(da)),
            covariance: DMatrix::from_vec(da, da, next(da * da)),
        });
        let value = Policy { steps: steps.collect() };
        let shapes = Shapes { state_dim: ds, action_dim: da, horizon };
        let (config_hash, learner) = (config_hash(&(&robot, &task)).unwrap(), String::from("moto"));
        let expected = Expected {
            robot: robot.clone(), task: task.clone(), learner: learner.clone(), shapes, config_hash: Some(config_hash.clone()), seed: Some(seed),
        };
        let header = Header { robot, task, learner, shapes, config_hash, seed, iteration, package_version: "0.1.0".into() };
        let (disk, path, _) = saved(&Checkpoint { header: header.clone(), value: &value });
        let read = Checkpoint::<Policy>::load(&disk, &path, &expected).unwrap();
        prop_assert_eq!(read.header, header);
        for (a, b) in read.value.steps.iter().zip(&value.steps) {
            prop_assert!(same_bits(a.gain.as_slice(), b.gain.as_slice()));
            prop_assert!(same_bits(a.bias.as_slice(), b.bias.as_slice()));
            prop_assert!(same_bits(a.covariance.as_slice(), b.covariance.as_slice()));
        }
        prop_assert_eq!(read.value.steps.len(), horizon);
    }

    #[test]
    fn a_checkpoint_with_a_right_checksum_over_wrong_bytes_is_no_panic(at in 0..400_usize, bytes in vec(any::<u8>(), 1..12)) {
        let (disk, path, mut file) = saved(&checkpoint(5));
        let body = file.len() - blake3::OUT_LEN;
        for (offset, byte) in bytes.into_iter().enumerate() {
            file[(at + offset) % body] = byte;
        }
        let hash = blake3::hash(&file[..body]);
        file[body..].copy_from_slice(hash.as_bytes());
        disk.create(&path).unwrap().write(&file).unwrap();
        if let Ok(read) = Checkpoint::<Vec<f64>>::load(&disk, &path, &expected()) {
            // Only what is not told by the caller and the values themselves can differ.
            prop_assert_eq!(read.value.len(), 40);
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_refused_wherever_the_damage_is() {
    let (disk, path, bytes) = saved(&checkpoint(5));
    Checkpoint::<Vec<f64>>::load(&disk, &path, &expected()).unwrap();
    for damaged in damages(&bytes) {
        disk.create(&path).unwrap().write(&damaged).unwrap();
        let error = Checkpoint::<Vec<f64>>::load(&disk, &path, &expected()).unwrap_err();
        assert!(matches!(&error, StorageError::Damaged { path: p, .. } if *p == path), "{error}");
    }
}

#[test]
fn a_damaged_trial_is_refused_wherever_the_damage_is() {
    let (episode, meta) = trial(1, 1, 0);
    let (disk, bytes) = written(&episode, &meta);
    for damaged in damages(&bytes) {
        put(&disk, &damaged);
        let error = read_trial(&disk, Path::new(FILE)).unwrap_err();
        assert!(matches!(&error, StorageError::Damaged { path, .. } if path == Path::new(FILE)), "{error}");
    }
}

/// Where the summary of a file begins.
fn summary(file: &[u8]) -> usize {
    let footer = file.len() - 8 - 20;
    u64::from_le_bytes(file[footer..footer + 8].try_into().unwrap()) as usize
}

/// A file with its checksums made right.
fn checked(mut file: Vec<u8>, summary: usize) -> Vec<u8> {
    let footer = file.len() - 8 - 20;
    let crc = crc32fast::hash(&file[..summary - 13]);
    file[summary - 4..summary].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32fast::hash(&file[summary..footer + 16]);
    file[footer + 16..footer + 20].copy_from_slice(&crc.to_le_bytes());
    file
}

/// Two joints and a ball.
fn stage() -> Stage {
    let urdf = include_str!("../urdf/double_link.urdf");
    let arm = Arm::new(urdf, &Model::from_urdf_str(urdf).unwrap()).unwrap();
    let scene = Surroundings { things: vec![Thing::body("ball", 0.02, [1.; 4])], ..Surroundings::default() };
    Stage { arm: arm.into(), surroundings: scene }
}

#[test]
fn a_trial_with_frames_comes_back_as_one_without() {
    let (episode, meta) = trial(1, 1, 0);
    let disk = FailingDisk::new(&[]);
    write_trial(&disk, Path::new(FILE), (&episode, &meta), Some(&stage())).unwrap();
    let framed = disk.read(Path::new(FILE)).unwrap();
    let topics = |bytes: &[u8]| {
        let summary = mcap::Summary::read(bytes).unwrap().unwrap();
        summary.channels.values().map(|channel| channel.topic.clone()).collect::<BTreeSet<_>>()
    };
    let (_, plain) = written(&episode, &meta);
    let added = topics(&framed).difference(&topics(&plain)).cloned().collect::<Vec<_>>();
    assert_eq!(added, ["/robot_description", "/scene_description", "/tf", "/tf_static"]);
    assert_eq!(read_trial(&disk, Path::new(FILE)).unwrap(), (episode, meta));
}

#[test]
fn a_trial_of_another_robot_than_the_stage_s_is_stored_without_frames() {
    let (mut episode, mut meta) = trial(1, 1, 0);
    episode.joints = 1;
    meta.joint_names.pop();
    let disk = FailingDisk::new(&[]);
    let Episode { before, position, velocity, asked, sent, .. } = &mut episode;
    for array in [before, position, velocity, asked, sent] {
        array.truncate(array.len() / 2);
    }
    write_trial(&disk, Path::new(FILE), (&episode, &meta), Some(&stage())).unwrap();
    assert_eq!(read_trial(&disk, Path::new(FILE)).unwrap(), (episode, meta));
}

#[test]
fn a_trial_of_the_format_without_frames_is_read_and_one_of_a_later_format_is_refused() {
    let (episode, meta) = trial(1, 1, 0);
    let (disk, bytes) = written(&episode, &meta);
    let found = b"\"format\":2";
    let at = bytes.windows(found.len()).position(|window| window == found).unwrap() + found.len() - 1;
    let of_format = |digit: u8| {
        let mut file = bytes.clone();
        file[at] = digit;
        checked(file, summary(&bytes))
    };
    put(&disk, &of_format(b'1'));
    assert_eq!(read_trial(&disk, Path::new(FILE)).unwrap(), (episode, meta));
    put(&disk, &of_format(b'3'));
    let error = read_trial(&disk, Path::new(FILE)).unwrap_err().to_string();
    assert!(error.contains("its format version is 3, this program reads 1 to 2"), "{error}");
}

/// Every byte of the file changed, the file's checksums made right again: what the parsers then see must not take them down.
#[test]
fn a_trial_with_right_checksums_over_wrong_bytes_is_no_panic() {
    let (episode, meta) = trial(1, 1, 0);
    let (disk, bytes) = written(&episode, &meta);
    let footer = bytes.len() - 8 - 20;
    let Episode { sent, states, actions, .. } = episode;
    let mut refused = 0;
    for at in 8..footer {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= mask;
            put(&disk, &checked(changed, summary(&bytes)));
            match read_trial(&disk, Path::new(FILE)) {
                // The record of the trial can be made to say something else, never with an array lost.
                Ok((read, read_meta)) => {
                    assert_eq!((read.sent, read.states, read.actions), (sent.clone(), states.clone(), actions.clone()));
                    assert_eq!(read_meta.outcomes, meta.outcomes);
                }
                Err(StorageError::Damaged { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(refused > bytes.len() / 2, "{refused}");
}

#[test]
fn lengths_that_promise_too_much_are_refused() {
    let header = storage_support::header(1);
    for promised in [u64::MAX, 1 << 40, 1 << 29] {
        // A vector's length comes first, a string's too.
        let mut value = vec![253];
        value.extend(promised.to_le_bytes());
        let (disk, path, mut file) = saved(&Checkpoint { header: header.clone(), value: value.as_slice() });
        let body = file.len() - blake3::OUT_LEN;
        // Drops the length that the slice was stored with.
        file.remove(body - value.len() - 1);
        let lengths = 8 + 4 + 4;
        file[lengths..lengths + 8].copy_from_slice(&(value.len() as u64).to_le_bytes());
        file.truncate(body - 1);
        file.extend(blake3::hash(&file).as_bytes());
        disk.create(&path).unwrap().write(&file).unwrap();
        let vector = Checkpoint::<Vec<f64>>::load(&disk, &path, &expected()).unwrap_err();
        let string = Checkpoint::<String>::load(&disk, &path, &expected()).unwrap_err();
        for error in [vector, string] {
            assert!(matches!(&error, StorageError::Damaged { what, .. } if what.contains("content")), "{error}");
        }
    }
}

#[test]
fn a_checkpoint_of_something_else_is_refused_by_the_field_that_differs() {
    let (disk, path, _) = saved(&checkpoint(5));
    let shapes = storage_support::shapes();
    let cases = [
        ("robot", Expected { robot: "leg".into(), ..expected() }, "arm", "leg"),
        ("task", Expected { task: "swing_up".into(), ..expected() }, "table_tennis", "swing_up"),
        ("learner", Expected { learner: "reps".into(), ..expected() }, "moto", "reps"),
        ("state dimension", Expected { shapes: Shapes { state_dim: 9, ..shapes }, ..expected() }, "3", "9"),
        ("action dimension", Expected { shapes: Shapes { action_dim: 9, ..shapes }, ..expected() }, "2", "9"),
        ("horizon", Expected { shapes: Shapes { horizon: 9, ..shapes }, ..expected() }, "4", "9"),
        ("config hash", Expected { config_hash: Some("bad".into()), ..expected() }, "c0ffee", "bad"),
        ("seed", Expected { seed: Some(8), ..expected() }, "7", "8"),
    ];
    for (name, expected, has, wants) in cases {
        let error = Checkpoint::<Vec<f64>>::load(&disk, &path, &expected).unwrap_err();
        assert_eq!(error.to_string(), format!("/000005.ckpt does not fit: its {name} is {has}, expected {wants}"));
        // It is not passed over for an older one: the run is the wrong one.
        let error = Checkpoint::<Vec<f64>>::load_newest(&disk, Path::new("/"), &expected).unwrap_err();
        assert!(matches!(error, StorageError::Mismatch { field, .. } if field == name));
    }
    let any = Expected { config_hash: None, seed: None, ..expected() };
    assert_eq!(Checkpoint::<Vec<f64>>::load(&disk, &path, &any).unwrap(), checkpoint(5));
}

#[test]
fn a_checkpoint_of_a_later_format_is_refused_by_its_version() {
    let (disk, path, mut file) = saved(&checkpoint(5));
    let body = file.len() - blake3::OUT_LEN;
    file[8] += 1;
    let hash = blake3::hash(&file[..body]);
    file[body..].copy_from_slice(hash.as_bytes());
    disk.create(&path).unwrap().write(&file).unwrap();
    let error = Checkpoint::<Vec<f64>>::load(&disk, &path, &expected()).unwrap_err();
    assert!(matches!(error, StorageError::Version { found: 5, supported: 4, .. }), "{error}");
}

#[test]
fn a_trial_whose_arrays_do_not_fit_is_not_stored() {
    let broken: [fn(&mut Episode, &mut TrialMeta); 9] = [
        |e, _| e.position.truncate(17),
        |e, _| e.velocity.truncate(2),
        |e, _| e.task.truncate(48),
        |e, _| e.time.clear(),
        |e, _| e.asked.truncate(2),
        |e, _| e.noise.truncate(2),
        |e, _| e.states.truncate(3),
        |_, m| m.outcomes.push(0.),
        |_, m| m.joint_names.truncate(1),
    ];
    for (case, change) in broken.into_iter().enumerate() {
        let (mut episode, mut meta) = trial(1, 1, 0);
        meta.outcome_dim = 3;
        meta.outcomes = vec![0.; 12];
        let disk = FailingDisk::new(&[]);
        write_trial(&disk, Path::new(FILE), (&episode, &meta), None).unwrap();
        change(&mut episode, &mut meta);
        let error = write_trial(&disk, Path::new(FILE), (&episode, &meta), None).unwrap_err();
        assert!(matches!(error, StorageError::Unstorable { .. }), "case {case}: {error}");
    }
    let (episode, mut meta) = trial(1, 1, 0);
    meta.observed.push(Observed { name: "more".into(), form: Form::Values(2), frame: String::new() });
    let (disk, _) = written(&episode, &meta);
    assert_eq!(read_trial(&disk, Path::new(FILE)).unwrap().0, episode, "a wrong description does not cost the trial");
}

#[test]
fn a_return_that_is_not_finite_comes_back_unknown() {
    let (episode, mut meta) = trial(1, 1, 0);
    meta.total_reward = Some(f64::NAN);
    let (disk, _) = written(&episode, &meta);
    assert_eq!(read_trial(&disk, Path::new(FILE)).unwrap().1.total_reward, None);
}

#[test]
fn a_configuration_has_one_hash_whatever_the_order_of_its_keys() {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let hash = |text: &str| config_hash(&parse(text)).unwrap();
    assert_eq!(hash(r#"{"seed": 1, "arm": {"b": 2, "a": 3.5}}"#), hash(r#"{"arm": {"a": 3.5, "b": 2}, "seed": 1}"#));
    assert_ne!(hash(r#"{"seed": 1}"#), hash(r#"{"seed": 2}"#));
}

/// A learner after one update: every kind of matrix there is in one.
fn learner() -> Moto {
    let task = Linear::new(2);
    let mut learner = Moto::new(MotoConfig::default(), task.initial(1.), StateScales::ones(task.a.nrows())).unwrap();
    learner.update(task.roll_out(learner.policy(), 5, &mut Random::new(1)), &task).unwrap();
    learner
}

/// The bytes of a checkpoint with other content, its length and checksum made right.
fn forged(bytes: &[u8], content: &[u8]) -> Vec<u8> {
    let header = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let mut forged = bytes[..24 + header].to_vec();
    forged[16..24].copy_from_slice(&(content.len() as u64).to_le_bytes());
    forged.extend(content);
    forged.extend(blake3::hash(&forged).as_bytes());
    forged
}

/// Rows times columns wraps around to the number of entries: a reader that multiplies without a check does not see it, and every
/// later look would be out of bounds.
#[test]
fn a_shape_that_wraps_around_is_refused_in_every_matrix_of_a_learner() {
    let learner = learner();
    let (disk, path, bytes) = saved(&Checkpoint { header: header(1), value: &learner });
    assert_eq!(Checkpoint::<Moto>::load(&disk, &path, &expected()).unwrap().value, learner);
    let content = bincode::serde::encode_to_vec(&learner, bincode::config::standard()).unwrap();
    assert_eq!(forged(&bytes, &content), bytes);
    let wide = |number: u64| [&[253][..], &number.to_le_bytes()].concat();
    let mut matrices = 0;
    for at in 0..content.len() - 1 {
        let [rows, columns] = [content[at], content[at + 1]];
        if rows.max(columns) > 250 {
            continue; // not the short form of a number
        }
        let entries = u64::from(rows) * u64::from(columns);
        let absurd = (1_u64 << 32) + 1;
        // The other factor of the same product, by 64-bit arithmetic that wraps around; odd numbers have an inverse.
        let inverse = (0..6).fold(absurd, |x, _| x.wrapping_mul(2_u64.wrapping_sub(absurd.wrapping_mul(x))));
        let pair = if entries == 0 { [1 << 32, 1 << 32] } else { [absurd, entries.wrapping_mul(inverse)] };
        assert_eq!(pair[0].wrapping_mul(pair[1]), entries);
        let content = [&content[..at], &wide(pair[0]), &wide(pair[1]), &content[at + 2..]].concat();
        disk.create(&path).unwrap().write(&forged(&bytes, &content)).unwrap();
        let error = Checkpoint::<Moto>::load(&disk, &path, &expected()).unwrap_err();
        assert!(matches!(error, StorageError::Damaged { .. }), "at {at}: {error}");
        matrices += usize::from(error.to_string().contains(&format!("a matrix of {} x {}", pair[0], pair[1])));
    }
    // Policies now, at first and before the update, the stored batch, its rewards and states, Q and V.
    assert!(matrices >= 34, "{matrices}");
}

/// Every byte of a learner changed, the checksum made right: what comes back either says that it does not fit together, or can be
/// updated.
#[test]
fn a_forged_learner_is_refused_or_can_be_updated() {
    let (learner, task) = (learner(), Linear::new(2));
    let (disk, path, bytes) = saved(&Checkpoint { header: header(1), value: &learner });
    let content = bincode::serde::encode_to_vec(&learner, bincode::config::standard()).unwrap();
    let (mut unread, mut unsound, mut sound) = (0, 0, 0);
    for at in 0..content.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut content = content.clone();
            content[at] ^= mask;
            disk.create(&path).unwrap().write(&forged(&bytes, &content)).unwrap();
            let Ok(Checkpoint { value: mut read, .. }) = Checkpoint::<Moto>::load(&disk, &path, &expected()) else {
                unread += 1;
                continue;
            };
            if read.validate().is_err() {
                unsound += 1;
                continue;
            }
            sound += 1;
            let batch = task.roll_out(read.policy(), 3, &mut Random::new(2));
            // Other numbers may make an update impossible, which it says.
            let _ = read.update(batch, &task);
        }
    }
    assert!(unread > 100 && unsound > 100 && sound > 100, "{unread} {unsound} {sound}");
}
