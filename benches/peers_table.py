"""The documentation's table of learners outside this program, from their curves and our experiments' results folders.

    python3 benches/peers_table.py benches/data/peers.csv experiments/4a experiments/4a-defaults experiments/4b experiments/4b-defaults

Returns are those of the last hundred episodes, exploration included, or of the last iteration where that is longer. Ours are
those after as many episodes.
"""

import csv
import statistics
import sys
from pathlib import Path

from results_folder import markdown, seeds_of, summary_of

HEAD = "experiment | learner | seeds | episodes | return of the last 100 (worst seed) | MOTO | MOTO, defaults | our TRPO, neural V"
OURS = ["MOTO", "MOTO, defaults", "TRPO, neural V"]
LAST = 100


def curves_of(path):
    """The rows of each seed, by experiment and learner."""
    curves = {}
    for row in csv.DictReader(path.read_text().splitlines()):
        curves.setdefault((row["experiment"], row["label"]), {}).setdefault(row["seed"], []).append(row)
    return {learner: list(seeds.values()) for learner, seeds in curves.items()}


def at_the_end(rows, episodes):
    """A seed's mean return over the last hundred of so many episodes."""
    values = [float(row["rollouts_return"]) for row in rows if episodes - LAST < int(row["episodes"]) <= episodes]
    return statistics.mean(values)


def spread(values):
    deviation = f" ± {statistics.stdev(values):.3g}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4g}{deviation} ({min(values):.4g})"


def ours(folders):
    """The rows of each seed of our variants, by experiment and label."""
    found = {}
    for folder in folders:
        summary = summary_of(folder)
        for variant in summary["variants"]:
            found.setdefault((summary["name"], variant["label"]), []).extend(seeds_of(folder, variant))
    return found


def after(seeds, episodes):
    """The returns of a variant of ours after so many episodes."""
    begun = [rows for seed in seeds if (rows := [row for row in seed if int(row["episodes"]) <= episodes])]
    return spread([at_the_end(rows, int(rows[-1]["episodes"])) for rows in begun]) if begun else "-"


def table(curves, *folders):
    found, rows = ours(folders), []
    for (experiment, label), seeds in curves_of(curves).items():
        episodes = min(int(seed[-1]["episodes"]) for seed in seeds)
        theirs = spread([at_the_end(seed, episodes) for seed in seeds])
        beside = [after(found.get((experiment, variant), []), episodes) for variant in OURS]
        rows.append((experiment, label, len(seeds), episodes, theirs, *beside))
    return markdown(HEAD, rows)


if __name__ == "__main__":
    print(*table(*map(Path, sys.argv[1:])), sep="\n")
