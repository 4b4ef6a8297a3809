//! The example of a learner of one's own learns.

#[path = "../examples/own_learner.rs"]
mod own_learner;

#[test]
fn a_learner_that_a_program_adds_is_run_stored_resumed_and_judged_by_its_name() {
    own_learner::main().unwrap();
}
