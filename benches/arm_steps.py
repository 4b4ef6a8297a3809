"""Steps per second of the table-tennis arm: ours, alone and four in step, and MuJoCo's mj_step, turn by turn in one run.

Same model (drives' armature, damping, base springs), same integrator (implicitfast is semi-implicit Euler with implicit
damping), no contacts, no constraints; MuJoCo steps in C. Both fall from rest again and again, so that nothing comes to
a stop. Needs the packages of tests/python/requirements.txt.
"""

import json
import statistics
import subprocess
import time
from pathlib import Path

import mujoco
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
URDF = ROOT / "urdf" / "table_tennis_arm.urdf"
ROUNDS = 9
TASK = {
    "armature": [2.0, 2.0, 2.0, 0.15, 0.15, 0.1, 0.1, 0.02, 0.02],
    "stiffness": [1500.0, 1500.0, 1500.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    "rest": [0.0, 0.0, 0.0, -0.8, -0.6, 0.3, 1.3, 1.2, 0.8],
    "dt": 0.002,
    "steps": 600,
    "motions": 300,
}


def ours():
    command = ["cargo", "run", "--quiet", "--release", "--example", "arm_steps", "--", str(URDF), json.dumps(TASK)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)


def mujocos_model():
    spec = mujoco.MjSpec.from_file(str(URDF))
    spec.option.timestep = TASK["dt"]
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONSTRAINT | mujoco.mjtDisableBit.mjDSBL_CONTACT
    model = spec.compile()
    model.dof_armature[:], model.jnt_stiffness[:] = TASK["armature"], TASK["stiffness"]
    return model, mujoco.MjData(model)


def mujocos(model, data):
    start = time.perf_counter()
    for _ in range(TASK["motions"]):
        data.qpos[:], data.qvel[:] = TASK["rest"], 0.0
        mujoco.mj_step(model, data, nstep=TASK["steps"])
    return time.perf_counter() - start, data.qpos.copy()


def main():
    model, data = mujocos_model()
    steps = TASK["steps"] * TASK["motions"]
    ours(), mujocos(model, data)  # builds the example, warms both up
    rounds = {}
    for _ in range(ROUNDS):
        ways, (their_seconds, their_q) = ours(), mujocos(model, data)
        for way in ways:
            np.testing.assert_allclose(way["q"], their_q, rtol=1e-9, atol=1e-12)
            rate = way["arms"] * steps / way["seconds"]
            rounds.setdefault(way["arms"], []).append((rate, steps / their_seconds, rate * their_seconds / steps))
    for arms, figures in rounds.items():
        our_rate, their_rate, ratio = map(statistics.median, zip(*figures))
        ratios = [ratio for *_, ratio in figures]
        print(f"{arms} in step: ours {our_rate:.0f} steps/s, MuJoCo {mujoco.__version__} {their_rate:.0f} steps/s")
        print(f"ratio: {ratio:.2f} (median of {ROUNDS} rounds; {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
