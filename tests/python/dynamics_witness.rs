//! Computes with our dynamics for another program to compare: the first argument is a URDF, the second the joints that
//! move and where others are locked (JSON; without it all move), each line of the input a state (JSON), each line of the
//! output the results in the same order.
//!
//! The first line of the output names the joints that move in the order of all vectors (`joints`), all that could
//! (`all`), and says what the model has differently from the description (`notes`).

use std::collections::BTreeMap;
use std::io::{BufRead, Write, stdin, stdout};

use moto_controller::dynamics::{Description, Selection};
use moto_controller::simulation::integrator::SemiImplicitEuler;
use nalgebra::{DMatrix, Point3};
use serde::{Deserialize, Serialize};

/// One state to compute at; vectors have one entry per joint, SI units.
#[derive(Deserialize)]
struct State {
    q: Vec<f64>,
    qd: Vec<f64>,
    qdd: Vec<f64>,
    tau: Vec<f64>,
    /// The link for kinematics and Jacobian.
    frame: String,
    /// Length of the step that is taken, s.
    dt: f64,
    /// Replaces the joints' passive parameters: damping, armature, stiffness, spring reference.
    #[serde(default)]
    passive: Option<Vec<[f64; 4]>>,
}

/// The joints that move and where others are locked.
#[derive(Default, Deserialize)]
struct Chosen {
    joints: Option<Vec<String>>,
    #[serde(default)]
    locked: BTreeMap<String, f64>,
    #[serde(default)]
    repair_inertias: bool,
}

/// What our library finds; matrices are lists of rows.
#[derive(Serialize)]
struct Found {
    /// Inverse dynamics of `q`, `qd`, `qdd`.
    tau: Vec<f64>,
    /// Forward dynamics of `q`, `qd`, `tau`.
    qdd: Vec<f64>,
    /// Positions and velocities after a step of `dt` under `tau`, damping taken at its end.
    q_next: Vec<f64>,
    qd_next: Vec<f64>,
    mass_matrix: Vec<Vec<f64>>,
    /// Origin of the frame in the world.
    position: Vec<f64>,
    /// Rotation of the frame, 3 x 3.
    rotation: Vec<Vec<f64>>,
    /// Linear, then angular velocity of the frame's origin in world axes.
    velocity: Vec<f64>,
    /// 6 x n, of the same velocity.
    jacobian: Vec<Vec<f64>>,
}

fn rows(matrix: &DMatrix<f64>) -> Vec<Vec<f64>> {
    matrix.row_iter().map(|row| row.iter().copied().collect()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: dynamics_witness URDF [SELECTION] < states")?;
    let description = Description::read(path.as_ref())?;
    let Chosen { joints, locked, repair_inertias } =
        std::env::args().nth(2).map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
    let (mut model, notes) = description.model(&Selection { joints, locked, repair_inertias })?;
    let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
    let mut ws = model.workspace();
    let mut integrator = SemiImplicitEuler::new(&model);
    let n = model.dof();
    let names: Vec<_> = model.joints().iter().map(|joint| &joint.name).collect();
    let all: Vec<_> = description.joints().collect();
    let mut out = stdout().lock();
    writeln!(out, "{}", serde_json::json!({ "joints": names, "all": all, "notes": notes }))?;
    for line in stdin().lock().lines() {
        let state: State = serde_json::from_str(&line?)?;
        for (joint, values) in model.joints_mut().iter_mut().zip(state.passive.iter().flatten()) {
            let passive = &mut joint.passive;
            [passive.damping, passive.armature, passive.stiffness, passive.spring_reference] = *values;
        }
        let frame = model.frame(&state.frame).ok_or("no such link")?;
        let (mut tau, mut qdd) = (vec![0.; n], vec![0.; n]);
        let (mut q_next, mut qd_next) = (state.q.clone(), state.qd.clone());
        let (mut mass, mut jacobian) = (DMatrix::zeros(n, n), DMatrix::zeros(6, n));
        model.inverse_dynamics(&mut ws, &state.q, &state.qd, &state.qdd, &mut tau);
        model.forward_dynamics(&mut ws, &state.q, &state.qd, &state.tau, &mut qdd);
        integrator.step(&model, &mut ws, &state.tau, state.dt, &mut q_next, &mut qd_next);
        model.mass_matrix(&mut ws, &state.q, &mut mass);
        model.kinematics(&mut ws, &state.q, &state.qd);
        let pose = model.pose(&ws, frame);
        let origin = Point3::from(pose.translation.vector);
        let (linear, angular) = model.velocity_at(&ws, frame, origin);
        model.jacobian(&ws, frame, origin, &mut jacobian);
        let rotation = pose.rotation.to_rotation_matrix();
        let found = Found {
            tau,
            qdd,
            q_next,
            qd_next,
            mass_matrix: rows(&mass),
            position: origin.iter().copied().collect(),
            rotation: (0..3).map(|row| (0..3).map(|column| rotation[(row, column)]).collect()).collect(),
            velocity: linear.iter().chain(&angular).copied().collect(),
            jacobian: rows(&jacobian),
        };
        writeln!(out, "{}", serde_json::to_string(&found)?)?;
    }
    Ok(())
}
