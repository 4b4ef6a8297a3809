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

import built

ROOT = Path(__file__).resolve().parents[2]
ARM = ROOT / "urdf" / "table_tennis_arm.urdf"
TOLERANCE = 1e-9
STATES = 50

# URDF and a link to look at, of our arms and of robots from the package example-robot-data: an arm with continuous
# joints, a quadruped, and a quadruped that carries that arm.
ROBOTS = {
    "table_tennis_arm": (ARM, "racket"),
    "wam": (ROOT / "urdf" / "wam_table_tennis.urdf", "racket"),
    "kinova": ("kinova_description/robots/kinova.urdf", "j2s6s200_link_finger_tip_2"),
    "solo12": ("solo_description/robots/solo12.urdf", "HR_FOOT"),
    "anymal_kinova": ("anymal_b_simple_description/robots/anymal-kinova.urdf", "j2s6s200_link_finger_tip_1"),
}
BRANCHED = {"solo12", "anymal_kinova"}


def numbered(name, *numbers):
    return [name.format(number) for number in numbers]


# Robots of which only some joints move, in an order of their own: URDF, joints, where others are locked, a link.
CHOSEN = {
    "panda": (
        "panda_description/urdf/panda.urdf",
        numbered("panda_joint{}", *range(1, 8)),
        {"panda_finger_joint1": 0.02},
        "panda_rightfinger",
    ),
    "xarm7": ("xarm_description/urdf/xarm7.urdf", numbered("joint{}", 7, 2, 4, 1), {"joint3": 0.4, "joint6": -0.7}, "link7"),
    "ur5": (
        "ur_description/urdf/ur5_robot.urdf",
        ["wrist_3_joint", "shoulder_pan_joint", "elbow_joint"],
        {"shoulder_lift_joint": -1.1, "wrist_1_joint": 0.3},
        "ee_link",
    ),
    "arm of a humanoid": (
        "talos_data/robots/talos_full_v2.urdf",
        numbered("arm_left_{}_joint", *range(1, 8)),
        {"torso_1_joint": 0.3, "torso_2_joint": -0.1, "gripper_left_joint": -0.5},
        "gripper_left_fingertip_1_link",
    ),
    "leg of a humanoid": (
        "icub_description/robots/icub.urdf",
        ["l_hip_pitch", "l_hip_roll", "l_hip_yaw", "l_knee"],
        {"l_ankle_pitch": 0.2},
        "l_foot",
    ),
    "torso and arm": (
        "tiago_description/robots/tiago_no_hand.urdf",
        ["torso_lift_joint", *numbered("arm_{}_joint", 1, 3, 2, 4)],
        {"wheel_left_joint": 2.0, "arm_6_joint": 1.0},
        "arm_tool_link",
    ),
    "z1": ("z1_description/urdf/z1.urdf", numbered("joint{}", *range(1, 7)), {"jointGripper": -0.4}, "gripperMover"),
    "so101": (
        "so_arm_description/urdf/so101.urdf",
        ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"],
        {},
        "moving_jaw_so101_v1_link",
    ),
    "baxter": (
        "baxter_description/urdf/baxter.urdf",
        ["right_s0", "right_s1", "right_e0", "right_e1", "right_w0", "right_w1", "right_w2"],
        {"left_s1": -0.5},
        "right_wrist",
    ),
    "g1": (
        "g1_description/urdf/g1_29dof_with_hand_rev_1_0.urdf",
        ["waist_yaw_joint", "left_shoulder_pitch_joint", "left_shoulder_roll_joint", "left_elbow_joint"],
        {"left_wrist_pitch_joint": 0.5},
        "left_hand_palm_link",
    ),
    "ur10": ("ur_description/urdf/ur10_robot.urdf", ["elbow_joint", "shoulder_pan_joint"], {"wrist_1_joint": 0.7}, "ee_link"),
    "romeo": (
        "romeo_description/urdf/romeo.urdf",
        ["TrunkYaw", "LShoulderPitch", "LShoulderYaw", "LElbowRoll", "LElbowYaw", "LWristRoll", "LWristYaw", "LWristPitch"],
        {},
        "l_gripper",
    ),
    "hyq": ("hyq_description/robots/hyq_no_sensors.urdf", ["lf_haa_joint", "lf_hfe_joint", "lf_kfe_joint"], {}, "lf_foot"),
    "finger": (
        "finger_edu_description/robots/finger_edu.urdf",
        ["finger_base_to_upper_joint", "finger_upper_to_middle_joint", "finger_middle_to_lower_joint"],
        {},
        "finger_tip_link",
    ),
    "asr": ("asr_twodof_description/urdf/TwoDofs.urdf", ["J1", "J2"], {}, "Tip"),
    "double pendulum": ("double_pendulum_description/urdf/double_pendulum_continuous.urdf", ["joint2", "joint1"], {}, "link2"),
}

# For the arm's joints: damping as in its URDF; armature, stiffness, spring reference, which no URDF holds.
PASSIVE = [[150.0, 2.0, 1500.0, 0.01]] * 3 + [[2.0, 0.15, 0.0, 0.0]] * 2
PASSIVE += [[1.2, 0.1, 3.0, -0.2]] * 2 + [[0.3, 0.02, 0.0, 0.0]] * 2


