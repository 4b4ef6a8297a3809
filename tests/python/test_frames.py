"""The frames and descriptions of a trial, read by the reference reader and checked against Pinocchio."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pinocchio
import pytest
import yaml
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from short_run import short_run

CLOSE = 1e-9


@pytest.fixture(scope="module", params=["table_tennis", "wam_table_tennis", "reach"])
def trial(request, tmp_path_factory):
    """A trial's messages by topic, its qualities of service, and the folder of its run."""
    folder = short_run(tmp_path_factory.mktemp("runs"), f"{request.param}.yaml", iterations=1, rollouts=2)
    messages, quality = {}, {}
    with open(folder / "trials/000001.mcap", "rb") as stream:
        for _, channel, raw, message in make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()]).iter_decoded_messages():
            messages.setdefault(channel.topic, []).append((raw.log_time, message))
            quality[channel.topic] = channel.metadata["offered_qos_profiles"]
    return messages, quality, folder


def pose(transform):
    translation, rotation = transform.translation, transform.rotation
    turn = pinocchio.Quaternion(rotation.w, rotation.x, rotation.y, rotation.z)
    return pinocchio.SE3(turn, np.array([translation.x, translation.y, translation.z]))


def frames(*transforms):
    """Poses in the world of all frames of a tree."""
    below = {t.child_frame_id: (t.header.frame_id, pose(t.transform)) for t in transforms}
    (root,) = {parent for parent, _ in below.values()} - set(below)
    placed = {root: pinocchio.SE3.Identity()}

    def place(name):
        if name not in placed:
            parent, own = below[name]
            placed[name] = place(parent) * own
        return placed[name]

    for name in below:
        place(name)
    return root, placed


def test_frames_are_where_the_kinematics_puts_the_links(trial):
    messages, _, folder = trial
    (_, static), = messages["/tf_static"]
    model = pinocchio.buildModelFromXML(messages["/robot_description"][0][1].data)
    data = model.createData()
    config = yaml.safe_load((folder / "config.yaml").read_text())["moto_controller"]["ros__parameters"]
    joints = dict(messages["/joint_states"])
    assert len(messages["/tf"]) > 10
    for time, moving in messages["/tf"]:
        q = pinocchio.neutral(model)
        for name, value in config["robot"]["locked"].items():
            q[model.joints[model.getJointId(name)].idx_q] = value
        for name, value in zip(joints[time].name, joints[time].position, strict=True):
            q[model.joints[model.getJointId(name)].idx_q] = value
        pinocchio.framesForwardKinematics(model, data, q)
        _, placed = frames(*static.transforms, *moving.transforms)
        base = placed[next(iter(ElementTree.fromstring(messages["/robot_description"][0][1].data).iter("link"))).get("name")]
        bodies = [frame for frame in model.frames if frame.type == pinocchio.BODY]
        assert len(bodies) > 2
        for frame in bodies:
            found, wanted = placed[frame.name].homogeneous, (base * data.oMf[model.getFrameId(frame.name)]).homogeneous
            assert np.abs(found - wanted).max() < CLOSE, frame.name


def test_the_arm_stands_where_the_task_places_it(trial):
    messages, _, folder = trial
    task = yaml.safe_load((folder / "config.yaml").read_text())["moto_controller"]["ros__parameters"]["task"]
    base = task.get("table_tennis", {}).get("base", {"position": [0, 0, 0], "yaw": 0})
    root, placed = frames(*messages["/tf_static"][0][1].transforms, *messages["/tf"][0][1].transforms)
    robot = ElementTree.fromstring(messages["/robot_description"][0][1].data)
    children = {joint.find("child").get("link") for joint in robot.iter("joint")}
    (link,) = {link.get("name") for link in robot.iter("link")} - children
    assert root == "world"
    assert np.abs(placed[link].translation - base["position"]).max() < CLOSE
    turn = pinocchio.rpy.rpyToMatrix(0, 0, base["yaw"])
    assert np.abs(placed[link].rotation - turn).max() < CLOSE


def test_the_scene_is_a_description_in_the_frames_of_the_trial(trial):
    messages, _, _ = trial
    scene = ElementTree.fromstring(messages["/scene_description"][0][1].data)
    links = {link.get("name") for link in scene.iter("link")} - {"world"}
    _, placed = frames(*messages["/tf_static"][0][1].transforms, *messages["/tf"][0][1].transforms)
    assert links and links <= set(placed)
    assert all(link.find("visual/geometry")[0].tag in ("box", "sphere", "cylinder") for link in scene.iter("link") if link.get("name") != "world")
    still = {j.find("child").get("link"): j for j in scene.iter("joint") if j.get("type") == "fixed"}
    for name, joint in still.items():
        at = [float(x) for x in joint.find("origin").get("xyz").split()]
        assert np.abs(placed[name].translation - at).max() < CLOSE
    if "/ball" in messages:
        balls = dict(messages["/ball"])
        for time, moving in messages["/tf"]:
            (ball,) = [pose(t.transform) for t in moving.transforms if t.child_frame_id == "scene_ball"]
            seen = balls[time].pose.pose.position
            assert list(ball.translation) == [seen.x, seen.y, seen.z]
    else:
        assert any(name.startswith("scene_target") for name in links)


def test_frames_come_at_a_screen_s_rate_and_what_stays_is_told_to_whoever_comes_late(trial):
    messages, quality, _ = trial
    times = np.array([time for time, _ in messages["/tf"]])
    assert np.diff(times)[:-1].min() >= 10_000_000
    assert times[-1] == messages["/joint_states"][-1][0]
    for topic in ("/tf_static", "/robot_description", "/scene_description"):
        assert len(messages[topic]) == 1 and messages[topic][0][0] == messages["/joint_states"][0][0]
        (profile,) = yaml.safe_load(quality[topic])
        assert (profile["durability"], profile["reliability"], profile["history"]) == ("transient_local", "reliable", "keep_last")
