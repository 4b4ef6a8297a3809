"""The learner against its NumPy counterpart, on the same transitions: results and time.

`python benches/learner.py [--repetitions 15] [--problem table_tennis double_link]` prints, per problem, the ratio of the
median times of one iteration with a full store (runs interleaved) and the largest difference of the updated policies.
With `--ridge-period 8`, as shipped, our side's steps keep their ridge for eight updates, which is no longer the same
computation: the differences are then told, not judged. `--stored 20` keeps 20 batches.
NumPy solves the regression in whichever form is smaller, as the learner does, and for comparison in the plain form, feature
by feature, where that is not the smaller one. Needs numpy and scipy, and cargo to build the other side.
"""

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from moto_reference import Config, Learner

ROOT = Path(__file__).resolve().parent.parent


class Reward:
    """Action cost at every step, state cost from a step on, and an outcome's cost: what the tasks' rewards are made of."""

    def __init__(self, start, state_weights, action_weight, outcome_weight):
        self.start, self.state_weights = start, np.array(state_weights)
        self.action_weight, self.outcome_weight = action_weight, outcome_weight

    def step(self, t, s, a, following, outcome):
        cost = self.action_weight * np.sum(a**2, axis=0) + self.outcome_weight * np.sum(outcome**2, axis=0)
        return -cost - (self.state_weights @ s**2 if t >= self.start else 0.0)

    def last(self, s):
        return -self.state_weights @ s**2


class DoubleLink:
    """Two coupled pendulums hanging down, size of the double-link swing-up.

    Noise on the velocities, as on a robot: without any, cross-validation takes ridges so small that two sets of normal
    equations, solved in whatever way, agree to 1e-7 only.
    """

    name, horizon, rollouts, sigma = "double_link", 100, 20, 5.0
    config = Config(linear_penalty=1.0)
    scales = np.ones(4)
    reward = Reward(80, [1.0, 1.0, 0.1, 0.1], 1e-4, 0.0)
    actions, outcomes = 2, 0
    forms = ("smaller",)

    def start(self, rng, count):
        return np.array([np.pi, 0.0, 0.0, 0.0])[:, None] + 0.01 * rng.standard_normal((4, count))

    def advance(self, rng, t, x, a):
        for _ in range(5):
            p, v = x[:2], x[2:]
            total = p[0] + p[1]
            push = np.stack([a[0] - 0.6 * a[1], 2.2 * a[1] - 0.6 * a[0]]) * 0.4
            pull = 9.81 * np.stack([1.3 * np.sin(p[0]) + 0.4 * np.sin(total), 1.1 * np.sin(total)])
            v = v + 0.01 * (push + pull - 0.05 * v)
            x = np.concatenate([p + 0.01 * v, v])
        x[2:] += 1e-3 * rng.standard_normal(v.shape)
        return x, np.zeros((0, x.shape[1]))


class TableTennis:
    """A stable linear arm with coupled joints and a ball in free flight whose bounce is noisy: size of the table tennis."""

    name, horizon, rollouts, sigma = "table_tennis", 30, 30, 1.0
    config = Config(
        epsilon=0.2,
        beta0=0.1,
        reuse="same_step_decay",
        stored_iterations=15,
        sample_decay=0.9,
        observed_return=0.3,
        state_diagonal={"scale_fraction": 0.01},
        drop_threshold=0.01,
    )
    scales = np.concatenate([np.full(9, 0.1), np.full(9, 0.5), np.full(3, 0.05), np.full(3, 0.5)])
    reward = Reward(29, np.concatenate([np.full(9, 0.2), np.zeros(9), np.full(3, 0.3), np.zeros(3)]), 1e-4, 50.0)
    actions, outcomes = 9, 1
    forms = ("smaller", "features")

    def __init__(self):
        rng = np.random.default_rng(7)
        self.coupling = np.eye(9) + 0.2 * rng.standard_normal((9, 9))
        self.stiffness = 4.0 * np.eye(9) + 0.5 * rng.standard_normal((9, 9))

    def start(self, rng, count):
        ball = np.array([0.5, 0.06, 1.17, -4.3, -1.0, -0.2])[:, None] + np.zeros((6, count))
        return np.concatenate([0.3 + 1e-5 * rng.standard_normal((18, count)), ball])

    def advance(self, rng, t, x, a):
        q, v, ball = x[:9], x[9:18], x[18:].copy()
        force = self.coupling @ a - self.stiffness @ q - 1.5 * v + 0.3 * np.sin(3.0 * q)
        v = v + 0.1 * force
        q = q + 0.02 * v
        ball[5] -= 0.02 * 9.81
        if t == 12:
            ball[3:5] += 0.3 * rng.standard_normal((2, x.shape[1]))
            ball[5] *= -0.88
        ball[:3] += 0.02 * ball[3:]
        gap = np.linalg.norm(q[:3] - 0.1 * ball[:3], axis=0)
        outcome = np.minimum(gap, 0.5) if t >= 27 else np.zeros(x.shape[1])
        return np.concatenate([q, v, ball]), outcome[None]


