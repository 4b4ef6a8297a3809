#!/usr/bin/env python3
"""Checks what `cargo metadata` says of the dependencies: none needs a newer Rust than the package says, and the licence of each
is among those that deny.toml allows. Needs Python 3.11 and nothing else."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def version(text):
    return tuple(map(int, (text.split(".") + ["0", "0"])[:3]))


def is_allowed(expression, allowed):
    """Whether an SPDX expression holds where the allowed licences are true and all others false."""
    words = {"AND": "and", "OR": "or"}
    spelled = expression.replace("/", " OR ")
    value = re.sub(r"[\w.+-]+( WITH [\w.+-]+)?", lambda m: words.get(m[0], str(m[0] in allowed)), spelled)
    if re.search(r"[^TrueFalsandor() ]", value):
        raise ValueError(f"not an SPDX expression: {expression}")
    return eval(value)  # Of nothing but True, False, and, or, parentheses.


def main():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    allowed = tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"]
    packages = metadata["packages"]
    ours = [p for p in packages if p["source"] is None]
    stated = min(version(p["rust_version"]) for p in ours)
    newest = max(packages, key=lambda p: version(p["rust_version"] or "0"))
    wrong = []
    for package in packages:
        name, licence = f"{package['name']} {package['version']}", package["license"]
        if version(package["rust_version"] or "0") > stated:
            wrong.append(f"{name} needs Rust {package['rust_version']}, above rust-version in Cargo.toml")
        if not licence or not is_allowed(licence, allowed):
            wrong.append(f"{name} has the licence {licence}, which deny.toml does not allow")
    print("\n".join(wrong) or f"{len(packages)} crates: licences allowed, none needs more than Rust {newest['rust_version']}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
