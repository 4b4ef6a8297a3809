"""Runs of the program with few strokes."""

import subprocess
from pathlib import Path

import yaml

from built import program

ROOT = Path(__file__).resolve().parents[2]


def short_command(folder, config, **settings):
    """The words of a dry run with a shipped configuration and these settings under `run`, into `folder/run`."""
    described = yaml.safe_load((ROOT / "config" / config).read_text())
    parameters = described["moto_controller"]["ros__parameters"]
    parameters["robot"]["urdf"] = str((ROOT / "config" / parameters["robot"]["urdf"]).resolve())
    parameters.setdefault("run", {}).update({"evaluation_strokes": 2, "realtime_strokes": 0, **settings})
    path, run = folder / "short.yaml", folder / "run"
    path.write_text(yaml.safe_dump(described))
    return [str(word) for word in [program(), "dry-run", "--config", path, "--out", run]]


def short_run(folder, config, **settings):
    """Makes such a run; returns its folder."""
    subprocess.run(short_command(folder, config, **settings), cwd=ROOT, check=True)
    return folder / "run"
