"""The table of ten robots' first strokes, from the results folder of the experiment that `scripts/strikes.py` writes.

    python3 benches/strikes_table.py experiments/strikes

Counts strokes until the mean action met its target. Success is the mean over the seeds, at the end.
"""

import sys
from pathlib import Path

from results_folder import episodes_to, markdown, summary_of, when

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

from first_strokes import ROBOTS  # noqa: E402

BAR = 0.95


def row(variant):
    robot = next(name for name in ROBOTS if name.split(",")[0] == variant["label"])
    times = episodes_to(BAR, variant)
    there = sum(time < float("inf") for time in times)
    ends = [f"{measure['at'][-1]['mean']:.2f}" for measure in variant["measures"]]
    return robot, when(times), f"{there} of {variant['seeds']}", *ends


def table(folder):
    variants = summary_of(folder)["variants"]
    end = variants[0]["measures"][0]["at"][-1]["episodes"]
    head = (
        "robot | strokes to 95 %, median (slowest seed) | seeds that get there "
        f"| success after {end} strokes | with exploration"
    )
    return markdown(head, map(row, variants))


if __name__ == "__main__":
    print(*table(Path(sys.argv[1])), sep="\n")
