"""The documentation's table of learners outside this program, from their curves and our experiments' results folders.

    python3 benches/peers_table.py benches/data/peers.csv experiments/4a experiments/4b experiments/3a

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
    deviation = f" ± {statistics.stdev(values):.0f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.0f}{deviation} ({min(values):.0f})"


def main():
    curves = {}
    for row in rows_of(sys.argv[1]):
        curves.setdefault((row["experiment"], row["label"]), {}).setdefault(row["seed"], []).append(row)
    folders = {json.loads((Path(folder) / "summary.json").read_text())["name"]: Path(folder) for folder in sys.argv[2:]}
    print("| experiment | learner | seeds | episodes | return of the last 100 (worst seed) | MOTO's after as many |")
    print("|---|---|---|---|---|---|")
    for (experiment, label), seeds in curves.items():
        episodes = min(int(rows[-1]["episodes"]) for rows in seeds.values())
        theirs = [at_the_end(rows, episodes) for rows in seeds.values()]
        ours = ""
        if experiment in folders:
            files = sorted((folders[experiment] / "seeds").glob("moto-[0-9]*.csv"))
            rows = [[row for row in rows_of(file) if int(row["episodes"]) <= episodes] for file in files]
            ours = spread([at_the_end(rows, int(rows[-1]["episodes"])) for rows in rows])
        print(f"| {experiment} | {label} | {len(seeds)} | {episodes} | {spread(theirs)} | {ours} |")


if __name__ == "__main__":
    main()
