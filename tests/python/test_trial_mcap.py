"""A trial file as the tools of the field read it: the reference MCAP reader and ROS 2 decoder, in Python."""

import json
import math
import struct
import subprocess

import pytest
from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory

from built import example

START_NS = 1_700_000_000_250_000_000
CYCLES, STEPS, PERIOD_NS, STEP_NS = 500, 50, 2_000_000, 20_000_000


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    path = tmp_path_factory.mktemp("trial") / "trial.mcap"
    subprocess.run([example("write_trial"), path], check=True)
    return path


@pytest.fixture(scope="module")
def messages(trial):
    """Per topic, (log time, sequence, message) in the file's order."""
    found = {}
    with open(trial, "rb") as stream:
        reader = make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        for _, channel, raw, message in reader.iter_decoded_messages():
            found.setdefault(channel.topic, []).append((raw.log_time, raw.sequence, message))
    return found


def bits(values):
    return [struct.pack("<d", value) for value in values]


def test_every_record_and_checksum_reads(trial):
    with open(trial, "rb") as stream:
        names = [type(record).__name__ for record in StreamReader(stream, validate_crcs=True).records]
    assert names[0] == "Header" and names[-1] == "Footer"
    assert {"DataEnd", "Statistics", "ChunkIndex", "MetadataIndex"} <= set(names)


def test_follows_rosbag2(trial):
    with open(trial, "rb") as stream:
        reader = make_reader(stream)
        assert reader.get_header().profile == "ros2"
        summary = reader.get_summary()
    assert summary.statistics.message_start_time == START_NS
    assert summary.statistics.message_end_time == START_NS + CYCLES * PERIOD_NS
    assert {index.compression for index in summary.chunk_indexes} == {"lz4"}
    types = {}
    for channel in summary.channels.values():
        schema = summary.schemas[channel.schema_id]
        assert (schema.encoding, channel.message_encoding) == ("ros2msg", "cdr")
        assert channel.metadata == {"offered_qos_profiles": ""}
        types[channel.topic] = schema.name
    array = "std_msgs/msg/Float64MultiArray"
    per_step = ["state", "noise", "action", "sent_action", "outcome"]
    assert types == {
        "/joint_states": "sensor_msgs/msg/JointState",
        "/ball": "nav_msgs/msg/Odometry",
        "/moto/asked": array,
        "/moto/task": array,
        **{f"/moto/{name}": array for name in per_step},
    }


def test_numbers_of_messages_and_their_times(messages):
    rows = {topic: len(found) for topic, found in messages.items()}
    per_cycle = {"/joint_states": CYCLES + 1, "/ball": CYCLES + 1, "/moto/task": CYCLES + 1, "/moto/asked": CYCLES}
    per_step = {"/moto/state": STEPS + 1, "/moto/noise": STEPS, "/moto/action": STEPS}
    assert rows == {**per_cycle, **per_step, "/moto/sent_action": STEPS, "/moto/outcome": STEPS}
    for topic, found in messages.items():
        period = PERIOD_NS if topic in per_cycle else STEP_NS
        for row, (time, sequence, _) in enumerate(found):
            assert (time, sequence) == (START_NS + row * period, row)


def test_joint_states(messages):
    for row, (time, _, state) in enumerate(messages["/joint_states"]):
        assert state.header.stamp.sec * 10**9 + state.header.stamp.nanosec == time
        assert state.name == ["shoulder", "elbow"]
        t = row * PERIOD_NS * 1e-9
        assert state.position == pytest.approx([math.sin(t), math.cos(2 * t)], abs=1e-12)
        assert state.velocity == pytest.approx([math.cos(t), -2 * math.sin(2 * t)], abs=1e-12)
        last = row == CYCLES
        assert state.effort == ([] if last else pytest.approx([min(30 * t, 20), -3], abs=1e-12))


def test_the_ball_is_the_task_values_to_the_bit(messages):
    for (_, _, ball), (_, _, task) in zip(messages["/ball"], messages["/moto/task"], strict=True):
        position, velocity = ball.pose.pose.position, ball.twist.twist.linear
        values = [position.x, position.y, position.z, velocity.x, velocity.y, velocity.z]
        assert bits(values) == bits(task.data)
        assert (ball.header.frame_id, ball.child_frame_id) == ("world", "ball")
        assert ball.pose.pose.orientation.w == 1.0
        assert len(ball.pose.covariance) == 36


def test_steps(messages):
    state = [list(message.data) for _, _, message in messages["/moto/state"]]
    joints = [list(m.position) + list(m.velocity) for _, _, m in messages["/joint_states"]]
    assert state == joints[:: CYCLES // STEPS]
    outcome = [list(message.data) for _, _, message in messages["/moto/outcome"]]
    assert outcome == [[1 / (1 + step)] for step in range(STEPS)]
    assert all(list(message.data) == [0.5, -0.25] for _, _, message in messages["/moto/noise"])


def test_the_record_of_the_trial(trial):
    with open(trial, "rb") as stream:
        (record,) = [r for r in make_reader(stream).iter_metadata() if r.name == "moto_trial"]
    meta, episode = json.loads(record.metadata["trial"]), json.loads(record.metadata["episode"])
    assert meta["robot"] == "example_arm" and meta["end"] == {"kind": "completed"}
    assert meta["total_reward"] == -1.5 and meta["success"] is True
    assert (episode["joints"], episode["action_dim"], episode["format"]) == (2, 2, 2)
