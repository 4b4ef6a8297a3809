"""The arm is led by hand over ROS, and what is recorded is a demonstration."""

import math
import pathlib
import re
import subprocess

import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from ros_support import JOINTS, PROGRAM, REST, ROOT, Client, StillRobot, controller, deadline, environment, patient
from std_srvs.srv import SetBool

# The joint that the hand moves, how far, and how long that takes.
MOVED, FAR, TAKES = 5, 0.4, 1.6


def hand(since):
    """Displacement and velocity of the joint after so many seconds: away and back again, at rest before and after."""
    if not 0.0 < since < TAKES:
        return 0.0, 0.0
    turn = 2.0 * math.pi / TAKES
    return 0.5 * FAR * (1.0 - math.cos(turn * since)), 0.5 * FAR * turn * math.sin(turn * since)


def seconds(stamp):
    return stamp.sec + 1e-9 * stamp.nanosec


class LedRobot(StillRobot):
    """The hand leads it from the instant `begin` on."""

    begin = None

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.newest = 0.0
        self.edit = self.led

    def led(self, message):
        self.newest = seconds(message.header.stamp)
        displacement, velocity = hand(self.newest - self.begin) if self.begin else (0.0, 0.0)
        message.position[MOVED] += displacement
        message.velocity[MOVED] = velocity
        return message

    def lead(self):
        """Leads the arm, and waits until it rests again."""
        self.begin = self.newest + 0.2
        for _ in deadline():
            if self.newest > self.begin + TAKES + 0.2:
                return


def states(path):
    """Stamps, and positions and velocities of the joints, as a reader of others finds them."""
    with open(path, "rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        found = list(reader.iter_decoded_messages(topics=["/joint_states"]))
    assert all(schema.name == "sensor_msgs/msg/JointState" for schema, *_ in found)
    return [message for *_, message in found]


@pytest.fixture
def place(tmp_path):
    env = environment()
    with Client(env) as client, LedRobot(client) as robot:
        client.listen_to_records()
        given = patient(ros__start_paused=True, ros__run_folder=str(tmp_path / "run"))
        with controller(env, given, remaps={"~/ball": "/ball"}) as process:
            yield client, robot, process, tmp_path


def call(client, name, on):
    answer = client.call(SetBool, f"{client.prefix}/{name}", SetBool.Request(data=on))
    return answer.success, answer.message


def refused(client, name, on, reason):
    success, message = call(client, name, on)
    assert not success and reason in message, message


def is_shown(client, phase):
    """Whether the newest diagnostics show the loop in this phase."""
    messages = client.received["diagnostics"]
    values = {value.key: value.value for status in messages[-1].status for value in status.values} if messages else {}
    return values.get("phase") == phase


def test_an_arm_that_is_led_by_hand_is_recorded_and_the_file_is_a_demonstration(place):
    client, robot, process, folder = place
    refused(client, "teach", True, "the node is unconfigured: activate it first")
    refused(client, "record", True, "activate it first")
    assert client.change("configure") and client.change("activate")
    refused(client, "teach", False, "the arm is not led by hand")
    refused(client, "record", True, "call ~/teach first")
    assert call(client, "teach", True) == (True, "the arm can be led by hand; trials are paused")
    refused(client, "teach", True, "already")
    resumed = client.trigger("resume")
    assert not resumed.success and resumed.message == "the arm is led by hand: end that first"
    client.wait_until(lambda: is_shown(client, "teaching"), "the mode in the diagnostics")
    refused(client, "record", False, "nothing is recorded")

    assert call(client, "record", True)[0]
    refused(client, "record", True, "a recording is under way")
    robot.lead()
    success, message = call(client, "record", False)
    assert success, message
    path = pathlib.Path(message.split(": ")[0])
    assert path == folder / "run" / "demonstrations" / "000001.mcap"
    assert "missing" not in message, message
    recorded = states(path)
    assert len(recorded) >= 10 and [state.name for state in recorded] == [JOINTS] * len(recorded)
    turn, clocks = 2.0 * math.pi / TAKES, []
    for state in recorded:
        displacement, velocity = state.position[MOVED] - REST[MOVED], state.velocity[MOVED]
        if displacement == 0.0:
            continue
        # Position and velocity belong to one instant of the hand's motion, which the stamp tells by another clock.
        cosine, sine = 1.0 - 2.0 * displacement / FAR, 2.0 * velocity / (FAR * turn)
        assert abs(math.hypot(cosine, sine) - 1.0) < 1e-9
        clocks.append(seconds(state.header.stamp) - math.atan2(sine, cosine) % (2.0 * math.pi) / turn)
    assert len(clocks) >= 5 and max(clocks) - min(clocks) < 0.1, (len(clocks), min(clocks), max(clocks))
    assert not any(state.effort for state in recorded)

    # Of a robot that reports nothing there is nothing to record.
    robot.silent.set()
    assert call(client, "record", True)[0]
    refused(client, "record", False, "at least 10 are needed")
    robot.silent.clear()

    assert call(client, "teach", False)[0]
    client.wait_until(lambda: is_shown(client, "idle"), "the hold in the diagnostics")
    assert not client.received["trials"]

    # What is under way as the run ends is kept too.
    assert call(client, "teach", True)[0] and call(client, "record", True)[0]
    robot.lead()
    assert client.change("deactivate")
    process.wait_for_line("demonstrations/000002.mcap: ")
    assert len(states(folder / "run" / "demonstrations" / "000002.mcap")) >= 10

    # What was said is a configuration that learns from the recording.
    text = (ROOT / "config" / "stroke.yaml").read_text().replace("../urdf", str(ROOT / "urdf"))
    before, rest = text.split("        horizon: 35")
    _, after = rest.split("        feedback: ")
    advice = message.split("      stroke:\n")[1]
    assert re.search(r"horizon: \d+ .*\n +demonstration: {recording: .*000001.mcap\"}\n +recording: {begin: \d", advice), advice
    advice = advice.replace("{begin: ", "{longest_gap: 10.0, begin: ")
    shown = folder / "shown.yaml"
    shown.write_text(f"{before}{advice}\n        feedback: {after}".replace("evaluation_strokes: ", "evaluation_strokes: 1 # "))
    options = ["--iterations", "0", "--realtime-strokes", "0", "--out", folder / "learned"]
    done = subprocess.run([PROGRAM, "dry-run", "--config", shown, *options], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


def test_no_hand_leads_the_arm_during_a_trial_or_in_the_safe_state(place):
    client, _, _, _ = place
    assert client.change("configure") and client.change("activate")
    assert client.trigger("resume").success
    client.wait_until(lambda: is_shown(client, "ready"), "an arm that waits for its trigger")
    refused(client, "teach", True, "a trial is under way: pause, and ask again once the arm is home")
    assert client.trigger("stop").success
    client.wait_until(lambda: is_shown(client, "idle"), "the end of the trial")
    refused(client, "teach", True, "the robot is stopped: reset_fault first")
    assert client.trigger("pause").success and client.trigger("reset_fault").success
    assert call(client, "teach", True)[0]
    # A stop ends the mode, as it ends everything.
    assert client.trigger("stop").success
    client.wait_until(lambda: is_shown(client, "idle"), "the end of the mode")
    refused(client, "record", True, "the robot is stopped: reset_fault first")
