"""What an exchange with a simulator that is a program takes: ours beside a bare Python loop, turn by turn in one run.

The program answers each line with a state of nine joints that it has ready. The Python loop does the least: dumps, write,
readline, loads. Argument: cargo's profile (release).
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, COUNT = 9, 5000
STATE = json.dumps({"time": 0.002, "position": [0.123456789012345] * 9, "velocity": [-0.123456789012345] * 9})
CHILD = [sys.executable, "-c", f"import sys\nfor line in sys.stdin: print('{STATE}', flush=True)"]


def ours(profile):
    command = ["cargo", "run", "--quiet", "--profile", profile, "--example", "program_exchange", "--", str(COUNT), *CHILD]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)


def bare():
    seconds = []
    with subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        for i in range(COUNT):
            question = {"effort": [0.1 * i] * 9, "until": 0.002 * i}
            start = time.perf_counter()
            child.stdin.write(json.dumps(question).encode() + b"\n")
            child.stdin.flush()
            state = json.loads(child.stdout.readline())
            seconds.append(time.perf_counter() - start)
            assert len(state["position"]) == 9
        child.stdin.close()
    return seconds


def main():
    profile = sys.argv[1] if len(sys.argv) > 1 else "release"
    sides = {"ours": lambda: ours(profile), "bare Python loop": bare}
    medians = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            medians[name].append(1e6 * statistics.median(side()))
    for name, found in medians.items():
        print(f"{name}: {statistics.median(found):.1f} us an exchange, median of {ROUNDS} rounds ({min(found):.1f} to {max(found):.1f})")
    ratios = [a / b for a, b in zip(*medians.values())]
    print(f"ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


main()
