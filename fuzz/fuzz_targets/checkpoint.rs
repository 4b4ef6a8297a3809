//! A checkpoint, as given and with a corrected checksum. It is refused, or holds the saved state of
//! a learner, which the learner refuses or continues from.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use moto_controller::storage::Checkpoint;
use moto_controller_fuzz::{Free, OneFile, Saved, batch, expected, learners};

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

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if let Some((content, _)) = bytes.split_last_chunk::<32>() {
        let mut forged = content.to_vec();
        forged.extend(blake3::hash(content).as_bytes());
        read(&forged);
    }
});
