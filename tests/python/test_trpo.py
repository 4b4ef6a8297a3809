"""TRPO's step against automatic differentiation by JAX, from the same parameters and samples: gradient, Fisher-vector product (as
the Hessian of the KL), direction of conjugate gradients, and accepted step."""

import json
import os
import subprocess

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from built import example

INPUTS, OUTPUTS, HORIZON = 5, 2, 12

jax.config.update("jax_enable_x64", True)


class Policy:
    """u ~ N(mean(x), diag(exp(2 l))), as functions of one flat vector of parameters."""

    def __init__(self, hidden):
        self.hidden = hidden
        if hidden:
            self.shapes = [(hidden, INPUTS), (hidden,), (hidden, hidden), (hidden,), (OUTPUTS, hidden), (OUTPUTS,), (OUTPUTS,)]
        else:
            self.shapes = [(HORIZON, OUTPUTS, INPUTS + 1), (HORIZON, OUTPUTS)]
        self.size = sum(int(np.prod(shape)) for shape in self.shapes)

    def split(self, parameters):
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(jnp.split(parameters, ends), self.shapes, strict=True)]

    def moments(self, parameters, steps, x):
        """Means and log deviations (sample x output)."""
        if self.hidden:
            w1, b1, w2, b2, w3, b3, logs = self.split(parameters)
            units = jnp.tanh(jnp.tanh(x @ w1.T + b1) @ w2.T + b2)
            return units @ w3.T + b3, jnp.broadcast_to(logs, (len(x), OUTPUTS))
        blocks, logs = self.split(parameters)
        extended = jnp.concatenate([x, jnp.ones((len(x), 1))], axis=1)
        return jnp.einsum("noi,ni->no", blocks[steps], extended), logs[steps]

    def log_density(self, parameters, steps, x, u):
        mean, logs = self.moments(parameters, steps, x)
        return jnp.sum(-0.5 * ((u - mean) / jnp.exp(logs)) ** 2 - logs, axis=1)

    def kl(self, old, new, steps, x):
        (m0, l0), (m1, l1) = self.moments(old, steps, x), self.moments(new, steps, x)
        return jnp.mean(jnp.sum(l1 - l0 + (jnp.exp(2 * l0) + (m0 - m1) ** 2) / (2 * jnp.exp(2 * l1)) - 0.5, axis=1))


def expected(policy, problem):
    at, steps = np.array(problem["parameters"]), np.array(problem["steps"])
    x, u, advantages = (np.array(problem[name]) for name in ("inputs", "drawn", "advantages"))
    old = policy.log_density(at, steps, x, u)
    surrogate = jax.jit(lambda p: jnp.mean(jnp.exp(policy.log_density(p, steps, x, u) - old) * advantages))
    gradient = jax.grad(surrogate)(at)
    chosen = slice(None, None, problem["fisher_every"])
    slope = jax.grad(lambda p: policy.kl(at, p, steps[chosen], x[chosen]))
    fisher = jax.jit(lambda v: jax.jvp(slope, (at,), (v,))[1])
    damped = lambda v: fisher(v) + problem["damping"] * v  # noqa: E731
    # As many iterations as ours, which is no exact solution.
    direction, residual = jnp.zeros(policy.size), gradient
    conjugate = residual
    for _ in range(problem["iterations"]):
        if residual @ residual < 1e-10:
            break
        product = damped(conjugate)
        length = residual @ residual / (conjugate @ product)
        direction, before = direction + length * conjugate, residual @ residual
        residual = residual - length * product
        conjugate = residual + (residual @ residual) / before * conjugate
    full = jnp.sqrt(2 * problem["max_kl"] / (direction @ damped(direction)))
    for halvings in range(10):
        new = at + full * 0.5**halvings * direction
        kl = policy.kl(at, new, steps, x)
        if surrogate(new) >= surrogate(at) and kl <= 1.5 * problem["max_kl"]:
            break
    vector = np.array(problem["vector"])
    answer = {"gradient": gradient, "fisher_product": fisher(vector), "direction": direction, "accepted": new, "kl": kl}
    return answer, halvings


@pytest.fixture(scope="module")
def witness():
    def ask(problem):
        program = example("trpo_witness")
        run = subprocess.run([program], input=json.dumps(problem) + "\n", capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    return ask


@pytest.mark.parametrize(
    ("hidden", "max_kl", "damping", "fisher_every"),
    # A Fisher matrix of every fifth sample is so rough that the line search halves the step.
    [(8, 0.01, 0.1, 1), (32, 0.01, 0.1, 5), (None, 0.01, 1e-3, 1), (8, 3.0, 0.1, 1)],
)
def test_the_step_is_that_of_automatic_differentiation(witness, hidden, max_kl, damping, fisher_every):
    random = np.random.default_rng(1)
    policy, samples = Policy(hidden), 20 * HORIZON
    problem = {
        "hidden": hidden,
        "horizon": HORIZON,
        "parameters": (0.3 * random.normal(size=policy.size)).tolist(),
        "steps": (np.arange(samples) % HORIZON).tolist(),
        "inputs": random.normal(size=(samples, INPUTS)).tolist(),
        "drawn": random.normal(size=(samples, OUTPUTS)).tolist(),
        "advantages": random.normal(size=samples).tolist(),
        "vector": random.normal(size=policy.size).tolist(),
        "max_kl": max_kl,
        "iterations": 10,
        "damping": damping,
        "fisher_every": fisher_every,
    }
    found, (wanted, halvings) = witness(problem), expected(policy, problem)
    assert found["halvings"] == halvings == (1 if fisher_every == 5 else 0)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-8, atol=1e-8, err_msg=name)
