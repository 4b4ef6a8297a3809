//! Properties on random trees, closed forms, and the errors for broken URDFs.

use std::fmt::Write;

use nalgebra::{DMatrix, DVector, Isometry3, Matrix3, Point3, Vector3};
use proptest::prelude::*;

use super::*;

/// Kinetic (bodies and drives) and potential energy (gravity and springs), J.
pub(crate) fn energy(model: &Model, ws: &mut Workspace, q: &[f64], qd: &[f64]) -> f64 {
    let mut mass = DMatrix::zeros(model.dof(), model.dof());
    model.mass_matrix(ws, q, &mut mass);
    let qd = DVector::from_column_slice(qd);
    let mut energy = 0.5 * (&mass * &qd).dot(&qd);
    for (body, state) in model.bodies.iter().zip(&ws.bodies[1..]) {
        energy -= body.mass * model.gravity.dot(&body.centre_at(state).into());
    }
    for (joint, q) in model.joints.iter().zip(q) {
        energy += 0.5 * joint.passive.stiffness * (q - joint.passive.spring_reference).powi(2);
    }
    energy
}

/// A joint and the link behind the joint.
#[derive(Clone, Debug)]
struct Limb {
    /// Chooses the parent from the earlier links.
    parent: prop::sample::Index,
    kind: usize,
    origin: [f64; 6],
    axis: Vector3<f64>,
    mass: f64,
    centre: [f64; 6],
    /// Second moments of the mass along the principal axes.
    spread: [f64; 3],
    passive: [f64; 7],
}

impl Limb {
    const KINDS: [&str; 4] = ["revolute", "continuous", "prismatic", "fixed"];

    fn passive(&self) -> Passive {
        let [damping, friction, friction_velocity, armature, stiffness, spring_reference, _] = self.passive;
        Passive {
            damping,
            friction,
            friction_velocity: 0.01 + friction_velocity,
            armature,
            stiffness,
            spring_reference,
        }
    }

    fn moments(&self) -> Vector3<f64> {
        let [a, b, c] = self.spread;
        Vector3::new(b + c, a + c, a + b) * self.mass
    }
}

fn limb() -> impl Strategy<Value = Limb> {
    let pose = || prop::array::uniform6(-1.0..1.0);
    let axis = (-1.0..1.0, -1.0..1.0, -1.0..1.0f64).prop_filter_map("too short", |(x, y, z)| {
        // Some axes lie along an axis of the frame, which is the usual case.
        let v = Vector3::new(x, y, z);
        let v = if x > 0.5 { Vector3::ith(v.iamax(), v[v.iamax()]) } else { v };
        v.try_normalize(0.1)
    });
    let passive = prop::array::uniform7(0.0..1.0);
    let mass = (0.1..3.0, pose(), prop::array::uniform3(0.01..0.1));
    (any::<prop::sample::Index>(), 0..4usize, pose(), axis, mass, passive).prop_map(
        |(parent, kind, origin, axis, (mass, centre, spread), passive)| Limb {
            parent,
            kind,
            origin,
            axis,
            mass,
            centre,
            spread,
            passive,
        },
    )
}

/// Joint values for the largest tree. A smaller tree takes a part of them.
fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-2.0..2.0, LIMBS)
}

/// The same of four robots.
fn states() -> impl Strategy<Value = [Vec<f64>; 4]> {
    prop::array::uniform4(values())
}

const LIMBS: usize = 12;

fn limbs() -> impl Strategy<Value = Vec<Limb>> {
    prop::collection::vec(limb(), 1..=LIMBS)
}

/// Whether a fixed link has inertia: every other one has none, like sensor and tool frames.
fn has_mass(number: usize, limb: &Limb) -> bool {
    Limb::KINDS[limb.kind] != "fixed" || number.is_multiple_of(2)
}

