//! A checkpoint, as it is and with its checksum put right: refused, or a learner that says that it does not fit together, or one
//! that can be updated.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use moto_controller::storage::Checkpoint;
use moto_controller_fuzz::{Free, OneFile, SHAPES, Saved, batch, expected};

fn read(bytes: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::<Saved>::load(&OneFile(bytes), Path::new("000000.ckpt"), &expected()) {
        let (mut learner, _) = checkpoint.value;
        // Sound or not: looking must be safe.
        let _ = learner.policy().validate();
        let _ = learner.clone();
        if learner.validate().is_ok() && learner.policy().horizon() == SHAPES.horizon {
            // Other numbers may make an update impossible, which it says.
            let _ = learner.update(batch(learner.policy()), &Free);
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
