"""Learns the first stroke that `moto_controller init` writes for public robots, and prints the results as a table.

Run it with `.venv/bin/python`: the robots' descriptions come from the package example-robot-data (PyPI), which
`scripts/setup.sh` installs. Nothing is edited between `init` and `dry-run`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import files
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Name in the table: URDF in the package.
ROBOTS = {
    "Franka Panda with its hand, 7 joints": "panda_description/urdf/panda.urdf",
    "UFACTORY xArm 7, 7 joints": "xarm_description/urdf/xarm7.urdf",
    "Universal Robots UR5, 6 joints": "ur_description/urdf/ur5_robot.urdf",
    "Universal Robots UR10, 6 joints": "ur_description/urdf/ur10_robot.urdf",
    "Kinova Jaco 2, 6 joints": "kinova_description/robots/kinova.urdf",
    "Unitree Z1, 6 joints and gripper": "z1_description/urdf/z1.urdf",
    "SO-101, 5 joints and gripper": "so_arm_description/urdf/so101.urdf",
    "Rethink Baxter, an arm, 7 joints": "baxter_description/urdf/baxter.urdf",
    "PAL TALOS, an arm, 6 joints": "talos_data/robots/talos_left_arm.urdf",
    "iCub, torso and an arm, 10 joints": "icub_description/robots/icub.urdf",
    "SoftBank Romeo, trunk and an arm, 8 joints": "romeo_description/urdf/romeo.urdf",
    "Unitree G1, waist and an arm, 10 joints": "g1_description/urdf/g1_29dof_with_hand_rev_1_0.urdf",
    "PAL TIAGo, lift (prismatic) and arm, 8 joints": "tiago_description/robots/tiago_no_hand.urdf",
    "Solo 12, a leg, 3 joints": "solo_description/robots/solo12.urdf",
    "HyQ, a leg, 3 joints": "hyq_description/robots/hyq_no_sensors.urdf",
    "Finger of TriFinger, 3 joints": "finger_edu_description/robots/finger_edu.urdf",
    "ASR double pendulum, 2 joints": "asr_twodof_description/urdf/TwoDofs.urdf",
}


def description(name):
    """Path of a file of the package example-robot-data."""
    found = next(file for file in files("example-robot-data") if str(file).endswith(f"example-robot-data/robots/{name}"))
    return Path(found.locate()).resolve()


def learn(program, robot, seed, out):
    """Success of the mean action, episodes to half of successes with exploration, and the first complaint, if any."""
    name = re.sub(r"\W+", "_", robot).lower()
    folder = out / f"{name}-{seed}"
    folder.mkdir(parents=True)
    config = folder / "robot.yaml"
    env = {**os.environ, "RAYON_NUM_THREADS": "1", "RUST_LOG": "error"}

    def run(*words):
        return subprocess.run([program, *map(str, words)], capture_output=True, text=True, env=env)

    made = run("init", "--urdf", description(ROBOTS[robot]), "--out", config)
    if made.returncode:
        return None, None, made.stderr.strip()
    done = run("dry-run", "--config", config, "--seed", seed, "--realtime-strokes", 0, "--out", folder / "run")
    success = re.search(r"^success: ([\d.]+)$", done.stdout, re.MULTILINE)
    metrics = folder / "run" / "metrics.jsonl"
    lines = map(json.loads, metrics.read_text().splitlines()) if metrics.exists() else ()
    half = next((line["episodes"] for line in lines if line["success"] >= 0.5), None)
    error = "" if success else done.stderr.strip().splitlines()[-1]
    return float(success[1]) if success else None, half, error


def row(robot, seeds, results):
    successes = [success for success, _, _ in results]
    shown = ", ".join("ended" if success is None else f"{success:.2f}" for success in successes)
    halves = ", ".join("-" if half is None else str(half) for _, half, _ in results)
    return f"| {robot} | {shown} | {halves} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "target/release/moto_controller", type=Path, help="[%(default)s]")
    parser.add_argument("--seeds", default=[1, 2, 3], type=int, nargs="+", help="[1 2 3]")
    parser.add_argument("--only", default="", help="robots whose name contains this")
    parser.add_argument("--jobs", default=os.cpu_count(), type=int, help="runs at the same time [%(default)s]")
    parser.add_argument("--out", default=ROOT / "runs/first_strokes", type=Path, help="folder to make [%(default)s]")
    given = parser.parse_args()
    robots = [robot for robot in ROBOTS if given.only.lower() in robot.lower()]
    with ThreadPoolExecutor(given.jobs) as pool:
        runs = {
            robot: [pool.submit(learn, given.program, robot, seed, given.out) for seed in given.seeds] for robot in robots
        }
        print(f"| robot | success of the mean action after 300 strokes, seeds {', '.join(map(str, given.seeds))} "
              "| strokes to 50 % with exploration |\n|---|---|---|")
        learned = 0
        for robot, futures in runs.items():
            results = [future.result() for future in futures]
            print(row(robot, given.seeds, results), flush=True)
            for seed, (_, _, error) in zip(given.seeds, results):
                if error:
                    print(f"seed {seed} of {robot}: {error}", file=sys.stderr)
            learned += all(success is not None and success >= 0.95 for success, _, _ in results)
    print(f"\n{learned} of {len(robots)} robots reach 0.95 on every seed")


if __name__ == "__main__":
    main()
