"""An independent simulator as the robot: MuJoCo steps the arm from the project's URDF behind an rclpy node."""

import json
import math
import re
import threading
import time
from importlib.metadata import files

import mujoco
import numpy as np
import pytest
import yaml
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_support import JOINTS, PATIENCE, PROGRAM, REST, ROOT, Client, Process, arguments, controller, deadline, environment
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool

PERIOD = 0.002
ARMATURE = [2.0, 2.0, 2.0, 0.15, 0.15, 0.1, 0.1, 0.02, 0.02]
STIFFNESS = [1500.0, 1500.0, 1500.0] + [0.0] * 6


def model(text):
    """A robot's dynamics, without geometry and contacts."""
    for shapes in ("visual", "collision"):
        text = re.sub(rf"<{shapes}\b.*?</{shapes}>", "", text, flags=re.S)
    compiler = '<mujoco><compiler fusestatic="false" discardvisual="false" balanceinertia="false"/></mujoco>'
    robot = mujoco.MjModel.from_xml_string(text.replace("</robot>", compiler + "</robot>"))
    robot.opt.timestep = PERIOD
    robot.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    return robot


def table_tennis_arm():
    """The arm, with what a URDF cannot say."""
    arm = model((ROOT / "urdf" / "table_tennis_arm.urdf").read_text())
    for index, name in enumerate(JOINTS):
        joint = arm.joint(name)
        arm.dof_armature[joint.dofadr[0]] = ARMATURE[index]
        arm.jnt_stiffness[joint.id] = STIFFNESS[index]
    return arm


class MujocoRobot:
    """In lockstep: one step for each command that answers the newest state. The ball flies by the plane it is struck in.
    A driver that compensates adds gravity and Coriolis forces to the efforts."""

    def __init__(self, client, arm=None, joints=JOINTS, rest=REST, compensates=False):
        self.arm = arm or table_tennis_arm()
        self.joints, self.compensates = joints, compensates
        self.data = mujoco.MjData(self.arm)
        self.q = [self.arm.joint(name).qposadr[0] for name in joints]
        self.v = [self.arm.joint(name).dofadr[0] for name in joints]
        # Away from rest, so that there is something to home.
        self.data.qpos[self.q] = np.array(rest) + 0.05
        self.ticks = 500
        self.log = []
        # What a hand does to the joints.
        self.hand = np.zeros(len(joints))
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self.states = client.node.create_publisher(JointState, "/joint_states", reliable)
        self.ball = client.node.create_publisher(Odometry, "/ball", reliable)
        client.node.create_subscription(Float64MultiArray, "/effort_controller/commands", self.command, reliable)
        # A state that found nobody is reported again.
        client.node.create_timer(0.1, self.again)
        self.lock = threading.Lock()
        self.heard = False

    def stamp(self):
        nanoseconds = self.ticks * 2_000_000
        return nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000

    def command(self, message):
        second, nanosecond = self.stamp()
        if message.layout.dim[0].label != f"{second}.{nanosecond:09d}":
            return
        with self.lock:
            self.heard = True
            effort = np.array(message.data)
            self.log.append((self.ticks, self.data.qpos[self.q].copy(), self.data.qvel[self.v].copy(), effort))
            mujoco.mj_step1(self.arm, self.data)
            added = self.data.qfrc_bias[self.v] if self.compensates else 0.0
            self.data.qfrc_applied[self.v] = effort + self.hand + added
            mujoco.mj_step2(self.arm, self.data)
            self.ticks += 1
        self.report()

    def again(self):
        if not self.heard:
            self.report()
        self.heard = False

    def report(self):
        state, ball = JointState(name=self.joints[::-1]), Odometry()
        for header in (state.header, ball.header):
            header.stamp.sec, header.stamp.nanosec = self.stamp()
        state.position = self.data.qpos[self.q].tolist()[::-1]
        state.velocity = self.data.qvel[self.v].tolist()[::-1]
        # Toward the robot at 3 m/s, again every 2 s of simulated time.
        ball.header.frame_id, ball.pose.pose.orientation.w = "world", 1.0
        point = ball.pose.pose.position
        point.x, point.y, point.z = 1.3 - 3.0 * math.fmod(self.ticks * PERIOD, 2.0), 0.1, 1.1
        ball.twist.twist.linear.x = -3.0
        self.ball.publish(ball)
        self.states.publish(state)


