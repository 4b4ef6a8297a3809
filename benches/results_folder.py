"""What the tables take from an experiment's results folder, and how they write it."""

import csv
import json
import statistics


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text())


def seeds_of(folder, variant):
    """The rows of each finished seed of a variant, which is one of the summary's."""
    name = f"{variant.get('group', '')} {variant['label']}"
    slug = "-".join("".join(c.lower() if c.isalnum() or c == "." else " " for c in name).split())
    paths = [path for path in (folder / "seeds").glob(f"{slug}-*.csv") if path.stem[len(slug) + 1 :].isdigit()]
    return [list(csv.DictReader(path.read_text().splitlines())) for path in sorted(paths)]


def episodes_to(threshold, variant):
    """Episodes of each seed to a threshold of the first measure; infinite where it was never reached."""
    (bar,) = [bar for bar in variant["reached"] if bar["threshold"] == threshold]
    return [float("inf") if episodes is None else episodes for episodes in bar["episodes"]]


def when(values, never="-"):
    """Median and slowest seed, of episodes."""
    median, slowest = (never if v == float("inf") else f"{v:.0f}" for v in (statistics.median(values), max(values)))
    return f"{median} ({slowest})"


def middle(values, worst=min):
    """Median and worst seed."""
    return f"{statistics.median(values):.2f} ({worst(values):.2f})"


def markdown(head, rows):
    """The lines of a table. Titles of columns are parted by ` | `."""
    lines = [f"| {head} |", "|" + "---|" * (head.count(" | ") + 1)]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows]
