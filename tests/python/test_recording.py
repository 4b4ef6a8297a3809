"""A demonstration out of a rosbag2 file, written by other people's MCAP writer and CDR serializer."""

import subprocess
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.writer import CompressionType
from mcap_ros2.decoder import DecoderFactory
from mcap_ros2.writer import Writer

from built import program

ROOT = Path(__file__).resolve().parents[2]
JOINTS = ["bx", "by", "bz", "j1", "j2", "j3", "j4", "j5", "j6"]
# As `ros2 bag record` puts the definitions of a type and of those it is made of into one text.
LINE = "=" * 80
HEADER = "builtin_interfaces/Time stamp\nstring frame_id\n"
TIME = "int32 sec\nuint32 nanosec\n"
JOINT_STATE = f"""std_msgs/Header header
string[] name
float64[] position
float64[] velocity
float64[] effort
{LINE}
MSG: std_msgs/Header
{HEADER}{LINE}
MSG: builtin_interfaces/Time
{TIME}"""
# The robot's clock is not the recorder's.
STAMPED, LOGGED, PERIOD = 1_700_000_000_250_000_000, 1_700_000_007_000_000_000, 2_000_000
REST = 250


def learn(folder, demonstration, use_efforts):
    """Two strokes of the first policy from this demonstration, with the exploration noise of the seed."""
    shipped = (ROOT / "config" / "stroke.yaml").read_text().replace("../urdf/", f"{ROOT / 'urdf'}/")
    (points,) = [line for line in shipped.splitlines(True) if "- {time: 0.5" in line]
    text = shipped.replace("          via_points:\n" + points, demonstration).replace("evaluation_strokes: 30", "evaluation_strokes: 1")
    folder.mkdir()
    (folder / "mine.yaml").write_text(text.replace("{use_efforts}", str(use_efforts).lower()))
    sizes = ["--iterations", "1", "--rollouts", "2", "--realtime-strokes", "0"]
    command = [program(), "dry-run", "--config", folder / "mine.yaml", "--out", folder / "run", *sizes]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def states(path):
    with path.open("rb") as file:
        found = make_reader(file, decoder_factories=[DecoderFactory()]).iter_decoded_messages(topics=["/joint_states"])
        return [message for *_, message in found]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A stroke of the shipped arm."""
    folder = tmp_path_factory.mktemp("shown") / "one"
    points = "          via_points:\n            - {time: 0.5, link: racket, position: [-1.45, -0.15, 0.95], velocity: [1.5, 0.6, 0.3]}\n"
    made = learn(folder, points, True)
    assert made.returncode == 0, made.stderr
    return folder / "run" / "trials" / "000001.mcap"


def record(path, shown, keep=lambda row: True, rest=REST):
    """The stroke as a bag: some time at rest before it, joints of other devices, and topics of other types."""
    rows = states(shown)
    order = [8, 2, 0, 5, 7, 1, 3, 6, 4]
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType.NONE)
        joints = writer.register_msgdef("sensor_msgs/msg/JointState", JOINT_STATE)
        text = writer.register_msgdef("std_msgs/msg/String", "string data\n")
        writer.write_message("/robot_description", text, {"data": "<robot/>"}, LOGGED, LOGGED)
        for number in range(-rest, len(rows)):
            state = rows[max(number, 0)]
            at = number * PERIOD
            stamp = dict(zip(("sec", "nanosec"), divmod(STAMPED + at, 10**9), strict=True))
            header = {"stamp": stamp, "frame_id": ""}
            effort = list(state.effort) or list(rows[-2].effort)
            pick = lambda values, more: [values[j] for j in order] + [more]  # noqa: E731
            message = {
                "header": header,
                "name": pick(JOINTS, "finger"),
                "position": pick(state.position, 0.04),
                "velocity": pick(state.velocity, 0.0),
                "effort": pick(effort, 0.0),
            }
            logged = LOGGED + at + 300_000 * (number % 3)
            if number < 0 or keep(number):
                writer.write_message("/arm/joint_states", joints, message, logged, logged)
            lonely = {"header": header, "name": ["wheel"], "position": [1.0], "velocity": [], "effort": []}
            writer.write_message("/base/joint_states", joints, lonely, logged, logged)
        writer.finish()


BAG = """          recording: {path}
        recording: {{topic: /arm/joint_states, begin: {begin}, use_efforts: {{use_efforts}}}}
"""


def apart(one, other):
    rows = zip(states(one), states(other), strict=True)
    return max(abs(a - b) for mine, theirs in rows for a, b in zip(mine.position, theirs.position, strict=True))


def shows(folder, path, use_efforts, form=BAG, begin=REST * PERIOD * 1e-9):
    made = learn(folder, form.format(path=path, begin=begin), use_efforts)
    assert made.returncode == 0, made.stderr
    return folder / "run" / "trials" / "000001.mcap"


def test_a_bag_shows_what_the_trial_shows_that_it_was_made_of(shown, tmp_path):
    record(tmp_path / "bag.mcap", shown, rest=0)
    direct = "          recording: {path}\n        recording: {{use_efforts: {{use_efforts}}}}\n"
    trial = shows(tmp_path / "trial", shown, True, direct)
    bag = shows(tmp_path / "bag", tmp_path / "bag.mcap", True, begin=0.0)
    # Stamps are rounded to a fraction of a microsecond.
    assert apart(bag, trial) < 1e-6


def test_joint_states_that_were_lost_change_little_and_a_hole_is_refused(shown, tmp_path):
    record(tmp_path / "whole.mcap", shown)
    whole = shows(tmp_path / "whole", tmp_path / "whole.mcap", False)
    # Two of three, and 20 ms at once.
    record(tmp_path / "thin.mcap", shown, lambda row: row % 3 == 2 and not 100 < row < 110)
    thin = shows(tmp_path / "thin", tmp_path / "thin.mcap", False)
    assert apart(thin, whole) < 1e-2
    record(tmp_path / "torn.mcap", shown, lambda row: not 100 < row < 200)
    made = learn(tmp_path / "torn", BAG.format(path=tmp_path / "torn.mcap", begin=0.5), False)
    assert made.returncode == 1
    assert "without gaps above recording.longest_gap, 0.1 s: there is one of 0.200 s after 0.200 s" in made.stderr, made.stderr
