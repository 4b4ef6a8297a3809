//! Our side of `benches/program_exchange.py`: times the exchange of lines with a simulator program.

use std::time::Instant;

use moto_controller::programs::Program;
use serde::{Deserialize, Serialize};

const JOINTS: usize = 9;

#[derive(Serialize)]
struct Step {
    effort: [f64; JOINTS],
    until: f64,
}

#[derive(Deserialize)]
#[allow(dead_code)] // Read, as a simulator's state is.
struct State {
    time: f64,
    position: Vec<f64>,
    velocity: Vec<f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().ok_or("how many exchanges?")?.parse()?;
    let mut program = Program::start("bench", &arguments.collect::<Vec<_>>(), 60.)?;
    let mut seconds = Vec::new();
    for i in 0..count {
        let question = Step { effort: [0.1 * i as f64; JOINTS], until: 0.002 * i as f64 };
        let start = Instant::now();
        program.ask(
            &question,
            |state: &State| {
                if state.position.len() == JOINTS { Ok(()) } else { Err("another robot".into()) }
            },
        )?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::to_string(&seconds)?);
    Ok(())
}
