"""The table of `experiment transfer`: how learning goes on on an arm that differs, from its results folder.

    python3 benches/transfer_table.py experiments/transfer

Counts strokes until the mean action was at 95 %. The first ten are the first iteration; the mean action at the end is that of the
last three judgements. Medians over the seeds, each of which is an arm; the worst in brackets.
"""

import statistics
import sys
from pathlib import Path

from results_folder import episodes_to, markdown, middle, seeds_of, summary_of, when

BAR, LAST = 0.95, 3


def row(folder, variant):
    times, seeds = episodes_to(BAR, variant), seeds_of(folder, variant)
    first = [float(rows[0]["rollouts_success"]) for rows in seeds]
    last = [statistics.mean(float(row["success"]) for row in rows[-LAST:]) for rows in seeds]
    there = sum(time < float("inf") for time in times)
    return variant["group"], variant["label"], f"{when(times)}, {there}", middle(first), middle(last)


def table(folder):
    variants = summary_of(folder)["variants"]
    end = variants[0]["measures"][0]["at"][-1]["episodes"]
    head = (
        f"setting | beginning | to 95 %: median (slowest), arms of {variants[0]['seeds']} "
        f"| first ten strokes, with exploration (worst) | after {end}, mean action (worst)"
    )
    return markdown(head, [row(folder, variant) for variant in variants])


if __name__ == "__main__":
    print(*table(Path(sys.argv[1])), sep="\n")
