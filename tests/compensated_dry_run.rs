//! What a robot's driver adds by itself changes nothing of what is learned.

mod dry_run_support;

use dry_run_support::{Place, repository, trials};

#[test]
fn a_robot_whose_driver_compensates_learns_what_one_without_such_a_driver_learns() {
    let place = Place::new(2, 1);
    let shipped = std::fs::read_to_string(repository().join("config/stroke.yaml")).unwrap();
    let run = |name: &str, compensates: &str| {
        let joints = "      joints: [";
        assert!(shipped.contains(joints));
        let config = shipped.replacen(joints, &format!("      compensates: {compensates}\n{joints}"), 1).replacen(
            "evaluation_strokes: ",
            "evaluation_strokes: 2 # ",
            1,
        );
        let path = place.path("config").join(format!("{name}.yaml"));
        std::fs::write(&path, config).unwrap();
        let path = path.to_str().unwrap();
        place.run(&["dry-run", "--config", path, "--iterations", "2", "--realtime-strokes", "0", "--out", name]);
        trials(&place.path(name))
    };
    let plain = run("plain", "[]");
    let compensated = run("compensated", "[gravity, coriolis]");
    assert!(plain.len() == compensated.len() && plain.iter().any(|(_, meta)| meta.iteration == 1));
    for ((a, meta), (b, _)) in plain.iter().zip(&compensated) {
        // What was learned from the first strokes makes more of their rounding.
        let near = if meta.iteration == 0 { 1e-9 } else { 1e-7 };
        assert_eq!((a.cycles(), a.clipped_cycles), (b.cycles(), b.clipped_cycles));
        for (what, a, b) in [("efforts", &a.sent, &b.sent), ("positions", &a.position, &b.position)] {
            let off = a.iter().zip(b).map(|(a, b)| (a - b).abs() / a.abs().max(1.)).fold(0., f64::max);
            assert!(off < near, "trial {}: {what} differ by {off}", meta.trial);
        }
    }
    assert!(plain.iter().zip(&compensated).any(|((a, _), (b, _))| a.sent != b.sent), "something was subtracted");
}
