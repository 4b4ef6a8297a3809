"""The launch file for Gazebo, with a stand-in for Gazebo (`gazebo_stand_in.py`): what it starts, that it learns there, and how it
ends whatever is missing."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

import pytest
import yaml
from importlib.metadata import files
from launch_support import PLAY_LAUNCH, env, left_behind, resolve  # noqa: F401
from mcap.reader import make_reader
from ros_support import ROOT, Process, environment

STAND_IN = pathlib.Path(__file__).with_name("gazebo_stand_in.py")
# What each package's program does. Topics are those of the stand-in, so that nothing is left to bridge or to spawn.
PROGRAMS = {
    ("robot_state_publisher", "robot_state_publisher"): "exec sleep 1000",
    ("ros_gz_bridge", "parameter_bridge"): "exec sleep 1000",
    ("ros_gz_sim", "create"): "exit 0",
    ("controller_manager", "spawner"): "exit 0",
}


@pytest.fixture(scope="module")
def gazebo(env, tmp_path_factory):  # noqa: F811
    """An environment with the packages that the launch file starts programs of, and with `gz`."""
    if not PLAY_LAUNCH:
        pytest.skip("a real ROS 2 has programs of these names")
    prefix = tmp_path_factory.mktemp("gazebo")
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    programs = {prefix / "lib" / package / program: does for (package, program), does in PROGRAMS.items()}
    programs[prefix / "bin" / "gz"] = f"exec {shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))} \"$@\""
    for path, does in programs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)
        if path.parent.name != "bin":
            (index / path.parent.name).touch()
            (prefix / "share" / path.parent.name).mkdir(exist_ok=True)
    return dict(env, AMENT_PREFIX_PATH=f"{prefix}:{env['AMENT_PREFIX_PATH']}", PATH=f"{prefix / 'bin'}:{env['PATH']}")


def test_gazebo_gets_robot_world_and_controllers(gazebo, tmp_path):
    nodes = resolve(gazebo, tmp_path, "gazebo.launch.py", "speed:=0.5", "rollouts:=3", f"files:={tmp_path / 'files'}")
    by_program = {node.get("pkg", node["exec"]): node for node in nodes.values()}
    server = nodes["/gz"]
    assert server["args"][:3] == ["sim", "-s", "-r"] and server["on_exit"] == "shutdown"
    assert "<real_time_factor>0.5<" in pathlib.Path(server["args"][3]).read_text()
    # Window and server are processes of their own, and not heard by those of another launch.
    assert nodes["/gz_window"]["args"] == ["sim", "-g"]
    assert any(entry["name"] == "GZ_PARTITION" for entry in server["env"])
    bridge = by_program["ros_gz_bridge"]["args"]
    assert "/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock" in bridge and "/ball@nav_msgs/msg/Odometry[gz.msgs.Odometry" in bridge
    # From ROS to Gazebo: the world serves when it is told to.
    assert "/serve@std_msgs/msg/Empty]gz.msgs.Empty" in bridge
    described = by_program["robot_state_publisher"]["params"]["robot_description"]
    assert "gz_ros2_control/GazeboSimSystem" in described and str(tmp_path / "files" / "controllers.yaml") in described
    spawner = by_program["controller_manager"]["args"]
    assert spawner[:2] == ["joint_state_broadcaster", "effort_controller"] and "--controller-manager-timeout" in spawner
    parameters = by_program["moto_controller"]["params"]
    # Whatever is missing is said within half a minute.
    assert parameters["ros.connect_timeout"] <= 25 and float(spawner[-1]) <= 25
    assert parameters["ros.ball.source"] == "odometry_position" and parameters["run.rollouts"] == 3
    assert "run.iterations" not in parameters
    without = resolve(gazebo, tmp_path, "gazebo.launch.py", "headless:=true")
    assert "/gz_window" not in without


def launch(gazebo, folder, missing, *arguments):
    """Launches; gives the time it took and what the controller said."""
    there = dict(gazebo, ROS_DOMAIN_ID=environment()["ROS_DOMAIN_ID"], STAND_IN=missing, MOTO_TEST=str(folder))
    command = [gazebo["LAUNCHER"], "launch", "--disable-all", "--log-dir", str(folder / "log"), "moto_controller", "gazebo.launch.py"]
    command += ["headless:=true", f"run_folder:={folder / 'run'}", f"files:={folder / 'files'}", *arguments]
    begun = time.monotonic()
    with Process(command, there) as process:
        process.process.wait(300)
    said = process.output() + "".join(path.read_text(errors="replace") for path in (folder / "log").rglob("node/*/*") if path.name in ("out", "err"))
    assert not left_behind(there["MOTO_TEST"])
    return time.monotonic() - begun, said


# What is missing, and what is said of it.
FAILURES = {
    "server": "Exited with code|exited",
    "clock": "nothing came on /clock",
    "robot": "no message on the topic joint_states",
    "ball": "no message on the topic ball",
    "controllers": "nobody listens to the commands",
    "steady world": "clock on /clock went back",
    "one clock": "/clock has 2 publishers.*left_behind",
}


def test_whatever_is_missing_the_launch_ends_with_a_message(gazebo, tmp_path):
    """All at once: they do little but wait."""

    def fail(missing):
        folder = tmp_path / missing.replace(" ", "_")
        folder.mkdir()
        return launch(gazebo, folder, missing, "timeout:=10.0")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        ended = dict(zip(FAILURES, pool.map(fail, FAILURES)))
    for missing, (_, said) in ended.items():
        assert re.search(FAILURES[missing], said), f"{missing}:\n{said}"


def test_a_configuration_that_is_refused_is_said_at_once(gazebo, tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text("moto_controller: {ros__parameters: {robot: {urdf: nowhere.urdf}}}\n")
    command = [gazebo["LAUNCHER"], "resolve", "moto_controller", "gazebo.launch.py", "-o", str(tmp_path / "out"), f"config:={config}"]
    done = subprocess.run(command, env=gazebo, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "could not be written" in done.stdout + done.stderr and "bad.yaml" in done.stdout + done.stderr


def test_the_controller_learns_there(gazebo, tmp_path):
    """Every trial is served, triggered in time and kept, on a ball whose reported velocity is nonsense."""
    iterations, rollouts = 3, 12
    _, said = launch(gazebo, tmp_path, "", f"iterations:={iterations}", f"rollouts:={rollouts}", "timeout:=60.0")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == iterations, said
    returns = [line["return"]["mean"] for line in lines]
    noise = lines[0]["return_std"] * (2 / rollouts) ** 0.5
    assert returns[-1] > returns[0] + noise, returns


def test_a_trial_that_the_world_did_not_wait_for_is_left_out_and_told(gazebo, tmp_path):
    """During the first stroke the world is at times six periods ahead of the loop."""
    _, said = launch(gazebo, tmp_path, "an even pace", "iterations:=1", "rollouts:=2", "timeout:=60.0")
    told = re.search(r"(\d+) of (\d+) trials were left out; the last one: .*A simulation that is too fast", said)
    assert told and 1 <= int(told[1]) <= int(told[2]) - 2, said
    trials = [metadata(trial) for trial in sorted((tmp_path / "run" / "trials").iterdir())]
    assert trials[0]["end"]["kind"] == "invalid" and "period" in trials[0]["end"]["reason"], trials[0]


def metadata(trial):
    """What is stored of a trial beside its messages."""
    with open(trial, "rb") as stream:
        return json.loads(next(record.metadata["trial"] for record in make_reader(stream).iter_metadata()))


def test_a_robot_of_ones_own_makes_its_strokes_there(gazebo, tmp_path):
    """A Panda whose driver adds gravity and Coriolis forces: in Gazebo the node adds the latter. The plants agree: the demonstration
    passes 8 cm beside the point, as in a dry run."""
    example = yaml.safe_load((ROOT / "examples/strokes/panda_strike.yaml").read_text())
    settings = example["moto_controller"]["ros__parameters"]
    found = next(file for file in files("example-robot-data") if str(file).endswith("panda_description/urdf/panda.urdf"))
    settings["robot"]["urdf"] = str(found.locate())
    settings["control"]["return"]["duration"] = 0.5
    settings["run"] = {"seed": 11, "iterations": 1, "rollouts": 4, "evaluation_strokes": 1, "realtime_strokes": 1}
    config = tmp_path / "panda.yaml"
    config.write_text(yaml.safe_dump(example))
    _, said = launch(gazebo, tmp_path, "", f"config:={config}", "timeout:=60.0")
    run = tmp_path / "run"
    assert (run / "trials").is_dir(), said
    trials = [metadata(trial) for trial in sorted((run / "trials").iterdir())]
    # A stall of the machine may cost a trial, which is then made again.
    assert len(trials) >= 5 and all(trial["end"]["kind"] != "fault" for trial in trials), said
    missed = [trial["distance"] for trial in trials if not trial["evaluation"]]
    assert 0.04 < sum(missed) / len(missed) < 0.14, missed
    stored = yaml.safe_load((run / "config.yaml").read_text())["moto_controller"]["ros__parameters"]
    assert stored["robot"]["compensates"] == ["gravity"]
