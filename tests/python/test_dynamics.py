"""Our rigid-body dynamics against Pinocchio and MuJoCo, on the arm and on robots that are not ours.

All three read one URDF, stripped of shapes and of joint damping, and compute at the same random states.
"""

import json
import subprocess
from importlib.metadata import files
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np
import pinocchio as pin
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARM = ROOT / "urdf" / "table_tennis_arm.urdf"
TOLERANCE = 1e-9
STATES = 50

# URDF and a link to look at, of our arm and of robots from the package example-robot-data: an arm with continuous
# joints, a quadruped, and a quadruped that carries that arm.
ROBOTS = {
    "table_tennis_arm": (ARM, "racket"),
    "kinova": ("kinova_description/robots/kinova.urdf", "j2s6s200_link_finger_tip_2"),
    "solo12": ("solo_description/robots/solo12.urdf", "HR_FOOT"),
    "anymal_kinova": ("anymal_b_simple_description/robots/anymal-kinova.urdf", "j2s6s200_link_finger_tip_1"),
}
BRANCHED = {"solo12", "anymal_kinova"}

# For the arm's joints: damping as in its URDF; armature, stiffness, spring reference, which no URDF holds.
PASSIVE = [[150.0, 2.0, 1500.0, 0.01]] * 3 + [[2.0, 0.15, 0.0, 0.0]] * 2
PASSIVE += [[1.2, 0.1, 3.0, -0.2]] * 2 + [[0.3, 0.02, 0.0, 0.0]] * 2


