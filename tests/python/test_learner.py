"""The learner's results against its NumPy counterpart, on the same transitions."""

import os
import sys
from pathlib import Path

import pytest

# Small matrices: more threads only get in each other's way where other tests run.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches"))

import learner  # noqa: E402


@pytest.mark.parametrize("name", learner.PROBLEMS)
def test_results_equal_numpy(name):
    differences = learner.compare(learner.PROBLEMS[name](), repetitions=1, profile="dev")[2]
    assert max(differences.values()) <= 1e-8, differences
