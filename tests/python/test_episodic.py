"""REPS and MORE against MushroomRL's on the same samples: weights, updated mean and covariance.

MushroomRL is installed without what it depends on (`scripts/setup.sh`): PyTorch and the like are large, and nothing of them is
called here. They are stood in for while its modules are imported.
"""

import importlib.abc
import importlib.machinery
import json
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock, patch

import numpy as np
import pytest
import scipy.optimize  # noqa: F401  Before the stand-ins: it asks whether there is a torch.
import scipy.stats  # noqa: F401

from built import example

STAND_INS = {"torch", "cv2", "pygame", "tqdm", "sklearn"}


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules of which every name exists and does nothing."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name.split(".")[0] in STAND_INS else None

    def create_module(self, spec):
        module = MagicMock(__path__=[])
        if spec.name == "torch":
            module.Tensor = type("Tensor", (), {})  # SciPy asks of what it is given whether it is one.
        return module

    def exec_module(self, module):
        pass


with patch.dict(sys.modules), patch.object(sys, "meta_path", [StandIns(), *sys.meta_path]):
    from mushroom_rl.algorithms.policy_search.black_box_optimization import MORE, REPS
    from mushroom_rl.distributions import GaussianCholeskyDistribution


def quadratic(x):
    return -np.sum((1 + np.arange(x.shape[1])) * (x - 1) ** 2, axis=1)


def rosenbrock(x):
    return -np.sum(100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2, axis=1)


FUNCTIONS = {"quadratic": quadratic, "rosenbrock": rosenbrock}


@pytest.fixture(scope="module")
def witness():
    def ask(problem):
        program = example("episodic_witness")
        done = subprocess.run([program], input=json.dumps(problem) + "\n", capture_output=True, text=True, check=True)
        return {name: np.array(value) for name, value in json.loads(done.stdout).items()}

    return ask


def problem(function, seed, dim=3, count=60, **method):
    """A search distribution and samples of it, with their returns."""
    random = np.random.default_rng(seed)
    root = random.normal(size=(dim, dim)) / 3 + np.eye(dim)
    mean = random.normal(size=dim) * 0.3
    theta = mean + random.normal(size=(count, dim)) @ root.T
    distribution = GaussianCholeskyDistribution(mean.copy(), root @ root.T)
    asked = {
        "mean": mean.tolist(),
        "covariance": (root @ root.T).tolist(),
        "parameters": theta.tolist(),
        "returns": FUNCTIONS[function](theta).tolist(),
        **method,
    }
    return asked, distribution, theta


def updated(distribution):
    parameters = distribution.get_parameters()
    dim = len(distribution._mu)
    factor = np.zeros((dim, dim))
    factor[np.tril_indices(dim)] = parameters[dim:]
    return parameters[:dim], factor @ factor.T


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reps_equals_mushrooms(witness, function, seed):
    asked, distribution, theta = problem(function, seed, method="reps", epsilon=0.7)
    theirs = REPS(None, distribution, None, eps=0.7)
    found = {}
    original = distribution.mle
    distribution.mle = lambda theta, weights: (found.update(weights=weights / weights.sum()), original(theta, weights))
    theirs._update(np.array(asked["returns"]), theta)
    ours = witness(asked)
    mean, covariance = updated(distribution)
    # Theirs stops where the minimiser's default tolerance is met.
    np.testing.assert_allclose(ours["weights"], found["weights"], atol=2e-4)
    np.testing.assert_allclose(ours["mean"], mean, atol=2e-3)
    np.testing.assert_allclose(ours["covariance"], covariance, atol=2e-3)


KAPPA, FLOOR = 0.95, -5.0


