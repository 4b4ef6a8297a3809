"""What the controller makes of a robot's messages, good and bad, and what it sends."""

import json
import math
import re

import pytest
from ros_support import (
    JOINTS,
    PROGRAM,
    ROOT,
    Client,
    Process,
    StillRobot,
    arguments,
    controller,
    deadline,
    environment,
    patient,
)
from std_msgs.msg import Empty, Float64MultiArray

# What holds the arm in its rest posture, by its masses: 82 N on bz, -11 N m on j2.
HOLDING = {"bz": 82.0, "j2": -11.0}


@pytest.fixture
def robot(tmp_path):
    """A controller that holds a still robot's rest posture."""
    env = environment()
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"))
    with Client(env) as client, StillRobot(client, "moto_controller/ball") as robot:
        client.listen_to_records()
        robot.commands = client.listen_to_commands()
        with controller(env, given) as robot.process:
            client.wait_until_active()
            holds(robot)
            yield robot


def holds(robot):
    """Waits until the efforts are those that hold the rest posture, joint by joint."""

    def holding():
        if not robot.commands:
            return False
        effort = dict(zip(JOINTS, robot.commands[-1].data))
        return all(abs(effort[joint] - value) < 0.1 * abs(value) for joint, value in HOLDING.items()) and abs(effort["bx"]) < 5.0

    robot.client.wait_until(holding, "the efforts that hold the arm")


def is_safe(robot):
    robot.client.wait_until(lambda: all(x == 0.0 for x in robot.commands[-1].data), "zero efforts")


def diagnosed(robot, part, text):
    def said():
        newest = robot.client.received["diagnostics"][-1:]
        return any(part in status.name and text in status.message for array in newest for status in array.status)

    robot.client.wait_until(said, f"a diagnostic {text!r} of the {part}")


def reset(robot):
    for _ in deadline():
        if robot.client.trigger("reset_fault").success:
            break
    holds(robot)


def test_joints_are_matched_by_name(robot):
    order = [7, 2, 0, 8, 4, 1, 6, 3, 5]

    def shuffle(message):
        message.name = ["gripper"] + [JOINTS[i] for i in order] + ["wheel"]
        message.position = [9.0] + [message.position[i] for i in order] + [-9.0]
        message.velocity = [9.0] + [message.velocity[i] for i in order] + [-9.0]
        return message

    robot.edit = shuffle
    seen = len(robot.commands)
    robot.client.wait_until(lambda: len(robot.commands) > seen + 200, "further commands")
    holds(robot)
    assert not any("fault" in line or "safe command" in line for line in robot.process.lines)


@pytest.mark.parametrize(
    "what, reason",
    [
        ("nan", "the position of joint j5 is NaN"),
        ("size", "have 9 names, but 8 positions"),
    ],
)
def test_what_cannot_be_used_stops_the_robot(robot, what, reason):
    def spoil(message):
        if what == "nan":
            message.position[JOINTS.index("j5")] = math.nan
        else:
            message.position = message.position[:-1]
        return message

    robot.edit = spoil
    is_safe(robot)
    robot.process.wait_for_line(reason)
    diagnosed(robot, "robot", reason)
    robot.edit = lambda message: message
    reset(robot)


def test_another_devices_joint_states_are_no_concern(robot):
    other = robot.client.node.create_publisher(type(robot.edit(_joint_state())), "/joint_states", 10)
    for _ in range(20):
        other.publish(_joint_state())
    seen = len(robot.commands)
    robot.client.wait_until(lambda: len(robot.commands) > seen + 200, "further commands")
    holds(robot)


def _joint_state():
    from sensor_msgs.msg import JointState

    return JointState(name=["wheel"], position=[math.nan], velocity=[])


@pytest.mark.parametrize("pacing", ["timer", "robot"])
def test_silence_stops_the_robot(tmp_path, pacing):
    """A loop that the robot paces goes on by itself where no joint state comes."""
    env = environment()
    more = {"control__pacing": pacing, "control__watchdog__max_state_age": 2.0}
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"), **more)
    with Client(env) as client, StillRobot(client, "moto_controller/ball") as robot:
        client.listen_to_records()
        robot.commands = client.listen_to_commands()
        with controller(env, given) as robot.process:
            client.wait_until_active()
            holds(robot)
            robot.silent.set()
            is_safe(robot)
            robot.process.wait_for_line("the newest joint state is")
            assert not client.trigger("start").success
            robot.silent.clear()
            reset(robot)


def test_signs_offsets_and_units(tmp_path):
    env = environment()
    signs = [1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0]
    offset = [0.1 * i for i in range(9)]
    scale = [2.0] * 9
    given = patient(
        ros__autostart=True,
        ros__run_folder=str(tmp_path / "run"),
        ros__joints__names=[f"axis_{name}" for name in JOINTS],
        ros__joints__sign=signs,
        ros__joints__offset=offset,
        ros__joints__effort_scale=scale,
        ros__joints__velocity="derived",
        ros__joints__velocity_cutoff=10.0,
    )
    with Client(env) as client, StillRobot(client, "moto_controller/ball") as robot:

        def count(message):
            message.name = [f"axis_{name}" for name in message.name]
            message.position = [s * q + o for s, q, o in zip(signs, message.position, offset)]
            message.velocity = []
            return message

        robot.edit = count
        commands = client.listen_to_commands()
        with controller(env, given):
            def holding():
                effort = dict(zip(JOINTS, commands[-1].data)) if commands else {}
                return all(
                    abs(effort.get(joint, 0.0) - signs[JOINTS.index(joint)] * 2.0 * value) < 0.2 * abs(value)
                    for joint, value in HOLDING.items()
                )

            client.wait_until(holding, "the efforts in the robot's count")


