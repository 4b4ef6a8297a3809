"""What the node and `init` take from the robot itself: its description, its joints, its posture."""

import contextlib

import pytest
import yaml
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros_support import JOINTS, PROGRAM, REST, ROOT, Client, Process, StillRobot, arguments, controller, environment, patient
from std_msgs.msg import String

ARM = (ROOT / "urdf" / "table_tennis_arm.urdf").read_text()
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def describe(client, text, topic="/robot_description", qos=LATCHED):
    """Publishes a description, as robot_state_publisher does."""
    client.node.create_publisher(String, topic, qos).publish(String(data=text))


def described(tmp_path, **more):
    return patient(robot__urdf="topic", ros__run_folder=str(tmp_path / "run"), **more)


def test_the_description_comes_from_the_robot_and_stays_with_the_run(tmp_path):
    env = environment()
    text = ARM + "<!-- as the robot has it -->\n"
    with Client(env) as client:
        describe(client, text, "/left/description")
        given = described(tmp_path, control__trigger="task", run__evaluation_strokes=1)
        with controller(env, given, remaps={"robot_description": "/left/description"}) as process:
            process.wait_for_line("the node is up")
            assert client.change("configure") and client.change("shutdown"), process.output()
            assert process.wait() == 0, process.output()
    assert (tmp_path / "run" / "robot.urdf").read_text() == text
    assert "urdf: robot.urdf" in (tmp_path / "run" / "config.yaml").read_text()
    # Nobody publishes it any more.
    with Process([PROGRAM, "evaluate", tmp_path / "run"], env) as process:
        assert process.wait() == 0, process.output()


@pytest.mark.parametrize(
    "text, qos, reasons",
    [
        (None, LATCHED, ["no robot description on the topic /robot_description within", "nobody publishes there", "ros.description_topic"]),
        (ARM, QoSProfile(depth=1), ["no robot description on the topic /robot_description", "/client (not transient local)"]),
        ("<robot name='arm'>\n<link/>\n</robot>", LATCHED, ["what came on /robot_description:2: ", "a link has no name"]),
        (ARM.replace('"j5"', '"elbow"'), LATCHED, ["robot.joints[7]", "j5"]),
    ],
    ids=["silence", "too early", "no URDF", "a joint is missing"],
)
def test_a_description_that_cannot_be_used_is_refused_in_words(text, qos, reasons, tmp_path):
    env = environment()
    # What is not there does not come in any time.
    wait = 1.0 if text is None or qos is not LATCHED else 30.0
    with Client(env) as client:
        if text is not None:
            describe(client, text, qos=qos)
        with controller(env, described(tmp_path, ros__connect_timeout=wait)) as process:
            assert process.wait() == 1, process.output()
    assert all(reason in process.output() for reason in reasons), process.output()


def test_a_node_that_waits_for_its_description_ends_at_once(tmp_path):
    with controller(environment(), described(tmp_path, ros__connect_timeout=600.0)) as process:
        process.wait_for_line("waiting for the robot description on /robot_description")
        process.process.terminate()
        assert process.wait() == 0, process.output()


def init(env, *more):
    return Process([PROGRAM, "init", "--from-robot", *more], env)


def test_init_asks_the_robot_for_its_description_its_joints_and_where_they_are(tmp_path):
    env, out = environment(), tmp_path / "mine.yaml"
    with Client(env) as client, StillRobot(client):
        describe(client, ARM)
        with init(env, "--out", out, "--timeout", "60") as process:
            assert process.wait() == 0, process.output()
        # What it wrote is a configuration that a node accepts, with the description of the robot too.
        given = described(tmp_path, ros__connect_timeout=60.0)
        with Process([PROGRAM, "run", "--config", out, *arguments(given)], env) as process:
            process.wait_for_line("the node is up")
    assert (tmp_path / "mine.urdf").read_text() == ARM
    written = yaml.safe_load(out.read_text())["moto_controller"]["ros__parameters"]
    assert written["robot"]["joints"] == JOINTS and written["robot"]["urdf"] == "mine.urdf"
    assert written["control"]["start_posture"] == REST


@pytest.mark.parametrize(
    "text, position, more, reasons",
    [
        (None, None, [], ["no message on the topic /robot_description", "--description-topic"]),
        (ARM, None, [], ["no message on the topic /joint_states", "nobody publishes there", "--joint-states-topic"]),
        (ARM, 3.2, [], ["joint j4 is at 3.2 rad, expected -", "its bounds less a margin of 0.05 rad"]),
        ("<robot", None, ["--joint-states-topic", "/there"], ["no message on the topic /there"]),
        ("<robot", 0.0, [], ["the description received"]),
    ],
    ids=["no description", "no joint states", "out of bounds", "another topic", "no URDF"],
)
def test_init_says_what_the_robot_lacks(text, position, more, reasons, tmp_path):
    env = environment()
    wait = "60" if position is not None else "2"
    with Client(env) as client, contextlib.ExitStack() as robot:
        if text:
            describe(client, text)
        if position is not None:
            still = robot.enter_context(StillRobot(client))
            still.position[JOINTS.index("j4")] = position
        with init(env, "--out", tmp_path / "mine.yaml", "--timeout", wait, *more) as process:
            assert process.wait() == 1, process.output()
    assert all(reason in process.output() for reason in reasons), process.output()
    assert not list(tmp_path.iterdir())
