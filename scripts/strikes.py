"""Writes an experiment of first strokes on ten public robots, as `moto_controller init` sets them up: nothing is edited, and
all have the same learner.

    .venv/bin/python scripts/strikes.py --out strikes
    target/release/moto_controller experiment strikes/strikes.yaml

The robots' descriptions come from the package example-robot-data (PyPI), which `scripts/setup.sh` installs.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import yaml

from first_strokes import ROBOTS, ROOT, description

# Of the robots of first_strokes.py: arms on a table, arms of humanoids, legs, a lift, few joints and many.
CHOSEN = ["Panda", "xArm 7", "UR5", "Jaco", "Z1", "TALOS", "iCub", "TIAGo", "HyQ", "double pendulum"]


def variant(program, robot, out):
    """The variant of a robot; init writes its configuration to the folder."""
    config = out / f"{robot.split(',')[0].lower().replace(' ', '_')}.yaml"
    made = subprocess.run(
        [program, "init", "--urdf", description(ROBOTS[robot]), "--out", config], capture_output=True, text=True
    )
    if made.returncode:
        sys.exit(f"{robot}: {made.stderr.strip()}")
    (node,) = yaml.safe_load(config.read_text()).values()
    settings = node["ros__parameters"]
    return {
        "label": robot.split(",")[0],
        "task": {"robot": {"config": config.name}},
        "method": settings["learner"],
        "rollouts": settings["run"]["rollouts"],
        "iterations": settings["run"]["iterations"],
        "thresholds": [0.8, 0.95],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "target/release/moto_controller", type=Path, help="[%(default)s]")
    parser.add_argument("--seeds", default=16, type=int, help="number of seeds [%(default)s]")
    parser.add_argument("--first-seed", default=1, type=int, help="[%(default)s]")
    parser.add_argument("--out", default=Path("strikes"), type=Path, help="folder to make [%(default)s]")
    given = parser.parse_args()
    given.out.mkdir(parents=True)
    robots = [next(robot for robot in ROBOTS if name in robot) for name in CHOSEN]
    experiment = {
        "name": "strikes",
        "title": "First strokes of ten robots",
        "seeds": given.seeds,
        "first_seed": given.first_seed,
        "measures": ["success", "rollouts_success"],
        "variants": [variant(given.program, robot, given.out) for robot in robots],
    }
    path = given.out / "strikes.yaml"
    path.write_text(yaml.safe_dump(experiment, sort_keys=False))
    print(f"written: {path}; next: moto_controller experiment {path}")


if __name__ == "__main__":
    main()
