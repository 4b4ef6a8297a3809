"""Runs of the program with few strokes."""

import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def short_run(folder, config, **settings):
    """A dry run with a shipped configuration and these settings under `run`; returns its folder, `folder/run`."""
    described = yaml.safe_load((ROOT / "config" / config).read_text())
    parameters = described["moto_controller"]["ros__parameters"]
    parameters["robot"]["urdf"] = str((ROOT / "config" / parameters["robot"]["urdf"]).resolve())
    parameters.setdefault("run", {}).update({"evaluation_strokes": 2, "realtime_strokes": 0, **settings})
    path, run = folder / "short.yaml", folder / "run"
    path.write_text(yaml.safe_dump(described))
    command = ["cargo", "run", "--quiet", "--locked", "--", "dry-run", "--config", path, "--out", run]
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True)
    return run
