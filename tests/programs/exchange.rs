//! A line each way, and everything a program can do wrong about it.

use moto_controller::programs::{Answer, Failure, Program, ProgramError};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::await_end;

/// Long enough for any machine.
const PATIENCE: f64 = 60.;
/// For programs that answer once and never again.
const SHORT: f64 = 0.3;
const ANSWERS_ONCE: &str = "import sys, time; input(); print('{}', flush=True); ";

const ECHO: &str = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)";

fn start(script: &str, timeout: f64) -> Program {
    Program::start("judge", &["python3".into(), "-c".into(), script.into()], timeout).unwrap()
}

fn ask(program: &mut Program) -> Result<Value, ProgramError> {
    program.ask(&json!({"question": 1}), |_: &Value| Ok(()))
}

/// What comes of a program that answers a line with this line of Python.
fn answered(python: &str) -> Result<Answer, ProgramError> {
    let script = format!("import json, os, sys, time\nfor line in sys.stdin:\n  {python}\n  sys.stdout.flush()");
    start(&script, PATIENCE).ask(&json!({}), |answer: &Answer| answer.check(3))
}

#[test]
fn a_line_each_way() {
    let mut program = start(ECHO, PATIENCE);
    for n in 0..100 {
        let answer: Value = program.ask(&json!({ "n": n }), |_| Ok(())).unwrap();
        assert_eq!(answer, json!({ "n": n }));
    }
}

#[test]
fn whatever_is_asked_in_json_comes_back_whole() {
    let program = std::cell::RefCell::new(start(ECHO, PATIENCE));
    proptest!(ProptestConfig::with_cases(64), |(text in ".*", numbers in prop::collection::vec(-1e300..1e300_f64, 0..100))| {
        let question = json!({ "text": text, "numbers": numbers });
        let answer: Value = program.borrow_mut().ask(&question, |_| Ok(())).unwrap();
        prop_assert_eq!(answer, question);
    });
}

#[test]
fn lines_that_no_pipe_holds_pass_both_ways() {
    let long = json!({ "text": "x".repeat(3_000_000) });
    // Writes while it still reads.
    let script = "import os\nwhile chunk := os.read(0, 1000): os.write(1, chunk)";
    for _ in 0..2 {
        let answer: Value = start(script, PATIENCE).ask(&long, |_| Ok(())).unwrap();
        assert_eq!(answer, long);
    }
}

#[test]
fn a_late_answer_names_the_setting() {
    let mut program = start(&format!("{ANSWERS_ONCE} time.sleep(1000)"), SHORT);
    ask(&mut program).unwrap();
    let error = ask(&mut program).unwrap_err();
    assert!(matches!(error.failure, Failure::Late(_)));
    let said = error.to_string();
    assert!(said.contains("judge.program `python3 -c") && said.ends_with("0.3 s (judge.timeout)"), "{said}");
}

#[test]
fn an_answer_without_an_end_is_shown() {
    let script =
        format!("{ANSWERS_ONCE} input(); sys.stdout.write('{{\"return\": 1}}'); sys.stdout.flush(); time.sleep(1000)");
    let mut program = start(&script, SHORT);
    ask(&mut program).unwrap();
    let error = ask(&mut program).unwrap_err();
    assert!(matches!(error.failure, Failure::Unended { .. }), "{error}");
    assert!(error.to_string().contains("{\\\"return\\\": 1}"), "{error}");
}

#[test]
fn a_program_that_ends_says_how_and_its_last_lines_are_kept() {
    let error = answered("sys.stderr.write('what I saw\\n' * 50); raise SystemExit(3)").unwrap_err();
    assert!(matches!(error.failure, Failure::Ended(status) if status.code() == Some(3)), "{error}");
    assert_eq!(error.last_lines, ["what I saw"; 20]);
    let error = answered("1 / 0").unwrap_err();
    assert!(error.last_words().contains("\n  ZeroDivisionError: division by zero"), "{}", error.last_words());
    let error = answered("os.kill(os.getpid(), 11)").unwrap_err();
    assert!(error.to_string().contains("signal: 11"), "{error}");
}

#[test]
fn text_for_people_on_standard_output_is_named_with_advice() {
    let error = answered("print('judging now'); print('{\"return\": 1}')").unwrap_err();
    assert!(matches!(error.failure, Failure::NotJson { .. }));
    let said = error.to_string();
    assert!(said.contains("`judging now`") && said.contains("file=sys.stderr"), "{said}");
}

#[test]
fn a_second_line_is_noticed_at_the_next_question() {
    let mut program = start("for _ in iter(input, ''): print('{}\\n[\"again\"]', flush=True)", PATIENCE);
    assert_eq!(ask(&mut program).unwrap(), json!({}));
    let error = ask(&mut program).unwrap_err();
    assert!(matches!(&error.failure, Failure::Unasked(line) if line.contains("again")), "{error}");
}