def recording(path):
    """The joint states of a trial's cycles: positions and the efforts sent."""
    with open(path, "rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        states = [message for *_, message in reader.iter_decoded_messages(topics=["/joint_states"])]
    return np.array([s.position for s in states]), np.array([s.effort for s in states if len(s.effort)])


def in_lockstep(tmp_path, **more):
    """Parameters of a node that starts by itself and waits for the robot at each step."""
    given = {"ros.clock": "lockstep", "ros.autostart": True, "ros.connect_timeout": 60.0}
    return {**given, "ros.run_folder": str(tmp_path / "run"), **{name.replace("__", "."): v for name, v in more.items()}}


@pytest.fixture
def run(tmp_path):
    env = environment()
    given = in_lockstep(
        tmp_path, ros__exit_when_done=True, run__iterations=1, run__rollouts=3, run__realtime_strokes=1
    )
    with Client(env) as client:
        client.listen_to_records()
        robot = MujocoRobot(client)
        with controller(env, given, remaps={"~/ball": "/ball"}) as process:
            assert process.wait() == 0, process.output()
        client.wait_until(lambda: len(client.received["trials"]) >= 4, "four trials")
    return robot, tmp_path / "run", [json.loads(message.data) for message in client.received["trials"]]


def test_strokes_on_mujoco_are_recorded_as_the_robot_saw_them(run):
    robot, folder, trials = run
    assert [trial["end"]["kind"] for trial in trials] == ["completed"] * 4 and trials[-1]["evaluation"]
    ticks = np.array([entry[0] for entry in robot.log])
    position = np.array([entry[1] for entry in robot.log])
    effort = np.array([entry[3] for entry in robot.log])
    # It was homed: somewhere before the first stroke the arm rests in its start posture.
    assert np.abs(position - REST).max(axis=1).min() < 0.02
    for path in sorted((folder / "trials").glob("*.mcap")):
        positions, sent = recording(path)
        cycles = len(positions) - 1
        assert cycles == 300
        # The recording is a piece of what the robot went through, to the bit.
        starts = [i for i in range(len(ticks) - cycles) if np.array_equal(position[i : i + cycles], positions[:cycles])]
        assert len(starts) == 1, path
        assert np.array_equal(effort[starts[0] : starts[0] + cycles], sent[:cycles])
    assert np.abs(effort).max() > 50.0


def test_an_arm_of_mujoco_floats_under_the_hand_that_leads_it(tmp_path):
    env = environment()
    given = in_lockstep(tmp_path, ros__start_paused=True)
    with Client(env) as client:
        robot = MujocoRobot(client)

        def call(name, on):
            answer = client.call(SetBool, f"{client.prefix}/{name}", SetBool.Request(data=on))
            assert answer.success, answer.message
            return answer.message

        def wait_for(cycles):
            begin = len(robot.log)
            for _ in deadline():
                time.sleep(0.001)
                if len(robot.log) >= begin + cycles:
                    return robot.log[-1][1]

        with controller(env, given, remaps={"~/ball": "/ball"}):
            client.wait_until_active()
            call("teach", True)
            # Nobody touches it, and it stays where it is, by the dynamics of another program.
            before = wait_for(1500)
            assert np.abs(wait_for(500) - before).max() < 2e-3
            call("record", True)
            moved = 4
            robot.hand[moved] = 2.0
            for _ in deadline():
                if robot.log[-1][1][moved] > before[moved] + 0.3:
                    break
            robot.hand[moved] = 0.0
            # Let go, it comes to rest.
            rest = wait_for(1500)
            assert np.abs(wait_for(100) - rest).max() < 2e-3
            path = call("record", False).split(": ")[0]
            call("teach", False)
    positions, efforts = recording(path)
    seen = np.array([entry[1] for entry in robot.log])
    starts = [i for i in range(len(seen) - len(positions) + 1) if np.array_equal(seen[i : i + len(positions)], positions)]
    assert len(starts) == 1 and len(positions) > 1600 and len(efforts) == 0
    assert np.ptp(positions[:, moved]) > 0.3


def test_a_panda_of_mujoco_learns_its_strike(tmp_path):
    """The example of a user's robot, through the node: its driver adds gravity and Coriolis forces, as Franka's does."""
    example = yaml.safe_load((ROOT / "examples/strokes/panda_strike.yaml").read_text())
    settings = example["moto_controller"]["ros__parameters"]
    found = next(file for file in files("example-robot-data") if str(file).endswith("panda_description/urdf/panda.urdf"))
    description = found.locate().read_text()
    # The hand is part of the arm's last body, as `robot.locked` has it.
    panda = model(re.sub(r'(<joint name="panda_finger_joint\d" type=)"prismatic"', r'\1"fixed"', description))
    joints = settings["robot"]["joints"]
    panda.dof_armature[:] = settings["robot"]["arm"]["armature"]
    settings["robot"]["urdf"] = str(found.locate())
    settings["control"]["return"]["duration"] = 0.5
    settings["run"] = {"seed": 11, "iterations": 6, "rollouts": 12, "evaluation_strokes": 1, "realtime_strokes": 1}
    config = tmp_path / "panda.yaml"
    config.write_text(yaml.safe_dump(example))
    given, env = in_lockstep(tmp_path, ros__exit_when_done=True), environment()
    with Client(env) as client:
        client.listen_to_records()
        MujocoRobot(client, panda, joints, settings["control"]["start_posture"], compensates=True)
        with Process([PROGRAM, "run", "--config", str(config), *arguments(given)], env) as process:
            # Nearly a minute on a machine that has nothing else to do.
            assert process.wait(10 * PATIENCE) == 0, process.output()
        trials = [json.loads(message.data) for message in client.received["trials"]]
    missed = [trial["distance"] for trial in trials if trial["distance"] is not None]
    # It began 8 cm beside the point.
    assert np.mean(missed[:12]) > 0.06 and missed[-1] < 0.03, missed
