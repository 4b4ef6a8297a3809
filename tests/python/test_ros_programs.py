"""The user's programs over ROS: the simulated robot is one, and what it cannot be."""

import json
import signal

import pytest
from mcap.reader import make_reader
from ros_support import PROGRAM, ROOT, Process, arguments, environment

PROGRAMS = ROOT / "tests" / "programs"


def configuration(tmp_path, *program, more=""):
    """The swing-up, with a program as the simulated robot."""
    text = (ROOT / "config" / "double_link.yaml").read_text()
    robot = f"joints: [joint1, joint2]\n      simulator: {{program: [python3, {', '.join(program)}], timeout: 60.0}}\n"
    text = text.replace("../urdf/", f"{ROOT / 'urdf'}/").replace("joints: [joint1, joint2]\n", robot)
    text = text.replace("moto: {", "moto: {reuse: iterations, ").replace("    learner:\n", f"{more}    learner:\n")
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def node(name, env, config, **parameters):
    given = {name.replace("__", "."): value for name, value in parameters.items()}
    return Process([PROGRAM, name, "--config", config, *arguments(given)], env)


def learn(tmp_path, env, config):
    given = {"ros__autostart": True, "ros__exit_when_done": True, "ros__connect_timeout": 60.0, "ros__run_folder": str(tmp_path / "run")}
    sizes = {"run__iterations": 1, "run__rollouts": 2, "run__realtime_strokes": 0}
    return node("run", env, config, ros__clock="lockstep", **given, **sizes)


def test_the_simulated_robot_is_the_users_program(tmp_path):
    env = environment()
    config = configuration(tmp_path, str(PROGRAMS / "double_link.py"))
    with node("simulate", env, config, ros__clock="lockstep") as robot, learn(tmp_path, env, config) as process:
        assert process.wait() == 0, process.output() + robot.output()
        robot.signal(signal.SIGINT)
        assert robot.wait() == 0, robot.output()
    iteration = json.loads((tmp_path / "run" / "metrics.jsonl").read_text())
    assert iteration["episodes"] == 2 and not iteration["discarded"]
    trials = sorted((tmp_path / "run" / "trials").glob("*.mcap"))
    assert len(trials) == 2
    with trials[0].open("rb") as file:
        topics = {channel.topic for channel in make_reader(file).get_summary().channels.values()}
    assert "/joint_states" in topics


@pytest.mark.parametrize("clock", ["lockstep", "wall"])
def test_a_program_that_ends_again_and_again_ends_the_simulated_robot(clock, tmp_path):
    env = environment()
    config = configuration(tmp_path, str(PROGRAMS / "unruly.py"), "simulator", "die", "'20'")
    with node("simulate", env, config, ros__clock=clock) as robot:
        if clock == "lockstep":
            with learn(tmp_path, env, config) as process:
                assert robot.wait() == 1, robot.output() + process.output()
        assert robot.wait() == 1, robot.output()
    assert "the simulated robot ends: robot.simulator.program" in robot.output(), robot.output()
    assert "exit status: 7" in robot.output()


@pytest.mark.parametrize("name", ["run", "simulate"])
def test_a_simulator_does_not_judge_over_ros(name, tmp_path):
    config = configuration(tmp_path, str(PROGRAMS / "double_link.py"), more="    judge: simulator\n")
    with node(name, environment(), config) as process:
        assert process.wait() == 1
    assert "judge is simulator, expected task, operator, or a program" in process.output(), process.output()
