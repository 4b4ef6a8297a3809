//! How often each fault is injected, and the row it gets.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Injections, `few` of them in a test run and `MOTO_FAULTS` times as many on request.
pub fn injections(few: usize) -> usize {
    let times = std::env::var("MOTO_FAULTS").ok().map(|times| times.parse().expect("MOTO_FAULTS is a number"));
    few * times.unwrap_or(1)
}

/// The random numbers of one injection.
pub fn random(fault: &str, injection: usize) -> ChaCha8Rng {
    let name = fault.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    ChaCha8Rng::seed_from_u64(name ^ injection as u64)
}

/// Prints a row: fault, injections, cycles to the safe state (most promised and most seen), what follows, trials lost.
pub fn row(fault: &str, injected: usize, promised: &str, seen: &str, answer: &str, lost: usize) {
    println!("\n| {fault} | {injected} | {promised} | {seen} | {answer} | {lost} |");
}