fn urdf(limbs: &[Limb]) -> String {
    let join = |v: &[f64]| v.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(" ");
    let pose = |v: &[f64; 6]| format!(r#"<origin xyz="{}" rpy="{}"/>"#, join(&v[..3]), join(&v[3..]));
    let mut out = String::from(r#"<robot name="random"><link name="l0"/>"#);
    for (i, limb) in limbs.iter().enumerate() {
        let (number, parent) = (i + 1, limb.parent.index(i + 1));
        let passive = limb.passive();
        write!(
            out,
            r#"<joint name="j{number}" type="{}"><parent link="l{parent}"/><child link="l{number}"/>{}
               <axis xyz="{}"/><limit lower="-3" upper="3" effort="10" velocity="5"/>
               <dynamics damping="{:?}" friction="{:?}"/></joint><link name="l{number}">"#,
            Limb::KINDS[limb.kind],
            pose(&limb.origin),
            join(limb.axis.as_slice()),
            passive.damping,
            passive.friction,
        )
        .unwrap();
        if has_mass(number, limb) {
            let moments = limb.moments();
            write!(
                out,
                r#"<inertial>{}<mass value="{:?}"/>
                   <inertia ixx="{:?}" ixy="0" ixz="0" iyy="{:?}" iyz="0" izz="{:?}"/></inertial>"#,
                pose(&limb.centre),
                limb.mass,
                moments.x,
                moments.y,
                moments.z
            )
            .unwrap();
        }
        out.push_str("</link>");
    }
    out + "</robot>"
}

/// The model of a random tree with all its passive parameters.
fn tree(limbs: &[Limb]) -> Model {
    let mut model = Model::from_urdf_str(&urdf(limbs)).unwrap();
    for joint in model.joints_mut() {
        let number: usize = joint.name[1..].parse().unwrap();
        let passive = limbs[number - 1].passive();
        assert_eq!((joint.passive.damping, joint.passive.friction), (passive.damping, passive.friction));
        joint.passive = passive;
    }
    model
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    let scale = b.iter().fold(1., |scale: f64, x| scale.max(x.abs()));
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        prop_assert!((x - y).abs() <= tolerance * scale, "{i}: {x} is not {y} (scale {scale})");
    }
    prop_assert_eq!(a.len(), b.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Forward dynamics undoes inverse dynamics.
    #[test]
    fn forward_inverts_inverse(limbs in limbs(), q in values(), qd in values(), qdd in values()) {
        let model = tree(&limbs);
        let (n, mut ws) = (model.dof(), model.workspace());
        let (mut tau, mut found) = (vec![0.; n], vec![0.; n]);
        model.inverse_dynamics(&mut ws, &q[..n], &qd[..n], &qdd[..n], &mut tau);
        model.forward_dynamics(&mut ws, &q[..n], &qd[..n], &tau, &mut found);
        close(&found, &qdd[..n], 1e-9)?;
    }

    /// Robots that move in step move as each would alone, to the bit.
    #[test]
    fn each_lane_is_a_robot_alone(
        limbs in limbs(), q in states(), qd in states(), tau in states(), dt in prop::sample::select(vec![0., 0.002, 0.1]),
    ) {
        let model = tree(&limbs);
        let n = model.dof();
        let in_step = |values: &[Vec<f64>; 4]| -> Vec<Lanes> {
            (0..n).map(|joint| Lanes::from_lanes(|lane| values[lane][joint])).collect()
        };
        let mut together = vec![Lanes::splat(0.); n];
        model.forward_dynamics_implicit(
            &mut model.workspace(), &in_step(&q), &in_step(&qd), &in_step(&tau), dt, &mut together,
        );
        for lane in 0..Lanes::LANES {
            let mut alone = vec![0.; n];
            let (q, qd, tau) = (&q[lane][..n], &qd[lane][..n], &tau[lane][..n]);
            model.forward_dynamics_implicit(&mut model.workspace(), q, qd, tau, dt, &mut alone);
            let found: Vec<_> = together.iter().map(|value| value.lane(lane).to_bits()).collect();
            prop_assert_eq!(found, alone.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
        }
    }

    /// The implicit accelerations solve `(M + dt C) qdd = tau - bias`. M comes from composite
    /// bodies, the bias from inverse dynamics, and C from its definition, all independent of
    /// articulated bodies.
    #[test]
    fn implicit_step_solves_its_equation(limbs in limbs(), q in values(), qd in values(), tau in values(), dt in 0.0..0.1) {
        let model = tree(&limbs);
        let (n, mut ws) = (model.dof(), model.workspace());
        let (q, qd, tau) = (&q[..n], &qd[..n], &tau[..n]);
        let (mut bias, mut found, mut matrix) = (vec![0.; n], vec![0.; n], DMatrix::zeros(n, n));
        model.inverse_dynamics(&mut ws, q, qd, &vec![0.; n], &mut bias);
        model.mass_matrix(&mut ws, q, &mut matrix);
        for (i, joint) in model.joints().iter().enumerate() {
            let p = &joint.passive;
            matrix[(i, i)] += dt * (p.damping + p.friction * (qd[i] / p.friction_velocity).tanh() / qd[i]);
        }
        let right: Vec<_> = tau.iter().zip(&bias).map(|(tau, bias)| tau - bias).collect();
        let wanted = matrix.cholesky().expect("positive definite").solve(&DVector::from_vec(right));
        model.forward_dynamics_implicit(&mut ws, q, qd, tau, dt, &mut found);
        close(&found, wanted.as_slice(), 1e-9)?;
    }

    /// The Jacobian is the derivative of the pose, and it maps joint velocities to the velocity of
    /// the point.
    #[test]
    fn jacobian_is_the_derivative_of_the_pose(limbs in limbs(), q in values(), qd in values(), link in any::<prop::sample::Index>()) {
        let model = tree(&limbs);
        let (n, mut ws) = (model.dof(), model.workspace());
        let frame = model.frame(&format!("l{}", link.index(limbs.len() + 1))).unwrap();
        model.kinematics(&mut ws, &q[..n], &qd[..n]);
        let point = model.pose(&ws, frame) * Point3::new(0.1, 0.2, -0.3);
        let mut jacobian = DMatrix::zeros(6, n);
        model.jacobian(&ws, frame, point, &mut jacobian);
        let (linear, angular) = model.velocity_at(&ws, frame, point);
        let velocity = &jacobian * DVector::from_column_slice(&qd[..n]);
        close(velocity.as_slice(), &[linear.as_slice(), angular.as_slice()].concat(), 1e-12)?;
        let step = 1e-5;
        let mut pose_at = |q: &[f64]| { model.kinematics(&mut ws, q, &qd[..n]); model.pose(&ws, frame) };
        for i in 0..n {
            let mut shifted = q[..n].to_vec();
            shifted[i] += step;
            let after: Isometry3<f64> = pose_at(&shifted);
            shifted[i] -= 2. * step;
            let before = pose_at(&shifted);
            let moved = (after * Point3::new(0.1, 0.2, -0.3) - before * Point3::new(0.1, 0.2, -0.3)) / (2. * step);
            let turned = (after.rotation * before.rotation.inverse()).scaled_axis() / (2. * step);
            close(jacobian.column(i).as_slice(), &[moved.as_slice(), turned.as_slice()].concat(), 1e-8)?;
        }
    }

    /// The model's energies equal the sum over the URDF's links, each in its own frame. So merging
    /// of fixed links lost and moved no mass.
    #[test]
    fn energies_are_those_of_the_links(limbs in limbs(), q in values(), qd in values()) {
        let mut model = tree(&limbs);
        for joint in model.joints_mut() {
            joint.passive = Passive::default();
        }
        let (n, mut ws) = (model.dof(), model.workspace());
        let (q, qd) = (&q[..n], &qd[..n]);
        let energy_of_links = |ws: &mut Workspace, q: &[f64]| {
            model.kinematics(ws, q, qd);
            let (mut kinetic, mut potential) = (0., 0.);
            for (i, limb) in limbs.iter().enumerate().filter(|(i, limb)| has_mass(i + 1, limb)) {
                let frame = model.frame(&format!("l{}", i + 1)).unwrap();
                let [x, y, z, roll, pitch, yaw] = limb.centre;
                let turn = nalgebra::UnitQuaternion::from_euler_angles(roll, pitch, yaw);
                let at = model.pose(ws, frame) * Isometry3::from_parts(nalgebra::Translation3::new(x, y, z), turn);
                let centre = Point3::from(at.translation.vector);
                let (linear, angular) = model.velocity_at(ws, frame, centre);
                let local = at.rotation.inverse() * angular;
                let tensor = Matrix3::from_diagonal(&limb.moments());
                kinetic += 0.5 * (limb.mass * linear.norm_squared() + local.dot(&(tensor * local)));
                potential += limb.mass * 9.81 * centre.z;
            }
            (kinetic, potential)
        };
        let mut mass = DMatrix::zeros(n, n);
        model.mass_matrix(&mut ws, q, &mut mass);
        let velocity = DVector::from_column_slice(qd);
        close(&[0.5 * (&mass * &velocity).dot(&velocity)], &[energy_of_links(&mut ws, q).0], 1e-12)?;
        // At rest the efforts equal the slope of the potential energy.
        let (mut hold, zeros) = (vec![0.; n], vec![0.; n]);
        model.inverse_dynamics(&mut ws, q, &zeros, &zeros, &mut hold);
        let step = 1e-5;
        let slope: Vec<_> = (0..n).map(|i| {
            let mut shifted = q.to_vec();
            shifted[i] += step;
            let after = energy_of_links(&mut ws, &shifted).1;
            shifted[i] -= 2. * step;
            (after - energy_of_links(&mut ws, &shifted).1) / (2. * step)
        }).collect();
        close(&hold, &slope, 1e-7)?;
    }
}

/// A pendulum with all joint parameters: point mass 2 kg at 0.5 m with 0.1 kg m^2.
#[test]
fn pendulum_in_closed_form() {
    let mut model = Model::from_urdf_str(
        r#"<robot name="pendulum"><link name="world"/><link name="rod">
             <inertial><origin xyz="0 0 -0.5"/><mass value="2"/>
             <inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial></link>
           <joint name="hinge" type="continuous"><parent link="world"/><child link="rod"/><axis xyz="0 1 0"/>
             <dynamics damping="0.3" friction="0.2"/></joint></robot>"#,
    )
    .unwrap();
    let joint = &mut model.joints_mut()[0];
    assert_eq!((joint.lower, joint.upper), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((joint.velocity, joint.effort), (f64::INFINITY, f64::INFINITY));
    joint.passive.friction_velocity = 0.5;
    joint.passive.armature = 0.05;
    joint.passive.stiffness = 4.;
    joint.passive.spring_reference = 0.1;
    let (q, qd, tau) = (0.7f64, -0.4f64, 1.5);
    let torque = tau - 2. * 9.81 * 0.5 * q.sin() - 0.3 * qd - 0.2 * (qd / 0.5).tanh() - 4. * (q - 0.1);
    let mut qdd = [0.];
    model.forward_dynamics(&mut model.workspace(), &[q], &[qd], &[tau], &mut qdd);
    approx(qdd[0], torque / (0.1 + 2. * 0.25 + 0.05));
    model.set_gravity(Vector3::zeros());
    model.forward_dynamics(&mut model.workspace(), &[q], &[qd], &[tau], &mut qdd);
    approx(qdd[0], (torque + 2. * 9.81 * 0.5 * q.sin()) / 0.65);
}

#[track_caller]
fn approx(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-12 * wanted.abs().max(1.), "{found} is not {wanted}");
}

/// The shipped arm: its joint order, its racket, and the efforts that hold it at rest.
#[test]
fn table_tennis_arm_is_as_designed() {
    let model = Model::from_urdf_file("urdf/table_tennis_arm.urdf").unwrap();
    let names: Vec<_> = model.joints().iter().map(|joint| joint.name.as_str()).collect();
    assert_eq!(names, ["bx", "by", "bz", "j1", "j2", "j3", "j4", "j5", "j6"]);
    assert_eq!(model.name(), "table_tennis_arm");
    let efforts: Vec<_> = model.joints().iter().map(|joint| joint.effort).collect();
    assert_eq!(efforts, [300., 300., 400., 80., 80., 50., 50., 15., 15.]);
    let reached = [0.9, 0.5, 0.3, 2.4, 2.0, 1.9, 3.6, 3.8, 2.5];
    assert!(model.joints().iter().zip(reached).all(|(joint, reached)| joint.velocity >= 2. * reached));

    let mut ws = model.workspace();
    let racket = model.frame("racket").unwrap();
    model.kinematics(&mut ws, &[0.; 9], &[0.; 9]);
    let pose = model.pose(&ws, racket);
    approx((pose.translation.vector - Vector3::new(-2.05, 0., 1.15 - 0.5 - 0.35 - 0.2)).norm(), 0.);
    approx(pose.rotation.angle(), 0.);
    let mut mass = DMatrix::zeros(9, 9);
    model.mass_matrix(&mut ws, &[0.; 9], &mut mass);
    approx(mass[(0, 0)], 12.35);
    let (rest, mut hold) = ([0., 0., 0., -0.8, -0.6, 0.3, 1.3, 1.2, 0.8], [0.; 9]);
    model.inverse_dynamics(&mut ws, &rest, &[0.; 9], &[0.; 9], &mut hold);
    approx(hold[2], 8.35 * 9.81);
    assert!((hold[4].abs() - 11.).abs() < 0.5, "{hold:?}");
}

/// Depth first, children in file order, fixed joints passed through.
#[test]
fn joints_are_in_depth_first_order() {
    let link = |name: &str| {
        format!(
            r#"<link name="{name}"><inertial><mass value="1"/>
               <inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial></link>"#
        )
    };
    let joint = |name: &str, kind: &str, parent: &str, child: &str| {
        format!(r#"<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/></joint>"#)
    };
    let urdf = ["b2", "root", "a", "a1", "a2", "b", "b1"].map(link).concat()
        + &joint("to_b1", "continuous", "b", "b1")
        + &joint("to_b", "continuous", "root", "b")
        + &joint("to_a", "fixed", "root", "a")
        + &joint("to_a2", "continuous", "a", "a2")
        + &joint("to_a1", "continuous", "a", "a1")
        + &joint("to_b2", "continuous", "b", "b2");
    let model = Model::from_urdf_str(&format!(r#"<robot name="r">{urdf}</robot>"#)).unwrap();
    let names: Vec<_> = model.joints().iter().map(|joint| joint.name.as_str()).collect();
    assert_eq!(names, ["to_b", "to_b1", "to_b2", "to_a2", "to_a1"]);
    assert_eq!(model.frame("nowhere"), None);
}

/// Every error names the element, the field and the value.
#[test]
fn broken_urdfs_are_refused_by_name() {
    const GOOD: &str = r#"<robot name="r"><link name="base"/><link name="arm"><inertial><mass value="1"/>
        <inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial></link>
        <joint name="hinge" type="revolute"><parent link="base"/><child link="arm"/><origin xyz="0 0 1"/>
        <axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="3" velocity="4"/><dynamics damping="1"/></joint></robot>"#;
    assert_eq!(Model::from_urdf_str(GOOD).unwrap().dof(), 1);
    let cases = [
        (
            r#"type="revolute""#,
            r#"type="ball""#,
            "line 3: joint `hinge`: type = ball: must be one of fixed, revolute, ",
        ),
        (r#" type="revolute""#, "", "joint `hinge`: type is missing"),
        (r#"xyz="0 1 0""#, r#"xyz="0 0 0""#, "line 4: joint `hinge`: axis xyz = 0 0 0: must point somewhere"),
        (r#"xyz="0 1 0""#, r#"xyz="0 nan 0""#, "joint `hinge`: axis xyz = NaN"),
        (r#"xyz="0 1 0""#, r#"xyz="0 1""#, "joint `hinge`: axis xyz = 0 1: must be 3 numbers"),
        (r#"xyz="0 0 1""#, r#"xyz="0 0 inf""#, "joint `hinge`: origin xyz = inf"),
        (r#"lower="-1""#, r#"lower="1.5""#, "joint `hinge`: limit lower = 1.5: must be below the upper limit, 1"),
        (r#"effort="3""#, r#"effort="-3""#, "joint `hinge`: limit effort = -3"),
        (r#"velocity="4""#, r#"velocity="nan""#, "joint `hinge`: limit velocity = NaN"),
        (r#"velocity="4""#, r#"velocity="${fast}""#, "joint `hinge`: limit velocity = ${fast}: must be a number"),
        (r#"damping="1""#, r#"damping="-1""#, "joint `hinge`: dynamics damping = -1"),
        (r#"damping="1""#, r#"friction="inf""#, "joint `hinge`: dynamics friction = inf"),
        (
            r#"<mass value="1"/>"#,
            r#"<mass value="0"/>"#,
            "line 1: link `arm`: inertial mass = 0: joint `hinge` would move",
        ),
        (r#"<mass value="1"/>"#, "", "link `arm`: inertial mass is missing"),
        (r#"<mass value="1"/>"#, r#"<mass value="-1"/>"#, "link `arm`: mass value = -1"),
        (r#"<mass value="1"/>"#, r#"<mass value="heavy"/>"#, "link `arm`: mass value = heavy"),
        (
            r#"iyy="1""#,
            r#"iyy="-1""#,
            "line 2: link `arm`: inertia principal moment = -1.000e0: no body has this inertia",
        ),
        (r#" iyy="1""#, "", "link `arm`: inertia iyy is missing"),
        (
            r#"ixx="1" ixy="0" ixz="0" iyy="1""#,
            r#"ixx="0" ixy="0" ixz="0" iyy="0""#,
            "link `arm`: inertia about its joint's axis = 0: joint `hinge` would move nothing",
        ),
        (
            r#"<parent link="base"/>"#,
            r#"<parent link="bass"/>"#,
            "parent link = bass: there is no such link; did you mean `base`?",
        ),
        (r#"child link="arm""#, r#"child link="harm""#, "joint `hinge`: child link = harm"),
        (r#"<parent link="base"/>"#, "", "joint `hinge`: parent is missing"),
        (r#"<link name="base"/>"#, r#"<link name="base"/><link name="base"/>"#, "link `base`: there are two"),
        (r#"<link name="base"/>"#, r#"<link name="base"/><link/>"#, "a link has no name"),
        (r#"<link name="base"/>"#, r#"<link name="base"/><link name="stray"/>"#, r#"["base", "stray"]"#),
        (
            "</robot>",
            r#"<joint name="again" type="fixed"><parent link="base"/><child link="arm"/></joint></robot>"#,
            "link `arm`: is the child of joint `hinge` and of joint `again`",
        ),
        (
            "</robot>",
            r#"<joint name="back" type="fixed"><parent link="arm"/><child link="base"/></joint></robot>"#,
            "links without a parent: []",
        ),
        (
            "</robot>",
            r#"<link name="p"/><link name="s"/>
               <joint name="ps" type="fixed"><parent link="p"/><child link="s"/></joint>
               <joint name="sp" type="fixed"><parent link="s"/><child link="p"/></joint></robot>"#,
            "link `p`: is not connected to the root `base`",
        ),
        (
            "</robot>",
            r#"<link name="tip"/><joint name="hinge" type="fixed"><parent link="arm"/><child link="tip"/></joint></robot>"#,
            "joint `hinge`: there are two of this name, the other in line 3",
        ),
        ("</robot>", "", "line 1: <robot> is not closed"),
        ("</robot>", "</robo>", "</robo> closes nothing: <robot> of line 1 is open"),
        (r#"name="hinge""#, "name=hinge", "line 3: <joint> has an attribute without"),
        (r#"<robot name="r">"#, "<xml/><robt>", "is open"),
    ];
    for (from, to, message) in cases {
        assert!(GOOD.contains(from), "{from}");
        let error = Model::from_urdf_str(&GOOD.replacen(from, to, 1)).expect_err(message).to_string();
        assert!(error.contains(message), "{error:?} does not say {message:?}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), GOOD.replace(r#"type="revolute""#, r#"type="linear""#)).unwrap();
    let error = Model::from_urdf_file(file.path()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}:3: joint `hinge`", file.path().display())), "{error}");
    for nothing in ["", "no XML at all", "<sdf/>"] {
        let error = Model::from_urdf_str(nothing).unwrap_err().to_string();
        assert!(error.contains("there is no <robot> element"), "{error}");
    }
    let nested = "<a>".repeat(100_000);
    assert!(Model::from_urdf_str(&nested).unwrap_err().to_string().contains("nested more than"));
    let error = Model::from_urdf_file("urdf/no_such.urdf").unwrap_err().to_string();
    assert!(error.contains("urdf/no_such.urdf"), "{error}");
}
