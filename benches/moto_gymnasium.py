"""A task of ours as a Gymnasium environment: `moto_controller environment EXPERIMENT` on a pipe.

Actions are in units of the first policy's standard deviations. An episode ends with `terminated` at the horizon, which is the end
of the task. The observation has the time, scaled to 0 to 1, as its last entry.
"""

import json
import subprocess

import gymnasium
import numpy as np


class MotoEnvironment(gymnasium.Env):
    """One process of `program`, which runs as long as the environment is open."""

    metadata = {"render_modes": []}
    render_mode = None

    def __init__(self, experiment, seed=1, program="target/release/moto_controller", widest=10.0):
        command = [str(program), "environment", experiment, "--seed", str(seed)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        sizes = self._answer()
        self.horizon, self.scale = sizes["horizon"], np.array(sizes["action_scale"])
        self.action_space = gymnasium.spaces.Box(-widest, widest, (sizes["action_dim"],), np.float64)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (sizes["state_dim"] + 1,), np.float64)
        self.episode = self.step_index = 0

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("moto_controller environment has ended; its standard error says why")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def _ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _observation(self, answer):
        return np.append(answer["state"], self.step_index / self.horizon)

    def reset(self, *, seed=None, options=None):
        """Begins the next episode. A seed chooses the episode of that number."""
        super().reset(seed=seed)
        self.episode = self.episode + 1 if seed is None else seed
        self.step_index = 0
        return self._observation(self._ask({"reset": self.episode})), {}

    def step(self, action):
        answer = self._ask({"step": (np.asarray(action) * self.scale).tolist()})
        self.step_index += 1
        return self._observation(answer), answer["reward"], answer["over"], False, {}

    def close(self):
        """Ends the process, which ends with its input."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()
