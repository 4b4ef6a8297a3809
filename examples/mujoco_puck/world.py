"""An arm strikes a puck into a goal: a simulator, and judge, of one's own with MuJoCo (pip install mujoco).

One JSON line comes in for each that goes out (docs/your_programs.md).
"""

import json
import sys

import mujoco
import numpy as np

GOAL, HALF_WIDTH = np.array([1.2, 0.25]), 0.06  # m

MODEL = """
<mujoco>
  <option timestep="0.001" integrator="implicitfast"/>
  <default>
    <joint damping="0.1" armature="0.05"/>
    <geom contype="0" conaffinity="0" density="0"/>
  </default>
  <worldbody>
    <body>
      <inertial pos="0.175 0 0" mass="1.0" diaginertia="0.001 0.01 0.01"/>
      <joint name="shoulder" axis="0 0 1"/>
      <geom type="capsule" fromto="0 0 0 0.35 0 0" size="0.02"/>
      <body pos="0.35 0 0">
        <inertial pos="0.175 0 0" mass="0.6" diaginertia="0.001 0.006 0.006"/>
        <joint name="elbow" axis="0 0 1"/>
        <geom type="capsule" fromto="0 0 0 0.35 0 0" size="0.02"/>
        <geom name="mallet" type="cylinder" pos="0.35 0 0" size="0.04 0.03" contype="1" conaffinity="1"/>
      </body>
    </body>
    <body name="puck">
      <joint name="x" type="slide" axis="1 0 0" damping="0.01" armature="0"/>
      <joint name="y" type="slide" axis="0 1 0" damping="0.01" armature="0"/>
      <geom name="puck" type="cylinder" size="0.035 0.02" mass="0.1" friction="0 0 0" contype="1" conaffinity="1"
            solref="-20000 -20" condim="1"/>
    </body>
  </worldbody>
</mujoco>
"""


class World:
    def __init__(self):
        self.model = mujoco.MjModel.from_xml_string(MODEL)
        self.data = mujoco.MjData(self.model)

    def reset(self, posture):
        """Lays the puck down; the arm goes on from where it is where no posture is given."""
        arm = (posture, [0.0, 0.0]) if posture else (self.data.qpos[:2].copy(), self.data.qvel[:2].copy())
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:2], self.data.qvel[:2] = arm
        self.data.qpos[2:] = [0.42, 0.0]
        self.nearest = np.inf

    def step(self, effort, until):
        self.data.qfrc_applied[:2] = effort
        while self.data.time < until - 0.5 * self.model.opt.timestep:
            mujoco.mj_step(self.model, self.data)
            self.nearest = min(self.nearest, np.linalg.norm(self.data.qpos[2:] - GOAL))

    def answer(self, time):
        position, velocity = self.data.qpos.tolist(), self.data.qvel.tolist()
        state = {"time": time, "position": position[:2], "velocity": velocity[:2]}
        state["observed"] = position[2:] + velocity[2:]
        if time > 0.0:  # As it stands: the one at the end of the stroke counts.
            near = float(self.nearest)
            state["judgement"] = {"return": -20 * near**2, "success": near < HALF_WIDTH, "distance": near}
        return state


world = World()
for line in sys.stdin:
    question = json.loads(line)
    if "reset" in question:
        world.reset(question["reset"]["posture"])
        answer = world.answer(0.0)
    else:
        world.step(question["effort"], question["until"])
        answer = world.answer(question["until"])
    print(json.dumps(answer), flush=True)
