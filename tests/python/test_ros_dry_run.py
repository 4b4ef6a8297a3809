"""The main job over ROS: controller and simulated arm as two processes that know only ROS of each other."""

import json
import signal
import subprocess

from ros_support import PATIENCE, PROGRAM, Client, arguments, controller, environment, simulated_arm

SERVE = {"ros.serve_service": "simulated_arm/serve"}
BALL = {"~/ball": "ball"}


def job(tmp_path, name, clock, iterations, rollouts, **more):
    given = {
        "ros.clock": clock,
        "ros.autostart": True,
        "ros.exit_when_done": True,
        "ros.reset_faults": True,
        "ros.connect_timeout": 60.0,
        "ros.run_folder": str(tmp_path / name),
        "run.iterations": iterations,
        "run.rollouts": rollouts,
        "run.realtime_strokes": 0,
        **SERVE,
    }
    return {**given, **more}


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def outcome(folder):
    return [{key: value for key, value in line.items() if key != "timing"} for line in metrics(folder)]


def test_lockstep_is_the_same_every_time_and_nothing_is_lost(tmp_path):
    for name in ("one", "other"):
        env = environment()
        with Client(env) as client, simulated_arm(env, {"ros.clock": "lockstep"}, remaps=BALL) as arm:
            client.listen_to_records()
            with controller(env, job(tmp_path, name, "lockstep", 2, 4), remaps=BALL) as process:
                assert process.wait() == 0, process.output()
            client.wait_until(lambda: len(client.received["iterations"]) == 2, "two iterations")
            trials = [json.loads(message.data)["trial"] for message in client.received["trials"]]
            assert trials == list(range(1, 9))
            arm.signal(signal.SIGINT)
            assert arm.wait() == 0
        assert len(list((tmp_path / name / "trials").glob("*.mcap"))) == 8
    assert outcome(tmp_path / "one") == outcome(tmp_path / "other")
    assert not any(line["discarded"] for line in metrics(tmp_path / "one"))


def test_a_lost_robot_is_an_error_and_not_a_wait(tmp_path):
    env = environment()
    quick = {"ros.lockstep_timeout": 0.2, "ros.lockstep_attempts": 10}
    with simulated_arm(env, {"ros.clock": "lockstep"}, remaps=BALL) as arm:
        with controller(env, job(tmp_path, "run", "lockstep", 10, 4, **quick), remaps=BALL) as process:
            process.wait_for_line("control loop:")
            arm.signal(signal.SIGKILL)
            arm.wait()
            assert process.wait() == 1
            assert "the robot did not answer in lockstep" in process.output()


def test_on_the_wall_clock_it_runs_and_reports(tmp_path):
    env = environment()
    lenient = {
        "control.watchdog.max_state_age": 5.0,
        "control.watchdog.max_task_age": 5.0,
        "control.watchdog.max_consecutive_misses": 1000,
        "control.watchdog.heartbeat_timeout": 60.0,
        "control.max_missed_share": 1.0,
        "run.iterations": 100,
    }
    with Client(env) as client, simulated_arm(env, remaps=BALL):
        client.listen_to_records()
        commands = client.listen_to_commands()
        with controller(env, job(tmp_path, "run", "wall", 100, 3, **lenient), remaps=BALL) as process:
            client.wait_until(lambda: client.received["trials"], "a trial")
            trial = json.loads(client.received["trials"][-1].data)
            client.wait_until(
                lambda: any("missed periods" in (v.key for v in s.values) for a in client.received["diagnostics"] for s in a.status),
                "the loop's deadline statistics",
            )
            process.signal(signal.SIGINT)
            assert process.wait() == 0, process.output()
        client.wait_until(lambda: not any(commands[-1].data), "zero efforts as the last command")
    assert trial["latency"] is None or trial["latency"]["cycles"] > 0


def test_a_closed_standard_output_ends_no_run(tmp_path):
    env = environment()
    command = [PROGRAM, "run", *arguments(job(tmp_path, "run", "lockstep", 2, 3), remaps=BALL)]
    with simulated_arm(env, {"ros.clock": "lockstep"}, remaps=BALL):
        node = subprocess.Popen([str(word) for word in command], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        node.stdout.close()
        _, said = node.communicate(timeout=PATIENCE)
    assert node.returncode == 0 and "panicked" not in said, said
    assert len(metrics(tmp_path / "run")) == 2