#[test]
fn what_is_no_number_is_named_as_such() {
    for word in ["nan", "inf", "-inf"] {
        let error = answered(&format!("print(json.dumps({{'return': float('{word}')}}))")).unwrap_err();
        assert!(matches!(error.failure, Failure::NotFinite(_)), "{error}");
    }
    assert!(matches!(answered("print('{\"return\": 1e999}')").unwrap_err().failure, Failure::NotJson { .. }));
}

#[test]
fn a_wrong_answer_says_what_is_wrong_with_it() {
    for (answer, expected) in [
        (r#"{"reward": 1}"#, "unknown field `reward`, expected one of `rewards`, `return`, `success`, `distance`"),
        (r#"{"rewards": [1, 2]}"#, "2 rewards, and the stroke has 3 policy steps"),
        (r#"{"rewards": [1, 2, 3], "success": "yes"}"#, "expected a boolean"),
        (r#"{"return": null}"#, "neither `rewards`"),
        ("[1, 2, 3]", "invalid type"),
    ] {
        let error = answered(&format!("print('{answer}')")).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error.failure, Failure::Wrong { .. }) && said.contains(expected), "{answer}: {said}");
    }
}

#[test]
fn a_flood_of_standard_error_holds_nothing_up() {
    let answer = answered("sys.stderr.write('x' * 200 * 1000 + '\\n' * 10000); print('{\"return\": 1}')").unwrap();
    assert_eq!(answer, Answer::score(1.));
}

#[test]
fn a_flood_of_standard_output_ends() {
    let error = answered("[print('{\"return\": 1}') for _ in range(10 ** 9)]").map(drop);
    // The first line is an answer; the others are noticed with the next question.
    assert!(error.is_ok());
    let mut program = start("while True: print('{}' * 1000)", PATIENCE);
    assert!(matches!(ask(&mut program).unwrap_err().failure, Failure::Unasked(_) | Failure::NotJson { .. }));
    let mut program = start("while True: print('1' * 100000, end='')", PATIENCE);
    assert!(matches!(ask(&mut program).unwrap_err().failure, Failure::Endless(_) | Failure::Unasked(_)));
}

#[test]
fn a_program_that_does_not_read_is_late_whatever_the_question() {
    let mut program = start(&format!("{ANSWERS_ONCE} time.sleep(1000)"), SHORT);
    ask(&mut program).unwrap();
    let error = program.ask(&json!({ "text": "x".repeat(1_000_000) }), |_: &Value| Ok(())).unwrap_err();
    assert!(matches!(error.failure, Failure::Late(_)), "{error}");
}

#[test]
fn a_program_that_closes_its_standard_output_is_told_from_one_that_ended() {
    let error = answered("os.close(1); time.sleep(1000)").unwrap_err();
    assert!(matches!(error.failure, Failure::ClosedOutput), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_refused_at_the_start() {
    let error = Program::start("robot.simulator", &["no-such-program".into(), "--x".into()], 1.).map(drop).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("robot.simulator.program `no-such-program --x` cannot be started"), "{said}");
}

#[test]
fn after_a_failure_the_next_question_starts_it_anew() {
    let mut program = start("import os; print(os.getpid(), flush=True) if input() else 0; input(); 1 / 0", PATIENCE);
    let first = ask(&mut program).unwrap();
    assert!(matches!(ask(&mut program).unwrap_err().failure, Failure::Ended(_)));
    let second = ask(&mut program).unwrap();
    assert_ne!(first, second);
}

#[test]
fn what_it_started_ends_with_it() {
    let forks =
        "import subprocess\nfor _ in iter(input, ''): print(subprocess.Popen(['sleep', '1000']).pid, flush=True)";
    let pid = |program: &mut Program| i32::try_from(ask(program).unwrap().as_i64().unwrap()).unwrap();
    let mut program = start(forks, PATIENCE);
    let child = pid(&mut program);
    drop(program);
    await_end(child);
    // One that ignores the end of its input is killed.
    let stubborn = "import os, time; input(); print(os.getpid(), flush=True); time.sleep(1000)";
    let mut program = start(stubborn, PATIENCE);
    let process = pid(&mut program);
    drop(program);
    await_end(process);
}

#[test]
fn a_program_has_no_priority_of_whoever_starts_it() {
    let mut program = start("import os; input(); print(os.sched_getscheduler(0), flush=True); input()", PATIENCE);
    assert_eq!(ask(&mut program).unwrap(), json!(nix::libc::SCHED_OTHER));
}
