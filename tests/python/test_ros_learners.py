"""Another learner than MOTO through the node and the simulated arm: REPS on a movement primitive."""

import json

from ros_support import controller, environment, simulated_arm

BALL = {"~/ball": "ball"}
ROLLOUTS, ITERATIONS = 4, 2


def test_reps_updates_its_movement_through_the_node(tmp_path):
    env = environment()
    chosen = tmp_path / "reps.yaml"
    chosen.write_text("moto_controller: {ros__parameters: {learner: {reps: {inertia: 0.5, movement: {initial_deviation: 0.5}}}}}\n")
    job = {
        "ros.clock": "lockstep",
        "ros.autostart": True,
        "ros.exit_when_done": True,
        "ros.reset_faults": True,
        "ros.connect_timeout": 60.0,
        "ros.serve_service": "simulated_arm/serve",
        "ros.run_folder": str(tmp_path / "run"),
        # Beside what the file says of the learner it chose.
        "learner.reps.epsilon": 0.9,
        "run.iterations": ITERATIONS,
        "run.rollouts": ROLLOUTS,
        "run.realtime_strokes": 1,
    }
    with simulated_arm(env, {"ros.clock": "lockstep"}, remaps=BALL):
        with controller(env, job, remaps=BALL, files=[chosen]) as process:
            assert process.wait() == 0, process.output()
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines] == list(range(1, ITERATIONS + 1))
    # An update of the search distribution, not step by step.
    assert all(line["summary"]["kl"]["mean"] > 0 and line["steps"]["kl"] == [] for line in lines)
    assert all(line["summary"]["entropy"]["mean"] is not None for line in lines)
    # What was drawn differs from rollout to rollout, and so do the returns.
    assert all(line["return"]["max"] > line["return"]["min"] for line in lines)
    said = (tmp_path / "run" / "config.yaml").read_text()
    assert all(part in said for part in ("reps:", "epsilon: 0.9", "inertia: 0.5", "initial_deviation: 0.5")) and "moto:" not in said


def test_a_parameter_of_the_old_form_says_where_it_belongs(tmp_path):
    job = {"learner.epsilon": 0.2, "ros.run_folder": str(tmp_path / "run")}
    with controller(environment(), job, remaps=BALL) as process:
        assert process.wait() == 1, process.output()
        assert "learner.epsilon" in process.output() and "learner.moto.epsilon" in process.output(), process.output()
