"""The double link as a simulator of one's own: the swing-up's robot in closed form, one JSON line for each."""

import json
import math
import sys

SUBSTEP, GRAVITY, DAMPING, LIMIT = 0.01, 9.81, 0.025, 25.0


def acceleration(q1, q2, v1, v2, effort):
    """Two links of 1 kg and 1 m with their centres in the middle and 1/3 kg m^2 about them; zero is upright."""
    inertia, half = 1 / 3, 0.5
    c2, s2 = math.cos(q2), math.sin(q2)
    m11 = 2 * inertia + half**2 + 1 + half**2 + 2 * half * c2
    m12 = inertia + half**2 + half * c2
    m22 = inertia + half**2
    pull2 = GRAVITY * half * math.sin(q1 + q2)
    pull1 = GRAVITY * 1.5 * math.sin(q1) + pull2
    t1 = effort[0] - DAMPING * v1 + half * s2 * (2 * v1 * v2 + v2 * v2) + pull1
    t2 = effort[1] - DAMPING * v2 - half * s2 * v1 * v1 + pull2
    determinant = m11 * m22 - m12 * m12
    return (m22 * t1 - m12 * t2) / determinant, (m11 * t2 - m12 * t1) / determinant


def derivative(state, effort):
    return (state[2], state[3], *acceleration(*state, effort))


def moved(state, rate, time):
    return [x + time * dx for x, dx in zip(state, rate)]


def step(state, effort, dt):
    effort = [max(-LIMIT, min(LIMIT, torque)) for torque in effort]
    k1 = derivative(state, effort)
    k2 = derivative(moved(state, k1, dt / 2), effort)
    k3 = derivative(moved(state, k2, dt / 2), effort)
    k4 = derivative(moved(state, k3, dt), effort)
    return [x + dt / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(state, k1, k2, k3, k4)]


time, state = 0.0, [math.pi, 0.0, 0.0, 0.0]
for line in sys.stdin:
    question = json.loads(line)
    if "reset" in question:
        time = 0.0
        if question["reset"]["posture"]:
            state = question["reset"]["posture"] + [0.0, 0.0]
    else:
        while time < question["until"] - SUBSTEP / 2:
            state = step(state, question["effort"], SUBSTEP)
            time += SUBSTEP
        time = question["until"]
    print(json.dumps({"time": time, "position": state[:2], "velocity": state[2:]}), flush=True)
