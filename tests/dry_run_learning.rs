//! The main job: the stroke is learned, the policy can be judged, carried on, and run on the wall clock.

mod dry_run_support;

use dry_run_support::{Place, metrics};
use moto_controller::report::page::Deadlines;
use serde_json::Value;

fn success(said: &str) -> f64 {
    said.trim_end().lines().last().and_then(|line| line.strip_prefix("success: ")).unwrap().parse().unwrap()
}

#[test]
fn the_stroke_is_learned_and_what_was_learned_can_be_used() {
    let place = Place::new(15, 30);
    place.edit("evaluation_strokes: 5", "evaluation_strokes: 50");
    let said = place.run(&["dry-run", "--out", "learned"]);
    assert!(said.contains("success before learning: 0.00"), "{said}");
    assert!(success(&said) >= 0.9, "{said}");
    let curve = std::fs::read_to_string(place.path("learned/learning_curve.svg")).unwrap();
    assert_eq!(curve.matches("<circle").count(), 3 * 30, "three curves, a dot for each of all iterations");

    let said = place.run(&["evaluate", "learned", "--strokes", "20"]);
    assert!(success(&said) >= 0.9, "{said}");
    let json: Value = serde_json::from_str(&place.run(&["evaluate", "learned", "--json", "--noise"])).unwrap();
    assert_eq!(json["strokes"], 50);
    assert!(json["success"].as_f64().unwrap() >= 0.7, "{json}");
    assert_eq!(success(&place.run(&["evaluate", "learned", "--initial", "--strokes", "5"])), 0.);

    place.run(&["dry-run", "--warm-start", "learned", "--iterations", "1", "--out", "warm"]);
    let mean = |run: &str| metrics(&place.path(run))[0]["return"]["mean"].as_f64().unwrap();
    assert!(mean("warm") > mean("learned") + 1., "{} {}", mean("warm"), mean("learned"));
}

#[test]
fn trials_run_on_the_wall_clock_too() {
    let place = Place::new(3, 2);
    // However slow the machine: what counts here is that it runs and reports.
    place.edit(
        "    control:\n",
        "    control:\n      max_missed_share: 1.0\n      watchdog: {max_consecutive_misses: 1000}\n",
    );
    place.edit("realtime_strokes: 0", "realtime_strokes: 2");
    let said = place.run(&["dry-run", "--realtime", "--out", "run"]);
    assert!(said.contains("release lateness") && said.contains("of 2 strokes succeeded"), "{said}");
    assert_eq!(metrics(&place.path("run")).len(), 2);

    // Learning counts, and what a resumed run adds.
    let cycles = || {
        let stored: Vec<Deadlines> =
            serde_json::from_slice(&std::fs::read(place.path("run/deadlines.json")).unwrap()).unwrap();
        stored[0].bins.iter().map(|bin| bin.1).sum::<u64>()
    };
    let learned = cycles();
    assert!(learned > 8 * 300, "8 strokes of at least .6 s: {learned}");
    place.run(&["dry-run", "--realtime", "--resume", "run", "--iterations", "3"]);
    assert!(cycles() > learned + 5 * 300);
}
