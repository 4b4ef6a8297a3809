"""The step protocol's Gymnasium wrapper: Gymnasium's own checker, and errors that the process survives."""

import sys
from pathlib import Path

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from built import program

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))

from moto_gymnasium import MotoEnvironment  # noqa: E402


@pytest.fixture
def environment():
    made = MotoEnvironment("4a", program=program())
    yield made
    made.close()


# Observations have no bounds, and actions are in deviations of the first policy, not in -1 to 1: the checker would have both otherwise.
@pytest.mark.filterwarnings("ignore:.*(observation space minimum|observation space maximum|symmetric and normalized|spec).*")
@pytest.mark.filterwarnings("error")  # Marks nearer to the function are overruled by those above.
def test_the_checker_accepts_it(environment):
    check_env(environment, skip_render_check=True)


def test_an_error_says_why_and_the_episode_goes_on(environment):
    first, _ = environment.reset(seed=3)
    with pytest.raises(ValueError, match="has 3 values"):
        environment._ask({"step": [0.0, 0.0, 0.0]})
    with pytest.raises(ValueError, match="not a request"):
        environment._ask({"step": [0.0, float("nan")]})
    steps = 0
    terminated = False
    while not terminated:
        observation, reward, terminated, truncated, _ = environment.step(np.zeros(2))
        steps += 1
        assert reward < 0 and not truncated
    assert steps == environment.horizon and observation[-1] == 1.0
    with pytest.raises(ValueError, match="outside an episode"):
        environment._ask({"step": [0.0, 0.0]})
    again, _ = environment.reset(seed=3)
    np.testing.assert_array_equal(first, again)
