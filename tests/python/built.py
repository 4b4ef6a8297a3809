"""The program, and the examples that tests call, built once."""

import functools
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# benches/learner.py runs the witness of the learner itself.
EXAMPLES = ["dynamics_witness", "episodic_witness", "learner_witness", "trpo_witness", "write_trial"]


@functools.cache
def _build():
    # With examples, so that the dependencies are those of the Rust tests (scripts/test.sh).
    examples = [word for name in EXAMPLES for word in ("--example", name)]
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--bin", "moto_controller", *examples], cwd=ROOT, check=True)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"


def program():
    """The path of the program."""
    return _build() / "moto_controller"


def example(name):
    """The path of an example."""
    assert name in EXAMPLES
    return _build() / "examples" / name
