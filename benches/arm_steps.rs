//! Steps the table-tennis arm, alone and several in step: our side of `benches/arm_steps.py`. Prints for
//! each way, as JSON, the number of arms, the duration in seconds and the last positions of the last arm.
//! Arguments: the URDF; then, as JSON, the passive parameters, the start posture, the step in seconds,
//! the steps of one motion, the number of motions.

use std::time::Instant;

use moto_controller::dynamics::{Lanes, Model, Number};
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
    println!("{}", serde_json::json!([stepped::<f64>(&model, &task), stepped::<Lanes>(&model, &task)]));
    Ok(())
}

fn stepped<T: Number>(model: &Model, task: &Task) -> serde_json::Value {
    let (mut ws, mut integrator) = (model.workspace::<T>(), SemiImplicitEuler::<T>::new(model));
    let zeros = vec![T::splat(0.); model.dof()];
    let rest: Vec<T> = task.rest.iter().map(|position| T::splat(*position)).collect();
    let (mut q, mut qd) = (rest.clone(), zeros.clone());
    let start = Instant::now();
    for _ in 0..task.motions {
        q.copy_from_slice(&rest);
        qd.copy_from_slice(&zeros);
        for _ in 0..task.steps {
            integrator.step(model, &mut ws, &zeros, task.dt, &mut q, &mut qd);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let q: Vec<f64> = q.iter().map(|q| q.lane(T::LANES - 1)).collect();
    serde_json::json!({ "arms": T::LANES, "seconds": seconds, "q": q })
}
