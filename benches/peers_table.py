"""The documentation's table of learners outside this program, from their curves and our experiments' results folders.

    python3 benches/peers_table.py benches/data/peers.csv experiments/4a experiments/4a-defaults experiments/4b experiments/4b-defaults

Returns are those of the last hundred episodes, exploration included, or of the last iteration where that is longer. MOTO's are
those after as many episodes.
"""

import csv
import json
import statistics
import sys
from pathlib import Path

LAST = 100


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def at_the_end(rows, episodes):
    """A seed's mean return over the last hundred of so many episodes."""
    values = [float(row["rollouts_return"]) for row in rows if episodes - LAST < int(row["episodes"]) <= episodes]
    return statistics.mean(values)


def spread(values):
    deviation = f" ± {statistics.stdev(values):.3g}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4g}{deviation} ({min(values):.4g})"


def after(folders, experiment, variant, episodes):
    """The returns of a variant of ours after so many episodes."""
    found = []
    for folder in map(Path, folders):
        if json.loads((folder / "summary.json").read_text())["name"] == experiment:
            files = sorted((folder / "seeds").glob(f"{variant}-[0-9]*.csv"))
            found += [[row for row in rows_of(file) if int(row["episodes"]) <= episodes] for file in files]
    begun = [rows for rows in found if rows]
    return spread([at_the_end(rows, int(rows[-1]["episodes"])) for rows in begun]) if begun else "-"


def main():
    curves = {}
    for row in rows_of(sys.argv[1]):
        curves.setdefault((row["experiment"], row["label"]), {}).setdefault(row["seed"], []).append(row)
    print("| experiment | learner | seeds | episodes | return of the last 100 (worst seed) | MOTO | MOTO, defaults |")
    print("|---|---|---|---|---|---|---|")
    for (experiment, label), seeds in curves.items():
        episodes = min(int(rows[-1]["episodes"]) for rows in seeds.values())
        theirs = [at_the_end(rows, episodes) for rows in seeds.values()]
        ours = [after(sys.argv[2:], experiment, variant, episodes) for variant in ("moto", "moto-defaults")]
        print(f"| {experiment} | {label} | {len(seeds)} | {episodes} | {spread(theirs)} | {' | '.join(ours)} |")


if __name__ == "__main__":
    main()
