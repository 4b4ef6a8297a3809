#!/usr/bin/env python3
"""Tables of experiments, from their results folders: returns over the seeds, and episodes until a return was reached.

    python3 benches/experiments.py experiments/1b experiments/1c ...
"""

import sys
from pathlib import Path

from results_folder import markdown, summary_of

HEAD = "variant | seeds | episodes | return at half of them | return at the end (worst seed) | episodes: median (slowest seed)"


def short(value):
    """Three significant digits; no number where a seed broke down without one."""
    if value is None:
        return "-inf"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(point):
    return f"{short(point['mean'])} ± {short(point['deviation'])}"


def reached(bar, seeds):
    """Median episodes (slowest seed), or how many seeds got there."""
    if bar["worst"] is not None:
        return f"{bar['median']:.0f} ({bar['worst']}) to {short(bar['threshold'])}"
    median = "" if bar["median"] is None else f"{bar['median']:.0f} "
    return f"{median}({bar['seeds']} of {seeds} seeds) to {short(bar['threshold'])}" if bar["seeds"] else ""


def row(variant):
    points = variant["measures"][0]["at"]
    half, end = points[len(points) // 2 - 1], points[-1]
    name = ", ".join(filter(None, [variant.get("group"), variant["label"]]))
    broke = f", {variant['failed']} broke down" if variant["failed"] else ""
    bars = "; ".join(filter(None, (reached(bar, variant["seeds"]) for bar in variant["reached"])))
    at_the_end = f"**{spread(end)}** ({short(end['worst'])})"
    return name, f"{variant['seeds']}{broke}", end["episodes"], spread(half), at_the_end, bars


def table(folder):
    return markdown(HEAD, [row(variant) for variant in summary_of(folder)["variants"]])


def main():
    for folder in sys.argv[1:]:
        print(folder, "", *table(Path(folder)), "", sep="\n")


if __name__ == "__main__":
    main()
