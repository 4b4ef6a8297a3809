"""Learning curves of stable-baselines3 and sb3-contrib on our tasks, through the step protocol. Run by hand, in an environment of its
own, because PyTorch is large:

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install gymnasium stable-baselines3 sb3-contrib torch --extra-index-url https://download.pytorch.org/whl/cpu
    cargo build --release
    /tmp/peers/bin/python benches/peers.py trpo 4a --steps 1000000 --seeds 3 --out benches/data/peers.csv

TRPO's settings are those of our own (`moto_learners::trpo`); the others' are the library's. A row is the mean undiscounted return of
the episodes since the row before, exploration included.
"""

import argparse
import csv
import time
from pathlib import Path

from moto_gymnasium import MotoEnvironment
from sb3_contrib import TRPO, CrossQ
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

COLUMNS = ["experiment", "label", "seed", "episodes", "rollouts_return"]


class Curve(BaseCallback):
    """Writes a row after every so many episodes."""

    def __init__(self, writer, file, row, every):
        super().__init__()
        self.writer, self.file, self.row, self.every = writer, file, row, every
        self.returns, self.episodes = [], 0

    def _on_step(self):
        for info in self.locals["infos"]:
            if "episode" in info:
                self.returns.append(info["episode"]["r"])
                self.episodes += 1
                if len(self.returns) == self.every:
                    self.writer.writerow([*self.row, self.episodes, f"{sum(self.returns) / self.every:.6g}"])
                    self.file.flush()
                    self.returns = []
        return True


def learner(name, environment, seed):
    common = {"seed": seed, "device": "cpu"}
    if name == "trpo":
        return TRPO(
            "MlpPolicy", environment, n_steps=1024, cg_max_steps=10, cg_damping=0.1, target_kl=0.01, gamma=0.99, gae_lambda=0.98,
            n_critic_updates=5, batch_size=64, learning_rate=1e-3, line_search_shrinking_factor=0.5, line_search_max_iter=10,
            sub_sampling_factor=5, policy_kwargs={"net_arch": [32, 32]}, **common,
        )
    return {"ppo": PPO, "sac": SAC, "crossq": CrossQ}[name]("MlpPolicy", environment, **common)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learner", choices=["trpo", "ppo", "sac", "crossq"])
    parser.add_argument("experiment", help="4a, 4b or 3a: the task of that experiment")
    parser.add_argument("--steps", type=int, required=True, help="number of environment steps")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=50, help="episodes of a row")
    parser.add_argument("--program", default="target/release/moto_controller")
    parser.add_argument("--out", type=Path, required=True, help="a CSV file; rows are added to it")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    begun = arguments.out.exists()
    with arguments.out.open("a", newline="") as file:
        writer = csv.writer(file)
        if not begun:
            writer.writerow(COLUMNS)
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            made = lambda seed=seed: Monitor(MotoEnvironment(arguments.experiment, seed, arguments.program))  # noqa: E731
            environment = VecNormalize(DummyVecEnv([made]), norm_reward=arguments.learner in ("trpo", "ppo"))
            row = [arguments.experiment, f"{arguments.learner.upper()}, stable-baselines3", seed]
            start = time.monotonic()
            model = learner(arguments.learner, environment, seed)
            model.learn(arguments.steps, callback=Curve(writer, file, row, arguments.every))
            print(f"{arguments.learner} {arguments.experiment} seed {seed}: {time.monotonic() - start:.0f} s")
            environment.close()


if __name__ == "__main__":
    main()
