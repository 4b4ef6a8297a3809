"""What the tests of launch files share: the package as it is installed, and a program that runs launch files."""

import os
import pathlib
import shutil
import subprocess

import pytest
import yaml
from ros_support import PROGRAM, ROOT, environment

PLAY_LAUNCH = None if shutil.which("ros2") else ROOT / "scripts" / "setup_play_launch.sh"


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """An environment in which the package is installed, as colcon would do it."""
    prefix = tmp_path_factory.mktemp("prefix")
    share, program = prefix / "share" / "moto_controller", prefix / "lib" / "moto_controller" / "moto_controller"
    for folder in ("launch", "config", "urdf"):
        shutil.copytree(ROOT / folder, share / folder)
    shutil.copy(ROOT / "package.xml", share)
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "moto_controller").touch()
    program.parent.mkdir(parents=True)
    program.symlink_to(PROGRAM)
    env = environment()
    path = [str(prefix), env["AMENT_PREFIX_PATH"]]
    if PLAY_LAUNCH:
        launcher = pathlib.Path(subprocess.check_output([PLAY_LAUNCH], text=True).strip())
        home = launcher.parents[1]
        env["LAUNCHER"] = str(launcher)
        env["LD_LIBRARY_PATH"] = f"{home / 'lib'}:{env['LD_LIBRARY_PATH']}"
        path.insert(1, str(home))
    env["AMENT_PREFIX_PATH"] = ":".join(path)
    return env


def resolve(env, tmp_path, file, *arguments):
    """The nodes of a launch file, by name."""
    if not PLAY_LAUNCH:
        pytest.skip("ros2 launch cannot say what a launch file resolves to")
    out = tmp_path / "resolved.yaml"
    command = [env["LAUNCHER"], "resolve", "moto_controller", file, "-o", str(out), *arguments]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return yaml.safe_load(out.read_text())["structure"]["nodes"]


def remaps(node):
    return {entry["from"]: entry["to"] for entry in node["remaps"]}


def left_behind(mark):
    """Processes that carry the mark in their environment."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"MOTO_TEST={mark}".encode() in (process / "environ").read_bytes().split(b"\0") and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" "))
        except OSError:
            continue
    return found
