//! What survives the process: checkpoints, trials, the run folder.
