//! Steps the table-tennis arm from its rest and prints the seconds it took and the final positions: one side of
//! `benches/arm_steps.py`. Arguments: the URDF, the number of steps, the step in seconds.

use std::time::Instant;

use moto_controller::dynamics::Model;
use moto_controller::simulation::integrator::SemiImplicitEuler;

/// The drives' armature; springs hold the base. As `benches/arm_steps.py` sets them for MuJoCo.
const ARMATURE: [f64; 9] = [2., 2., 2., 0.15, 0.15, 0.1, 0.1, 0.02, 0.02];
const STIFFNESS: [f64; 9] = [1500., 1500., 1500., 0., 0., 0., 0., 0., 0.];
const REST: [f64; 9] = [0., 0., 0., -0.8, -0.6, 0.3, 1.3, 1.2, 0.8];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: arm_steps URDF STEPS DT");
    let mut model = Model::from_urdf_file(next()?)?;
    let (steps, dt): (usize, f64) = (next()?.parse()?, next()?.parse()?);
    for (i, joint) in model.joints_mut().iter_mut().enumerate() {
        joint.passive.armature = ARMATURE[i];
        joint.passive.stiffness = STIFFNESS[i];
    }
    let mut ws = model.workspace();
    let mut integrator = SemiImplicitEuler::new(&model);
    let (mut q, mut qd, tau) = (REST, [0.; 9], [0.; 9]);
    let start = Instant::now();
    for _ in 0..steps {
        integrator.step(&model, &mut ws, &tau, dt, &mut q, &mut qd);
    }
    println!("{} {q:?}", start.elapsed().as_secs_f64());
    Ok(())
}
