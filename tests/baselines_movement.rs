//! A movement primitive on the table-tennis arm, through the control loop.

mod tennis_common;

use moto_controller::baselines::dmp::{Demonstration, Dmp, DmpConfig};
use moto_controller::control::Episode;
use moto_controller::tasks::table_tennis::DemonstrationKind;
use tennis_common::task;

fn fit(shown: &Episode) -> Dmp {
    let demonstration =
        Demonstration { position: &shown.position, velocity: &shown.velocity, joints: 9, period: 0.002 };
    Dmp::fit(&DmpConfig::default(), &demonstration, 0.569).unwrap()
}

#[test]
fn reproduces_the_players_stroke() {
    let task = task(|config| config.demonstration = DemonstrationKind::Plain);
    let shown = task.demonstration().unwrap();
    let dmp = fit(&shown);
    for cycle in 0..300 {
        for joint in 0..9 {
            let [q, qd, _] = dmp.primitive.at(cycle, joint, dmp.demonstrated.as_slice());
            let (shown_q, shown_qd) = (shown.position[cycle * 9 + joint], shown.velocity[cycle * 9 + joint]);
            assert!((q - shown_q).abs() < 3e-3, "joint {joint}, cycle {cycle}: {q} {shown_q}");
            assert!((qd - shown_qd).abs() < 0.15, "joint {joint}, cycle {cycle}: {qd} {shown_qd}");
        }
    }
}
