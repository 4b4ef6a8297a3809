"""Judges a throw: the racket lets the ball go 0.5 s after the start, and the ball is to land in a bucket on the floor."""

import json
import math
import sys

RELEASE = 0.5  # s
BUCKET = (-0.60, 0.05)  # m
RADIUS = 0.10  # m
GRAVITY = 9.81  # m/s^2


def landing(times, positions):
    """Where a ball that flies off the racket at its release meets the floor, m."""
    last = next(i for i, time in enumerate(times) if time >= RELEASE - 1e-9)
    (x, y, z), before = positions[last], positions[last - 2]
    span = times[last] - times[last - 2]
    u, v, w = ((now - then) / span for now, then in zip(positions[last], before))
    flight = (w + math.sqrt(w * w + 2 * GRAVITY * max(z, 0.0))) / GRAVITY
    return x + u * flight, y + v * flight


for line in sys.stdin:
    stroke = json.loads(line)
    x, y = landing(stroke["times"], stroke["links"]["racket"]["position"])
    missed = math.hypot(x - BUCKET[0], y - BUCKET[1])
    judgement = {"return": -4.0 * min(missed, 1.0) ** 2, "success": missed < RADIUS, "distance": missed}
    print(json.dumps(judgement), flush=True)