@pytest.fixture(scope="session")
def witness():
    """Runs `tests/python/dynamics_witness.rs` on a URDF and a list of states; gives joint names and results."""
    command = ["cargo", "build", "--locked", "--example", "dynamics_witness", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = map(json.loads, built.stdout.splitlines())
    program = [m["executable"] for m in messages if m.get("target", {}).get("name") == "dynamics_witness"][-1]

    def run(urdf, states):
        lines = "".join(json.dumps(state) + "\n" for state in states)
        done = subprocess.run([program, str(urdf)], input=lines, check=True, stdout=subprocess.PIPE, text=True)
        first, *results = map(json.loads, done.stdout.splitlines())
        assert len(results) == len(states)
        return first["joints"], results

    return run


def stripped(path, folder, keep_damping=False):
    """A copy of a URDF with nothing but links, joints and inertias, in a form that MuJoCo keeps whole."""
    root = ElementTree.parse(path).getroot()
    for child in list(root):
        if child.tag not in ("link", "joint"):
            root.remove(child)
    moving = {joint.find("child").get("link") for joint in root.iter("joint")}
    for link in root.iter("link"):
        # The root stands still; the one of a walking robot may have no inertia that MuJoCo takes.
        if link.get("name") not in moving and link.find("inertial") is not None:
            link.remove(link.find("inertial"))
    drop = {"visual", "collision", "safety_controller", "calibration"} | (set() if keep_damping else {"dynamics"})
    for element in root:
        for child in [child for child in element if child.tag in drop]:
            element.remove(child)
    ElementTree.SubElement(ElementTree.SubElement(root, "mujoco"), "compiler", fusestatic="false")
    out = folder / path.name
    ElementTree.ElementTree(root).write(out)
    return out


def random_states(count, names, frame, rng):
    values = rng.normal(size=(count, 4, len(names))) * np.array([1.5, 2.0, 5.0, 20.0])[:, None]
    return [dict(zip(("q", "qd", "qdd", "tau"), v.tolist()), frame=frame, dt=0.0) for v in values]


def in_mujoco(urdf, names):
    """The model without contacts and constraints, its data, and where our joints are in its vectors."""
    spec = mujoco.MjSpec.from_file(str(urdf))
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONSTRAINT | mujoco.mjtDisableBit.mjDSBL_CONTACT
    model = spec.compile()
    assert model.nv == model.nq == len(names)
    order = [model.joint(name).dofadr[0] for name in names]
    assert order == [model.joint(name).qposadr[0] for name in names]
    return model, mujoco.MjData(model), order


def agree(what, ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, what
    error, scale = np.abs(ours - theirs).max(), np.abs(theirs).max()
    assert error <= TOLERANCE * scale, f"{what}: off by {error:.2e} where the largest is {scale:.2e}"


@pytest.fixture(params=ROBOTS)
def case(request, witness, tmp_path):
    """A robot's stripped URDF, its joints, random states, and what we find there."""
    path, frame = ROBOTS[request.param]
    if path is not ARM:
        path = next(Path(file.locate()) for file in files("example-robot-data") if str(file).endswith(path))
    urdf = stripped(path, tmp_path)
    names, _ = witness(urdf, [])
    states = random_states(STATES, names, frame, np.random.default_rng(1))
    _, results = witness(urdf, states)
    return request.param, urdf, names, list(zip(states, results))


def test_against_pinocchio(case):
    robot, urdf, names, pairs = case
    model = pin.buildModelFromUrdf(str(urdf))
    data = model.createData()
    order = [model.idx_vs[model.getJointId(name)] for name in names]
    assert sorted(order) == list(range(model.nv))
    assert (np.unique(list(model.parents)[1:], return_counts=True)[1].max() > 1) == (robot in BRANCHED)

    def arranged(values):
        out = np.zeros(model.nv)
        out[order] = values
        return out

    for state, found in pairs:
        frame = model.getFrameId(state["frame"], pin.BODY)
        assert frame < model.nframes
        # Continuous joints are points on a circle there: `integrate` turns our angles into them.
        q = pin.integrate(model, pin.neutral(model), arranged(state["q"]))
        qd = arranged(state["qd"])
        agree("inverse dynamics", found["tau"], pin.rnea(model, data, q, qd, arranged(state["qdd"]))[order])
        agree("forward dynamics", found["qdd"], pin.aba(model, data, q, qd, arranged(state["tau"]))[order])
        upper = np.triu(pin.crba(model, data, q))
        mass = upper + np.triu(upper, 1).T
        agree("mass matrix", found["mass_matrix"], mass[np.ix_(order, order)])
        jacobian = pin.computeFrameJacobian(model, data, q, frame, pin.LOCAL_WORLD_ALIGNED)
        agree("Jacobian", found["jacobian"], jacobian[:, order])
        pin.forwardKinematics(model, data, q, qd)
        placement = pin.updateFramePlacement(model, data, frame)
        agree("position", found["position"], placement.translation)
        agree("rotation", found["rotation"], placement.rotation)
        agree("velocity", found["velocity"], pin.getFrameVelocity(model, data, frame, pin.LOCAL_WORLD_ALIGNED).vector)


def test_against_mujoco(case):
    _, urdf, names, pairs = case
    model, data, order = in_mujoco(urdf, names)
    for state, found in pairs:
        body = model.body(state["frame"]).id
        data.qpos[order], data.qvel[order], data.qacc[order] = state["q"], state["qd"], state["qdd"]
        mujoco.mj_inverse(model, data)
        agree("inverse dynamics", found["tau"], data.qfrc_inverse[order])
        data.qfrc_applied[order] = state["tau"]
        mujoco.mj_forward(model, data)
        agree("forward dynamics", found["qdd"], data.qacc[order])
        jacobian = np.zeros((6, model.nv))
        mujoco.mj_jacBody(model, data, jacobian[:3], jacobian[3:], body)
        agree("Jacobian", found["jacobian"], jacobian[:, order])
        agree("position", found["position"], data.xpos[body])
        agree("rotation", found["rotation"], data.xmat[body].reshape(3, 3))


def test_drives_and_springs_of_the_arm_against_mujoco(witness, tmp_path):
    """Damping, armature and springs, and one step of the integrator that takes damping at the end of the step."""
    urdf = stripped(ARM, tmp_path, keep_damping=True)
    names, _ = witness(urdf, [])
    states = random_states(STATES, names, "racket", np.random.default_rng(2))
    model, data, order = in_mujoco(urdf, names)
    assert order == list(range(9))
    model.opt.integrator, model.opt.timestep = mujoco.mjtIntegrator.mjINT_IMPLICITFAST, 0.002
    damping = [values[0] for values in PASSIVE]
    assert model.dof_damping.tolist() == damping, "the URDF's own damping"
    _, model.dof_armature[:], model.jnt_stiffness[:], model.qpos_spring[:] = np.transpose(PASSIVE)
    for state in states:
        state.update(dt=model.opt.timestep, passive=PASSIVE)
    for state, found in zip(states, witness(urdf, states)[1]):
        data.qpos[:], data.qvel[:], data.qacc[:] = state["q"], state["qd"], state["qdd"]
        mujoco.mj_inverse(model, data)
        agree("inverse dynamics", found["tau"], data.qfrc_inverse)
        data.qfrc_applied[:] = state["tau"]
        mujoco.mj_forward(model, data)
        agree("forward dynamics", found["qdd"], data.qacc)
        mujoco.mj_step(model, data)
        agree("velocity after a step", found["qd_next"], data.qvel)
        agree("position after a step", found["q_next"], data.qpos)
