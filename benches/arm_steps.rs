//! Steps the table-tennis arm and prints the duration in seconds and the last positions as JSON:
//! our side of `benches/arm_steps.py`. Arguments: the URDF; then, as JSON, the passive parameters,
//! the start posture, the step in seconds, the steps of one motion, the number of motions.

use std::time::Instant;

use moto_controller::dynamics::Model;
use moto_controller::simulation::integrator::SemiImplicitEuler;
use serde::Deserialize;

#[derive(Deserialize)]
struct Task {
    armature: Vec<f64>,
    stiffness: Vec<f64>,
    rest: Vec<f64>,
    dt: f64,
    steps: usize,
    motions: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, urdf, task] = &arguments[..] else { return Err("usage: arm_steps URDF TASK".into()) };
    let task: Task = serde_json::from_str(task)?;
    let mut model = Model::from_urdf_file(urdf)?;
    for (i, joint) in model.joints_mut().iter_mut().enumerate() {
        joint.passive.armature = task.armature[i];
        joint.passive.stiffness = task.stiffness[i];
    }
    let mut ws = model.workspace();
    let mut integrator = SemiImplicitEuler::new(&model);
    let zeros = vec![0.; model.dof()];
    let (mut q, mut qd) = (task.rest.clone(), zeros.clone());
    let start = Instant::now();
    for _ in 0..task.motions {
        q.copy_from_slice(&task.rest);
        qd.fill(0.);
        for _ in 0..task.steps {
            integrator.step(&model, &mut ws, &zeros, task.dt, &mut q, &mut qd);
        }
    }
    println!("{}", serde_json::json!({ "seconds": start.elapsed().as_secs_f64(), "q": q }));
    Ok(())
}
