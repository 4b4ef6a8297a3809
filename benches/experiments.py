#!/usr/bin/env python3
"""The README's table of experiments, from their results folders.

    python3 benches/experiments.py experiments/1b experiments/1c ...
"""

import json
import sys
from pathlib import Path


def short(value):
    """Three significant digits; no number where a seed broke down without one."""
    if value is None:
        return "-inf"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def reached(bar, seeds):
    """Median episodes (slowest seed), or how many seeds got there."""
    if bar["worst"] is not None:
        return f"{bar['median']:.0f} ({bar['worst']}) to {short(bar['threshold'])}"
    median = "" if bar["median"] is None else f"{bar['median']:.0f} "
    return f"{median}({bar['seeds']} of {seeds} seeds) to {short(bar['threshold'])}" if bar["seeds"] else ""


def main():
    print("| experiment | variant | seeds | episodes | return at half of them | return at the end (worst seed) | episodes: median (slowest seed) |")
    print("|---|---|---|---|---|---|---|")
    for folder in sys.argv[1:]:
        summary = json.loads((Path(folder) / "summary.json").read_text())
        for variant in summary["variants"]:
            points = variant["measures"][0]["at"]
            half, end = points[len(points) // 2 - 1], points[-1]
            spread = lambda p: f"{short(p['mean'])} ± {short(p['deviation'])}"
            bars = "; ".join(filter(None, (reached(bar, variant["seeds"]) for bar in variant["reached"])))
            name = ", ".join(filter(None, [variant.get("group"), variant["label"]]))
            broke = f", {variant['failed']} broke down" if variant["failed"] else ""
            print(
                f"| {summary['name']} | {name} | {variant['seeds']}{broke} | {end['episodes']} | {spread(half)} "
                f"| **{spread(end)}** ({short(end['worst'])}) | {bars} |"
            )


if __name__ == "__main__":
    main()
