"""The table-tennis experiments as a table: episodes to 80 % success, and success at the end, by method.

    for e in 3a 3b 3c; do target/release/moto_controller experiment $e; done
    python3 benches/figure_3.py [experiments/3a experiments/3b experiments/3c]

Reads what the experiments left. A method is at 80 % once it succeeded in 80 % over 90 episodes. At the end counts the mean over the
last 150. Medians over the seeds, the worst seed in brackets.
"""

import csv
import json
import pathlib
import statistics
import sys

SETTINGS = {"3a": "noiseless", "3b": "context", "3c": "noisy bounce"}
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


def when(values):
    text = [f"{value:.0f}" if value < float("inf") else "never" for value in (statistics.median(values), max(values))]
    return f"{text[0]} ({text[1]})"


def at_the_end(seeds, column):
    values = [statistics.mean(float(row[column]) for row in rows[-iterations(LAST, rows) :]) for rows in seeds]
    return f"{statistics.median(values):.2f} ({min(values):.2f})"


def main():
    print("| setting | method | seeds | to 80 %, with exploration | to 80 %, mean action | at the end, with exploration | at the end, mean action |")
    print("|---|---|---|---|---|---|---|")
    for folder in map(pathlib.Path, sys.argv[1:] or [f"experiments/{name}" for name in SETTINGS]):
        variants = {}
        for variant in json.loads((folder / "summary.json").read_text())["variants"]:
            slug = "-".join("".join(c if c.isalnum() or c == "." else " " for c in variant["label"].lower()).split())
            paths = sorted((folder / "seeds").glob(f"{slug}-[0-9]*.csv"))
            variants[variant["label"]] = [list(csv.DictReader(path.open())) for path in paths]
        setting = next((title for name, title in SETTINGS.items() if name in folder.name), folder.name)
        for label, seeds in variants.items():
            cells = [when([episodes_to(BAR, rows, c) for rows in seeds]) for c in ("rollouts_success", "success")]
            cells += [at_the_end(seeds, column) for column in ("rollouts_success", "success")]
            print(f"| {setting} | {label} | {len(seeds)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
