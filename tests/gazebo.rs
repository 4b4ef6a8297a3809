//! The files for Gazebo agree with the configuration that they are written from.

use moto_controller::gazebo;
use moto_controller::setup::Setup;
use moto_controller::tasks::table_tennis::TableTennisConfig;
use nalgebra::{Vector2, Vector3};
use std::path::Path;

/// The ball in Gazebo: linear drag, a bounce that keeps the horizontal velocity, and the engine's integrator with steps of
/// 1 ms. Position and velocity as it passes the plane.
fn passes(
    k: f64,
    serve: (Vector3<f64>, Vector3<f64>),
    surface: f64,
    restitution: f64,
    plane: f64,
) -> (f64, Vector3<f64>, Vector3<f64>) {
    let ((mut p, mut v), mut time, dt) = (serve, 0., 0.001);
    while p.x > plane {
        v += (-k * v - Vector3::z() * 9.81) * dt;
        p += v * dt;
        if p.z < surface && v.z < 0. {
            v.z *= -restitution;
        }
        time += dt;
    }
    (time, p, v)
}

#[test]
fn the_serve_passes_the_hitting_plane_in_gazebo_as_it_does_here() {
    let setup = Setup::shipped(|_| {}).unwrap();
    let scene = setup.task().unwrap().scene();
    let ball = scene.ball.unwrap();
    let config = TableTennisConfig::default();
    let (court, plane) = (config.court, config.stroke.hitting_plane);
    let top = scene.obstacles.iter().find(|obstacle| obstacle.name == "top").unwrap();
    let surface = top.centre.z + 0.5 * top.size.z + ball.radius;
    assert!((surface - court.surface()).abs() < 1e-12);
    let (time, p, v) = passes(ball.linear_drag, (ball.position, ball.velocity), surface, top.restitution, plane);
    let ours = moto_controller::tasks::table_tennis::world::Ball { position: ball.position, velocity: ball.velocity };
    let arrives = court.time_to_plane(&ours, plane, 3.).unwrap();
    let mut here = ours;
    let mut left = arrives;
    while left > 0. {
        court.advance(&mut here, left.min(0.001), None, Vector2::zeros);
        left -= 0.001;
    }
    assert!((time - arrives).abs() < 0.01, "{time} {arrives}");
    // In the real one the height was 5 mm nearer.
    assert!((p - here.position).yz().norm() < 0.015, "{p} {}", here.position);
    assert!((v - here.velocity).norm() < 0.1, "{v} {}", here.velocity);
}

#[test]
fn a_robot_of_ones_own_stands_where_its_task_puts_it_and_moves_what_it_learns() {
    let place = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let setup = Setup::load(&root.join("config/wam_table_tennis.yaml"), |_| {}).unwrap();
    let written = gazebo::write(&setup, place.path(), 0.5).unwrap();
    let [robot, world, controllers] =
        [&written.robot, &written.world, &written.controllers].map(|path| std::fs::read_to_string(path).unwrap());
    let base = setup.task().unwrap().scene().base.translation;
    assert!(robot.contains(&format!("<origin xyz=\"{} {} {}\"", base.x, base.y, base.z)), "{robot}");
    // Written again it is a description of the same robot.
    let again = moto_controller::dynamics::Model::from_urdf_str(&robot).unwrap();
    let names =
        |model: &moto_controller::dynamics::Model| model.joints().iter().map(|j| j.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&again), names(&setup.model));
    for (joint, own) in again.joints().iter().zip(setup.model.joints()) {
        assert_eq!((joint.lower, joint.upper, joint.effort), (own.lower, own.upper, own.effort), "{}", joint.name);
        assert_eq!(joint.passive.damping, own.passive.damping);
    }
    assert!(world.contains("<real_time_factor>0.5</real_time_factor>"));
    assert!(setup.config.robot.joints.iter().all(|joint| controllers.contains(&format!("{joint:?}"))));
}

#[test]
fn a_task_without_a_ball_gets_an_empty_world() {
    let place = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let setup = Setup::load(&root.join("config/reach.yaml"), |_| {}).unwrap();
    let written = gazebo::write(&setup, place.path(), 1.).unwrap();
    let world = std::fs::read_to_string(written.world).unwrap();
    assert!(world.contains("floor") && !world.contains("ball") && !world.contains("court"), "{world}");
}

#[test]
fn a_dry_run_may_have_the_arm_that_gazebo_has() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for config in ["table_tennis", "wam_table_tennis"] {
        let place = tempfile::tempdir().unwrap();
        let setup = Setup::load(&root.join(format!("config/{config}.yaml")), |_| {}).unwrap();
        let written = gazebo::write(&setup, place.path(), 1.).unwrap();
        let there = Setup::load(&written.dry_run, |_| {}).unwrap();
        let q = &setup.config.control.start_posture;
        let own = |setup: &Setup, joint: usize| {
            // The effort of an acceleration of one, less that of none: the joint's own inertia.
            let (mut workspace, zeros) = (setup.model.workspace(), vec![0.; q.len()]);
            let [with, without] = [1., 0.].map(|acceleration| {
                let (mut accelerations, mut effort) = (zeros.clone(), zeros.clone());
                accelerations[joint] = acceleration;
                setup.model.inverse_dynamics(&mut workspace, q, &zeros, &accelerations, &mut effort);
                effort[joint]
            });
            with - without
        };
        for (joint, name) in setup.config.robot.joints.iter().enumerate() {
            let (ours, theirs) = (own(&setup, joint), own(&there, joint));
            assert!((ours - theirs).abs() < 2e-3 * ours, "{config}, {name}: {ours} {theirs}");
            let armature = there.config.robot.arm.armature[joint];
            assert!(armature == 0. || (name.starts_with('b') && armature == 2.), "{config}, {name}: {armature}");
        }
        // The task places both alike.
        let racket = |setup: &Setup| {
            let mut workspace = setup.model.workspace();
            setup.model.kinematics(&mut workspace, q, &vec![0.; q.len()]);
            let link = setup.task().unwrap().scene().paddle.unwrap().link;
            setup.model.pose(&workspace, setup.model.frame(&link).unwrap())
        };
        assert!((racket(&setup).translation.vector - racket(&there).translation.vector).norm() < 1e-9);
        assert_eq!(setup.task().unwrap().scene().base, there.task().unwrap().scene().base);
    }
}
