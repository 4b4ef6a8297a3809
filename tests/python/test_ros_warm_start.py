"""A run over ROS starts from what a dry run learned, where that means the same on the robot."""

import json
import shutil
import subprocess

import pytest
from ros_support import PROGRAM, ROOT, controller, environment, simulated_arm

BALL = {"~/ball": "ball"}


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """The folder of a dry run of two iterations."""
    place = tmp_path_factory.mktemp("dry_run")
    for folder in ("config", "urdf"):
        shutil.copytree(ROOT / folder, place / folder)
    config = place / "config" / "table_tennis.yaml"
    config.write_text(config.read_text().replace("      iterations: 60\n", "      iterations: 2\n      evaluation_strokes: 2\n"))
    command = [PROGRAM, "dry-run", "--rollouts", "4", "--realtime-strokes", "0", "--out", "learned"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    return place / "learned"


def job(tmp_path, learned, **more):
    return {
        "ros.clock": "lockstep",
        "ros.autostart": True,
        "ros.exit_when_done": True,
        "ros.reset_faults": True,
        "ros.connect_timeout": 60.0,
        "ros.serve_service": "simulated_arm/serve",
        "ros.run_folder": str(tmp_path / "run"),
        "ros.warm_start": str(learned),
        "run.iterations": 1,
        "run.rollouts": 3,
        "run.realtime_strokes": 0,
        **more,
    }


def test_a_dry_runs_result_is_taken_over_with_its_transitions(tmp_path, learned):
    env = environment()
    with simulated_arm(env, {"ros.clock": "lockstep"}, remaps=BALL):
        given = job(tmp_path, learned, **{"run.seed": 7, "control.homing.duration": 1.5})
        with controller(env, given, remaps=BALL) as process:
            assert process.wait() == 0, process.output()
            said = process.output()
    for part in (
        f"starts from what 2 iterations in {learned} learned",
        "control.homing.duration was 1.0, is 1.5",
        "run.rollouts was 4, is 3",
        "run.seed was 1, is 7",
        "240 transitions of its last 2 iterations are learned from too",
    ):
        assert part in said, said
    line = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[0])
    assert line["iteration"] == 1 and line["summary"]["effective_samples"]["mean"] > 3.5


@pytest.mark.parametrize(
    "more, parts",
    [
        ({"control.decimation": 5}, ["does not fit", "0.020000000 s there and 0.010000000 s here", "start from the demonstration"]),
        ({"ros.resume": "somewhere"}, ["ros.warm_start", "ros.resume (somewhere)"]),
        ({"ros.warm_start": "nowhere"}, ["nowhere does not exist"]),
    ],
)
def test_what_does_not_fit_is_refused_by_what_differs(tmp_path, learned, more, parts):
    with controller(environment(), job(tmp_path, learned, **more), remaps=BALL) as process:
        assert process.wait() == 1, process.output()
        for part in parts:
            assert part in process.output(), process.output()
    assert not (tmp_path / "run").exists()