def rollouts(problem, learner, rng):
    """A batch of the learner's policy."""
    x = problem.start(rng, problem.rollouts)
    states, actions, outcomes = [x], [], []
    for t in range(problem.horizon):
        noise = np.linalg.cholesky(learner.covariance[t]) @ rng.standard_normal((problem.actions, problem.rollouts))
        a = learner.gain[t] @ x + learner.bias[t][:, None] + noise
        x, outcome = problem.advance(rng, t, x, a)
        states.append(x)
        actions.append(a)
        outcomes.append(outcome)
    return np.array(states), np.array(actions), np.array(outcomes).reshape(problem.horizon, -1, problem.rollouts)


def make(problem, seed):
    """Runs NumPy iterations until the store is full but for one batch; returns that learner, all batches, and the start."""
    rng = np.random.default_rng(seed)
    ds, da, T = len(problem.scales), problem.actions, problem.horizon
    start = np.zeros((T, da, ds)), np.zeros((T, da)), np.stack([np.eye(da) * problem.sigma**2] * T)
    learner = Learner(problem.config, *start, problem.scales, problem.reward)
    batches = []
    while True:
        batches.append(rollouts(problem, learner, rng))
        if len(batches) == problem.config.stored_iterations:
            return learner, batches, start
        learner.update(batches[-1])


def write(problem, batches, start, folder, ridge_period):
    """Writes the problem for the other side: numbers in one file, what they are in another."""
    numbers = [np.ravel(x) for x in start]
    numbers += [np.ravel(x.transpose(0, 2, 1)) for batch in batches for x in batch]
    np.concatenate(numbers).tofile(folder / "numbers.f64")
    config = asdict(problem.config) | {"guard": {"enabled": False}, "ridge_period": ridge_period}
    reward = {name: getattr(problem.reward, name) for name in ("start", "action_weight", "outcome_weight")}
    reward["state_weights"] = problem.reward.state_weights.tolist()
    shapes = dict(
        horizon=problem.horizon,
        rollouts=problem.rollouts,
        states=len(problem.scales),
        actions=problem.actions,
        outcomes=problem.outcomes,
        batches=len(batches),
    )
    problem_file = dict(config=config, scales=problem.scales.tolist(), reward=reward, **shapes)
    (folder / "problem.json").write_text(json.dumps(problem_file))


def difference(ours, theirs):
    """Largest difference relative to the largest entry."""
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def compare(problem, repetitions, seed=1, form="smaller", profile="release", ridge_period=1):
    """Runs both sides, ours built with a cargo profile; returns the seconds of each and the differences of the updated policies."""
    learner, batches, start = make(problem, seed)
    learner.form = form
    store, policy = list(learner.store), (learner.gain, learner.bias, learner.covariance)
    seconds = [], []
    command = ["cargo", "run", "--profile", profile, "--quiet", "--example", "learner_witness", "--"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(problem, batches, start, folder, ridge_period)
        with subprocess.Popen(
            command + [str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            other.stdout.readline()
            for _ in range(repetitions):
                learner.store = list(store)
                learner.gain, learner.bias, learner.covariance = policy
                begin = time.perf_counter()
                learner.update(batches[-1])
                seconds[0].append(time.perf_counter() - begin)
                time.sleep(0.1)  # NumPy's threads go on spinning for a while
                other.stdin.write("update\n")
                other.stdin.flush()
                seconds[1].append(float(other.stdout.readline()))
            other.stdin.close()
        result = np.fromfile(folder / "result.f64")
    T, da, ds = learner.gain.shape
    parts = np.split(result, np.cumsum([T * da * ds, T * da, T * da * da]))
    ours = dict(zip(("gain", "bias", "covariance", "eta"), parts))
    theirs = dict(gain=learner.gain, bias=learner.bias, covariance=learner.covariance, eta=learner.eta)
    return *seconds, {name: difference(ours[name], np.ravel(theirs[name])) for name in ours}


PROBLEMS = {p.name: p for p in (TableTennis, DoubleLink)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--problem", nargs="*", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ridge-period", type=int, default=1, help="updates for which our steps keep their ridge [%(default)s]")
    parser.add_argument("--stored", type=int, help="batches that are kept [the problem's]")
    arguments = parser.parse_args()
    failed = False
    for name in arguments.problem:
        problem = PROBLEMS[name]()
        problem.config = replace(problem.config, stored_iterations=arguments.stored or problem.config.stored_iterations)
        for form in problem.forms:
            numpy_seconds, rust_seconds, differences = compare(
                problem, arguments.repetitions, arguments.seed, form, ridge_period=arguments.ridge_period
            )
            ours, theirs = np.median(rust_seconds), np.median(numpy_seconds)
            worst = max(differences.values())
            same = arguments.ridge_period == 1
            failed |= same and not worst <= 1e-8
            print(f"{name}: {1e3 * ours:.1f} ms, NumPy ({form} form) {1e3 * theirs:.1f} ms: {theirs / ours:.1f} times faster")
            print("  relative differences: " + ", ".join(f"{k} {v:.1e}" for k, v in differences.items()))
            if same:
                print("  " + ("equal to 1e-8" if worst <= 1e-8 else "NOT equal to 1e-8"))
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
