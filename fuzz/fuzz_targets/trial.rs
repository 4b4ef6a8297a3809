//! A trial's MCAP file. It is refused, or gives arrays of consistent lengths. The reader's
//! checksums refuse most inputs.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use moto_controller::storage::read_trial;
use moto_controller_fuzz::OneFile;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((episode, meta)) = read_trial(&OneFile(bytes), Path::new("000001.mcap")) {
        assert_eq!(meta.joint_names.len(), episode.joints);
        assert!(episode.cycles() <= episode.time.len());
        (0..episode.sent_actions.len() / episode.action_dim.max(1)).for_each(|t| drop(episode.step(t).sent.to_vec()));
    }
});