def test_two_controllers_in_two_namespaces_and_remaps(tmp_path):
    env = environment()
    with Client(env, namespace="/left", name="left_client") as left, Client(env, "striker", "/right", "right_client") as right:
        with StillRobot(left, "/left/ball", namespace="/left"), StillRobot(right, "/right/moving_ball", namespace="/right"):
            commands = left.listen_to_commands(), right.listen_to_commands("torques")
            file = tmp_path / "right.yaml"
            file.write_text("/right/striker:\n  ros__parameters: {ros.command_topic: torques}\n")
            of_left = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "left"))
            of_right = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "right"))
            of_left_only = {"__ns": "/left", "~/ball": "ball"}
            of_right_only = {"__ns": "/right", "__node": "striker", "~/ball": "moving_ball"}
            with controller(env, of_left, remaps=of_left_only) as one:
                with controller(env, of_right, remaps=of_right_only, files=[file]) as other:
                    for client, heard in zip((left, right), commands):
                        client.wait_until_active()
                        client.wait_until(lambda: heard and any(heard[-1].data), f"commands to {client.namespace}")
                    assert left.trigger("stop").success
                    left.wait_until(lambda: not any(commands[0][-1].data), "zero efforts on the left")
                    seen = len(commands[1])
                    right.wait_until(lambda: len(commands[1]) > seen + 100 and any(commands[1][-1].data), "efforts on the right")
                    assert left.state() == right.state() == "active", one.output() + other.output()


def test_the_ball_is_asked_for_on_a_topic(tmp_path):
    """As in Gazebo, whose world serves when it hears an empty message."""
    env = environment()
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"), ros__serve_topic="serve")
    with Client(env) as client, StillRobot(client, "moto_controller/ball"):
        asked = client.listen("serves", Empty, "/serve")
        commands = client.listen_to_commands()
        with controller(env, given):
            client.wait_until(lambda: asked, "the node asks for the ball")
            assert len(asked) == 1
            client.wait_until(lambda: commands and any(commands[-1].data), "efforts")


def test_without_a_listener_on_the_serve_topic_nothing_starts(tmp_path):
    env = environment()
    given = patient(ros__run_folder=str(tmp_path / "run"), ros__serve_topic="serve", ros__connect_timeout=0.5)
    with Client(env) as client, StillRobot(client, "moto_controller/ball"):
        with controller(env, given) as process:
            assert client.change("configure") and not client.change("activate")
            process.wait_for_line("serve did not answer")


def test_an_observed_value_that_is_too_old_ends_the_stroke_by_its_name(tmp_path):
    """Two values, one of which may be older than the other; the one that may not falls silent in the midst of a stroke."""
    env = environment()
    shipped = (ROOT / "config" / "stroke.yaml").read_text().replace("../urdf/", f"{ROOT / 'urdf'}/")
    settings, _ = shipped[shipped.index("      stroke:\n") :].split("\n    learner:\n")
    observe = "[{name: puck, size: 1, max_age: 1.0}, {name: wind, size: 2}]"
    stroke = f"      stroke: {{horizon: 40, demonstration: hold, observe: {observe}, reward: [{{effort: 1.0e-4}}]}}\n"
    config = tmp_path / "mine.yaml"
    config.write_text(shipped.replace(settings, stroke))
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"))
    # Strokes of 6 s.
    given.update({"control.max_missed_share": 1.0, "control.decimation": 75})
    with Client(env) as client, StillRobot(client) as robot:
        client.listen_to_records()
        values = {name: client.node.create_publisher(Float64MultiArray, f"{client.prefix}/{name}", 10) for name in ("puck", "wind")}

        def observed(message):
            for name, publisher in list(values.items()):
                publisher.publish(Float64MultiArray(data=[0.0] * (1 + (name == "wind"))))
            return message

        def statuses():
            return [status for array in client.received["diagnostics"] for status in array.status]

        def stroke_is_seen():
            return any(value.key == "phase" and value.value == "stroke" for status in statuses() for value in status.values)

        def reasons():
            ends = [json.loads(message.data)["end"] for message in client.received["trials"]]
            return [end["reason"] for end in ends if end["kind"] == "invalid"]

        robot.edit = observed
        with Process([PROGRAM, "run", "--config", config, *arguments(given)], env):
            client.wait_until_active()
            for _ in deadline():
                client.trigger("start")
                if stroke_is_seen():
                    break
            del values["puck"]
            for _ in deadline():
                # On a machine that stalls the stroke may be over by now: then the next has no puck.
                client.trigger("start")
                if reasons():
                    break
            assert re.fullmatch(r"puck is .*s old, allowed are 1s", reasons()[0]), reasons()

            def diagnosed():
                # Another stroke may have ended since.
                wanted = {f"the last trial was left out: {reason}" for reason in reasons()}
                return any(status.message in wanted for status in statuses())

            client.wait_until(diagnosed, "the reason in the diagnostics")
            assert any(value.key == "age of puck [s]" for status in statuses() for value in status.values)
