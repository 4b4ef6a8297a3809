"""Judges strokes, or simulates an arm that hangs at rest, until a certain line, at which it misbehaves.

unruly.py JOB FAULT LINE [ONCE]: at line LINE of this process, from 1, or, with the file ONCE, at that line of all processes
together and then never again.
"""

import json
import math
import os
import sys
import time

job, fault, line_number = sys.argv[1], sys.argv[2], int(sys.argv[3])
once = sys.argv[4] if len(sys.argv) > 4 else None


def answer(question, number):
    if job == "judge":
        return {"return": -abs(question["positions"][-1][0] - 1.0), "success": False, "distance": 0.5}
    until = 0.0 if "reset" in question else question["until"]
    return {"time": until, "position": [math.pi, 0.0], "velocity": [0.0, 0.0]}


def misbehave(good):
    print("about to", fault, file=sys.stderr, flush=True)
    if fault == "die":
        raise SystemExit(7)
    if fault == "sleep":
        time.sleep(1000)
    if fault == "babble":
        print("hello")
    if fault == "nan":
        good["return" if job == "judge" else "time"] = float("nan")
    if fault == "short":
        good.update({"rewards": [1.0]} if job == "judge" else {"position": [0.0]})
        good.pop("return", None)
    if fault == "future":
        good["time"] += 0.001
    if fault == "past":
        good["time"] -= 1.0
    if fault == "unknown":
        good["reward"] = 1.0
    if fault == "close":
        os.close(1)
        time.sleep(1000)


lines = 0
for line in sys.stdin:
    lines += 1
    if once:
        with open(once, "a+") as file:
            file.write(".")
            file.flush()
            lines = os.path.getsize(once)
    good = answer(json.loads(line), lines)
    if lines == line_number:
        misbehave(good)
    print(json.dumps(good), flush=True)
