//! A checkpoint, as given and with a corrected checksum. It is refused, or holds the saved state of
//! a learner, which the learner refuses or continues from.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{Checkpoint, Header};
use moto_controller_fuzz::{Free, OneFile, Saved, batch, corpus, expected, header, learners};

/// A checkpoint of each learner after an update.
fn seeds() {
    for (iteration, (mut learner, parameters)) in (0..).zip(learners()) {
        learner.learn(batch(parameters), &Free).ok();
        let value: Saved = (learner.save().expect("a learner is saved"), 7);
        let checkpoint = Checkpoint { header: Header { iteration, ..header() }, value };
        checkpoint.save(&Disk, &corpus("checkpoint"), usize::MAX).expect("a seed is written");
    }
}

fn read(bytes: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::<Saved>::load(&OneFile(bytes), Path::new("000000.ckpt"), &expected()) {
        let (state, _) = checkpoint.value;
        for (mut learner, parameters) in learners() {
            if learner.restore(&state).is_ok() && learner.law().compile().is_ok() {
                // Other numbers or another horizon may make an update impossible, which is an error
                // and not a panic.
                let _ = learner.learn(batch(parameters), &Free);
            }
        }
    }
}

fuzz_target!(init: seeds(), |bytes: &[u8]| {
    read(bytes);
    if let Some((content, _)) = bytes.split_last_chunk::<32>() {
        let mut forged = content.to_vec();
        forged.extend(blake3::hash(content).as_bytes());
        read(&forged);
    }
});