def more(distribution, epsilon):
    entropy_drop = (1 - KAPPA) * (distribution.entropy() - FLOOR)
    policy = SimpleNamespace(weights_size=len(distribution._mu))
    return MORE(None, distribution, policy, eps=epsilon, h0=FLOOR, kappa=KAPPA), entropy_drop


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_update_of_more_equals_mushrooms(witness, function, seed):
    """On their surrogate: they count products of two different parameters twice and make it concave."""
    asked, distribution, theta = problem(function, seed, epsilon=0.4)
    theirs, asked["beta0"] = more(distribution, 0.4)
    returns = np.array(asked["returns"])
    curvature, slope, _ = theirs._fit_quadratic_surrogate(theta, returns, theta.shape[1])
    asked["method"] = {"more_step": {"hessian": (2 * curvature).tolist(), "gradient": slope.flatten().tolist()}}
    theirs._update(returns, theta)
    ours = witness(asked)
    mean, covariance = updated(distribution)
    np.testing.assert_allclose(ours["mean"], mean, atol=2e-3)
    np.testing.assert_allclose(ours["covariance"], covariance, atol=2e-3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_equals_mushrooms_surrogate_and_all(witness, seed):
    """On a function without products of different parameters the surrogates are the same."""
    asked, distribution, theta = problem("quadratic", seed, method="more", epsilon=0.4)
    theirs, asked["beta0"] = more(distribution, 0.4)
    returns = np.array(asked["returns"])
    theirs._update(returns.copy(), theta)
    # They standardise the returns.
    asked["returns"] = ((returns - returns.mean()) / returns.std()).tolist()
    ours = witness(asked)
    mean, covariance = updated(distribution)
    np.testing.assert_allclose(ours["mean"], mean, atol=2e-3)
    np.testing.assert_allclose(ours["covariance"], covariance, atol=2e-3)


def cas_more(asked):
    """The published update: both duals minimised by SciPy, then the size of the covariance by the evolution path."""
    dim, old, hessian = len(asked["mean"]), np.array(asked["covariance"]), np.array(asked["hessian"])
    precision, mean, gradient = np.linalg.inv(old), np.array(asked["mean"]), np.array(asked["gradient"])
    epsilon, share = asked["epsilon"], asked["path_share"]

    def new_mean(multiplier):
        return np.linalg.solve(multiplier * precision - hessian, multiplier * precision @ mean + gradient)

    def new_covariance(multiplier):
        return np.linalg.inv(precision - hessian / multiplier)

    def dual_mean(multiplier):
        linear = multiplier * precision @ mean + gradient
        return multiplier * epsilon + 0.5 * (linear @ new_mean(multiplier) - multiplier * mean @ precision @ mean)

    def dual_covariance(multiplier):
        gained = np.linalg.slogdet(old)[1] - np.linalg.slogdet(new_covariance(multiplier))[1]
        return multiplier * (asked["epsilon_covariance"] - 0.5 * gained)

    least = max(0.0, np.linalg.eigvals(old @ hessian).real.max()) + 1e-9

    def minimum(dual):
        found = scipy.optimize.minimize_scalar(
            lambda log: dual(least + np.exp(log)), bounds=(-20, 20), method="bounded", options={"xatol": 1e-12}
        )
        return least + np.exp(found.x)

    moved, shape = new_mean(minimum(dual_mean)), new_covariance(minimum(dual_covariance))
    values, vectors = np.linalg.eigh(old)
    white = vectors @ np.diag(values**-0.5) @ vectors.T @ (moved - mean) / np.sqrt(2 * epsilon)
    add = np.sqrt(share * (2 - share))
    path = (1 - share) * np.array(asked["path"]) + add * white
    kept = (1 - share) * asked["expected"]
    expected = np.sqrt(kept**2 + add**2 + 2 * kept * add * np.cos(0.75 * np.pi / 2))
    gain = np.clip(np.linalg.norm(path) / expected - 1, -1, 1)
    return moved, shape * np.exp(2 * gain / dim), np.append(path, expected)


@pytest.mark.parametrize("seed", range(6))
def test_cas_more_is_the_published_update(witness, seed):
    random = np.random.default_rng(seed)
    dim = 4
    root, curved = random.normal(size=(dim, dim)) / 3 + np.eye(dim), random.normal(size=(dim, dim))
    # Concave, convex and indefinite surrogates.
    sign = [-1, 1, None][seed % 3]
    hessian = curved + curved.T if sign is None else sign * curved @ curved.T
    asked = {
        "method": {
            "cas_more_step": {
                "hessian": hessian.tolist(),
                "gradient": (5 * random.normal(size=dim)).tolist(),
                "path": (0.5 * random.normal(size=dim)).tolist(),
                "expected": 0.9,
                "epsilon_covariance": 0.1,
                "path_share": 0.3,
            }
        },
        "mean": random.normal(size=dim).tolist(),
        "covariance": (root @ root.T).tolist(),
        "parameters": [[0.0] * dim],
        "returns": [0.0],
        "epsilon": 0.5,
    }
    mean, covariance, path = cas_more({**asked, **asked["method"]["cas_more_step"]})
    ours = witness(asked)
    np.testing.assert_allclose(ours["mean"], mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours["covariance"], covariance, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours["weights"], path, rtol=1e-5, atol=1e-5)
