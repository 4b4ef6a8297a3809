"""Programs of the user's, in the user's language: the shipped world in MuJoCo, and the judge of the documents."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from built import program

ROOT = Path(__file__).resolve().parents[2]


def test_a_puck_is_struck_into_the_goal(tmp_path):
    # `python3` of the configuration is the Python that has MuJoCo.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [program(), "dry-run", "--config", ROOT / "examples/mujoco_puck/puck.yaml"]
    options = ["--out", tmp_path / "run", "--iterations", "12", "--realtime-strokes", "0"]
    run = subprocess.run([*command, *options], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    success = {name: float(share) for name, share in re.findall(r"^success (.*): ([\d.]+)$", run.stdout, re.MULTILINE)}
    assert success["before learning"] == 0.0 and success["after, mean action"] >= 0.5, run.stdout


def test_the_judge_of_the_documents_judges():
    page = (ROOT / "docs/your_programs.md").read_text()
    judge = re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1)
    assert len(judge.splitlines()) <= 30
    stroke = {"links": {"racket": {"position": [[0, 0, 1.0], [0, 0, 1.21]]}}, "efforts": [[10.0, -10.0]]}
    lines = json.dumps(stroke) + "\n"
    judged = subprocess.run([sys.executable, "-c", judge], input=2 * lines, capture_output=True, text=True, check=True)
    first, second = map(json.loads, judged.stdout.splitlines())
    assert first == second
    assert first["success"] and abs(first["distance"] - 0.01) < 1e-12
    assert abs(first["return"] - (-50 * 0.01**2 - 2e-5)) < 1e-12