@pytest.fixture(scope="session")
def witness():
    """Runs `tests/python/dynamics_witness.rs` on a URDF, a list of states, and the joints that move; gives joint names
    and results."""
    program = built.example("dynamics_witness")

    def run(urdf, states, selection=None):
        chosen = [json.dumps(selection)] if selection else []
        lines = "".join(json.dumps(state) + "\n" for state in states)
        done = subprocess.run([program, str(urdf), *chosen], input=lines, check=True, stdout=subprocess.PIPE, text=True)
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


def example(path):
    """A file of the package example-robot-data."""
    return next(Path(file.locate()) for file in files("example-robot-data") if str(file).endswith(path))


@pytest.fixture(params=ROBOTS)
def case(request, witness, tmp_path):
    """A robot's stripped URDF, its joints, random states, and what we find there."""
    path, frame = ROBOTS[request.param]
    if isinstance(path, str):
        path = example(path)
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


@pytest.mark.parametrize("robot", CHOSEN)
@pytest.mark.parametrize("free", [False, True], ids=["on its base", "on a floating joint"])
def test_chosen_joints_against_pinocchio(robot, free, witness, tmp_path):
    """Some of the joints move, in any order, and all others are locked: as in Pinocchio's reduced models. A floating base is
    fixed where the file has it."""
    path, joints, locked, frame = CHOSEN[robot]
    root = ElementTree.parse(example(path)).getroot()
    for joint in root.iter("joint"):
        # Pinocchio's inverse dynamics has neither damping nor friction.
        for dynamics in joint.findall("dynamics"):
            joint.remove(dynamics)
    if free:
        moved = {joint.find("child").get("link") for joint in root.findall("joint")}
        base = next(link.get("name") for link in root.findall("link") if link.get("name") not in moved)
        joint = ElementTree.SubElement(root, "joint", name="float", type="floating")
        ElementTree.SubElement(root, "link", name="beneath_all")
        ElementTree.SubElement(joint, "parent", link="beneath_all")
        ElementTree.SubElement(joint, "child", link=base)
        ElementTree.SubElement(joint, "origin", xyz="0.1 -0.2 0.3", rpy="0.3 0.1 -0.4")
    urdf = tmp_path / "robot.urdf"
    ElementTree.ElementTree(root).write(urdf)

    # Where each joint is locked: 0 or the bound next to it, and where a joint mimics another, with that one.
    whole = pin.buildModelFromUrdf(str(urdf))
    position = np.zeros(whole.nv)
    free_joints = {joint.get("name"): joint for joint in root.findall("joint")}
    mimics = {name: joint.find("mimic") for name, joint in free_joints.items() if joint.find("mimic") is not None}

    def rest(name):
        if name in mimics:
            mimic = mimics[name]
            return float(mimic.get("multiplier", 1)) * rest(mimic.get("joint")) + float(mimic.get("offset", 0))
        limit, kind = free_joints[name].find("limit"), free_joints[name].get("type")
        bounded = limit is not None and kind != "continuous"
        lower, upper = (float(limit.get(end, 0)) for end in ("lower", "upper")) if bounded else (-np.inf, np.inf)
        return locked.get(name, min(max(0.0, lower), upper))

    fixed = []
    for index, name in enumerate(whole.names):
        if index == 0 or name in joints:
            continue
        fixed.append(index)
        if whole.joints[index].nv == 1:
            position[whole.idx_vs[index]] = rest(name)
    reference = pin.integrate(whole, pin.neutral(whole), position)
    if free:
        # The joint's origin is where it stands at its zero.
        assert whole.names[1] == "float" and whole.joints[1].nv == 6
    model = pin.buildReducedModel(whole, fixed, reference)
    data = model.createData()
    order = [model.idx_vs[model.getJointId(name)] for name in joints]
    assert sorted(order) == list(range(model.nv))

    selection = {"joints": joints, "locked": locked}
    assert witness(urdf, [], selection)[0] == joints
    states = random_states(STATES, joints, frame, np.random.default_rng(3))
    link = model.getFrameId(frame, pin.BODY)
    assert link < model.nframes

    def arranged(values):
        out = np.zeros(model.nv)
        out[order] = values
        return out

    for state, found in zip(states, witness(urdf, states, selection)[1]):
        q = pin.integrate(model, pin.neutral(model), arranged(state["q"]))
        qd = arranged(state["qd"])
        agree("inverse dynamics", found["tau"], pin.rnea(model, data, q, qd, arranged(state["qdd"]))[order])
        agree("forward dynamics", found["qdd"], pin.aba(model, data, q, qd, arranged(state["tau"]))[order])
        upper = np.triu(pin.crba(model, data, q))
        mass = upper + np.triu(upper, 1).T
        agree("mass matrix", found["mass_matrix"], mass[np.ix_(order, order)])
        jacobian = pin.computeFrameJacobian(model, data, q, link, pin.LOCAL_WORLD_ALIGNED)
        agree("Jacobian", found["jacobian"], jacobian[:, order])
        pin.forwardKinematics(model, data, q, qd)
        placement = pin.updateFramePlacement(model, data, link)
        agree("position", found["position"], placement.translation)
        agree("rotation", found["rotation"], placement.rotation)


def test_what_pinocchio_reads_is_read(witness):
    """Every description of the package example-robot-data: what its author wrote beside the dynamics refuses no file."""
    read = 0
    for file in files("example-robot-data"):
        path = Path(file.locate())
        if path.suffix != ".urdf":
            continue
        try:
            model = pin.buildModelFromUrdf(str(path))
        except ValueError:
            continue
        if model.nframes > 1:
            read += 1
            assert witness(path, [], {"joints": []})[0] == []
    assert read > 50
