"""The launch files: what they resolve to, and the main job started by one of them.

They are run by `ros2 launch` where there is one, and by play_launch elsewhere.
"""

import json

from launch_support import PLAY_LAUNCH, env, left_behind, remaps, resolve  # noqa: F401
from ros_support import Process, environment


def test_dry_run_resolves_to_two_nodes_that_agree(env, tmp_path):
    nodes = resolve(env, tmp_path, "dry_run.launch.py", "clock:=wall", "iterations:=3", "seed:=7", "setting:=context")
    assert set(nodes) == {"/moto_controller", "/simulated_arm"}
    controller, arm = nodes["/moto_controller"], nodes["/simulated_arm"]
    for node, command in ((controller, "run"), (arm, "simulate")):
        assert node["exec"] == node["pkg"] == "moto_controller"
        assert node["args"][:2] == [command, "--config"] and node["args"][2].endswith("config/table_tennis.yaml")
        assert node["params"]["ros.clock"] == "wall" and node["params"]["run.seed"] == 7
        assert node["params"]["task.table_tennis.setting"] == "context"
        assert remaps(node) == {"~/ball": "ball"}
    assert controller["params"]["run.iterations"] == 3 and controller["params"]["ros.exit_when_done"] is True
    assert controller["params"]["ros.serve_service"] == "simulated_arm/serve"
    assert controller["on_exit"] == "shutdown"


def test_the_robots_launch_file(env, tmp_path):
    given = ("ball:=/tracker/ball", "joint_states:=/arm/joint_states", "autostart:=true", "use_sim_time:=true")
    nodes = resolve(env, tmp_path, "moto_controller.launch.py", *given)
    node = nodes["/moto_controller"]
    assert remaps(node) == {"joint_states": "/arm/joint_states", "~/ball": "/tracker/ball"}
    assert node["params"]["use_sim_time"] is True and node["params"]["ros.autostart"] is True
    # The file of the node itself is handed over whole.
    assert "velocity_cutoff" in json.dumps(node["params_files"])
    moved = resolve(env, tmp_path, "moto_controller.launch.py", "namespace:=left")
    assert set(moved) == {"/left/moto_controller"}


def test_the_controller_inside_ros2_control(env, tmp_path):
    """ros2_control is on no registry: what the launch file resolves to with mock hardware."""
    nodes = resolve(env, tmp_path, "ros2_control.launch.py", "run_folder:=/tmp/mine", "reset_faults:=true")
    by_package = {}
    for node in nodes.values():
        by_package.setdefault(node["pkg"], []).append(node)
    assert set(by_package) == {"robot_state_publisher", "controller_manager"}
    assert "mock_components/GenericSystem" in by_package["robot_state_publisher"][0]["params"]["robot_description"]
    (moto,) = [node for node in by_package["controller_manager"] if "moto" in node.get("args", [])]
    given = " ".join(moto["args"])
    assert "table_tennis_1khz.yaml" in given and "run_folder:='/tmp/mine'" in given and "reset_faults:=true" in given


def test_the_main_job(env, tmp_path):
    """Controller and arm, two processes in lockstep: the return improves, everything is on disk, nothing is left behind."""
    folder = tmp_path / "run"
    marked = dict(env, ROS_DOMAIN_ID=environment()["ROS_DOMAIN_ID"], MOTO_TEST=str(tmp_path))
    command = ["ros2", "launch"]
    if PLAY_LAUNCH:
        command = [env["LAUNCHER"], "launch", "--disable-all", "--log-dir", str(tmp_path / "log")]
    iterations, rollouts = 8, 20
    command += ["moto_controller", "dry_run.launch.py", f"iterations:={iterations}", f"rollouts:={rollouts}", f"run_folder:={folder}"]
    with Process(command, marked) as process:
        assert process.process.wait(900) == 0, process.output()
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == iterations
    returns = [line["return"]["mean"] for line in lines]
    noise = lines[0]["return_std"] * (2 / rollouts) ** 0.5
    assert sum(returns[-2:]) / 2 > returns[0] + 2 * noise, returns
    # The strokes of the learning, and those without noise at the end.
    trials = list((folder / "trials").glob("*.mcap"))
    assert len(trials) == iterations * rollouts + 10
    assert list((folder / "checkpoints").iterdir())
    assert not left_behind(marked["MOTO_TEST"])
