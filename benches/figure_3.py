"""The table-tennis experiments as a table: episodes to 80 % success, and success at the end, by method.

    for e in 3a 3b 3c; do target/release/moto_controller experiment $e; done
    python3 benches/figure_3.py [experiments/3a experiments/3b experiments/3c]

Reads what the experiments left. A method is at 80 % once it succeeded in 80 % over 90 episodes. At the end counts the mean over the
last 150. Medians over the seeds, the worst seed in brackets; each setting's fastest in bold.
"""

import statistics
import sys
from pathlib import Path

from results_folder import markdown, middle, seeds_of, summary_of, when

HEAD = (
    "setting | method | seeds | to 80 %, with exploration | to 80 %, mean action | at the end, with exploration "
    "| at the end, mean action"
)
SETTINGS = {"3a": "noiseless", "3b": "context", "3c": "noisy bounce"}
COLUMNS = ["rollouts_success", "success"]
BAR, SPAN, LAST = 0.8, 90, 150


def iterations(episodes, rows):
    return -(-episodes // int(rows[0]["episodes"]))


def episodes_to(bar, rows, column):
    values = [float(row[column]) for row in rows]
    span = iterations(SPAN, rows)
    for i in range(span, len(values) + 1):
        if statistics.mean(values[i - span : i]) >= bar - 1e-9:
            return int(rows[i - 1]["episodes"])
    return float("inf")


def times(methods, column):
    """A cell for each method: when it was at 80 %. The best median is bold."""
    found = [[episodes_to(BAR, rows, column) for rows in seeds] for seeds in methods]
    medians = [statistics.median(values) for values in found]
    bold = [median == min(medians) < float("inf") for median in medians]
    return [f"**{when(values, 'never')}**" if best else when(values, "never") for values, best in zip(found, bold)]


def at_the_end(seeds, column):
    return middle([statistics.mean(float(row[column]) for row in rows[-iterations(LAST, rows) :]) for rows in seeds])


def rows_of(folder):
    """The rows of an experiment, which is one setting."""
    summary = summary_of(folder)
    methods = [seeds_of(folder, variant) for variant in summary["variants"]]
    cells = [times(methods, column) for column in COLUMNS]
    cells += [[at_the_end(seeds, column) for seeds in methods] for column in COLUMNS]
    labels = [(SETTINGS.get(summary["name"], summary["name"]), variant["label"]) for variant in summary["variants"]]
    return [(*label, len(seeds), *row) for label, seeds, *row in zip(labels, methods, *cells)]


def table(*folders):
    return markdown(HEAD, [row for folder in folders for row in rows_of(folder)])


def main():
    print(*table(*map(Path, sys.argv[1:] or [f"experiments/{name}" for name in SETTINGS])), sep="\n")


if __name__ == "__main__":
    main()
