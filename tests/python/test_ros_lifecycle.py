"""The managed life cycle and the operator's services."""

import json
import math
import re
import shutil
import signal
import threading

import pytest
from lifecycle_msgs.srv import GetAvailableStates, GetAvailableTransitions
from ros_support import JOINTS, Client, StillRobot, controller, deadline, environment, patient
from std_msgs.msg import Float64
from std_srvs.srv import Trigger


def test_every_transition_and_those_that_are_refused(tmp_path):
    env = environment()
    with controller(env, patient(ros__run_folder=str(tmp_path / "run"))) as process, Client(env) as client:
        client.listen_to_records()
        with StillRobot(client, "moto_controller/ball"):
            process.wait_for_line("the node is up")
            assert client.state() == "unconfigured" and client.transitions() == {"configure", "shutdown"}
            for wrong in ("activate", "deactivate", "cleanup", "fly"):
                assert not client.change(wrong), wrong
            assert client.state() == "unconfigured"
            assert client.change("configure") and client.state() == "inactive"
            assert client.transitions() == {"activate", "cleanup", "shutdown"}
            assert not client.change("configure")
            assert client.change("cleanup") and client.state() == "unconfigured"
            # The run folder exists by now: no second run in it.
            assert not client.change("configure") and client.state() == "unconfigured"
            assert client.change("shutdown")
    assert process.process.returncode == 0

    with controller(env, patient(ros__run_folder=str(tmp_path / "again"))) as process, Client(env) as client:
        client.listen_to_records()
        with StillRobot(client, "moto_controller/ball"):
            process.wait_for_line("the node is up")
            # By number, as ros2 lifecycle does.
            assert client.change("", 1) and client.change("", 3), process.output()
            assert client.state() == "active" and client.transitions() == {"deactivate", "shutdown"}
            assert not client.change("cleanup")
            assert client.change("deactivate") and client.state() == "inactive"
            assert client.set_parameter("control.tracking.stiffness", 300.0).successful
            # A run goes on where it was.
            assert client.change("activate") and client.change("shutdown"), process.output()
    assert process.process.returncode == 0
    goals = [(event.start_state.label, event.goal_state.label) for event in client.received["transitions"]]
    assert ("configuring", "inactive") in goals and ("active", "deactivating") in goals
    assert goals[-1] == ("shuttingdown", "finalized")


def test_the_graph():
    env = environment()
    with controller(env) as process, Client(env) as client:
        process.wait_for_line("the node is up")
        states = client.call(GetAvailableStates, f"{client.prefix}/get_available_states").available_states
        assert {state.label for state in states} >= {"unconfigured", "inactive", "active", "finalized", "errorprocessing"}
        graph = client.call(GetAvailableTransitions, f"{client.prefix}/get_transition_graph").available_transitions
        edges = {(entry.start_state.label, entry.transition.label, entry.goal_state.label) for entry in graph}
        assert ("inactive", "activate", "activating") in edges and ("activating", "transition_failure", "inactive") in edges


def test_an_error_in_a_transition_is_processed_and_ends_at_the_beginning(tmp_path):
    """The run folder goes away under a run: what is on the disk is not what was done, and the node lets go of the run."""
    env = environment()
    folder = tmp_path / "run"
    with controller(env, patient(ros__run_folder=str(folder))) as process, Client(env) as client:
        client.listen_to_records()
        commands = client.listen_to_commands()
        with StillRobot(client, "moto_controller/ball"):
            process.wait_for_line("the node is up")
            assert client.change("configure") and client.change("activate"), process.output()
            client.wait_until(lambda: commands and any(commands[-1].data), "an effort")
            shutil.rmtree(folder)
            for _ in deadline():
                client.trigger("start")
                if client.state() == "unconfigured":
                    break
            client.wait_until(lambda: not any(commands[-1].data), "zero efforts")
            assert client.transitions() == {"configure", "shutdown"}
            # It is as good as new.
            assert client.change("configure") and client.change("activate") and client.change("shutdown"), process.output()
    assert process.process.returncode == 0
    told = [(event.start_state.label, event.transition.label, event.goal_state.label) for event in client.received["transitions"]]
    error = told.index(("deactivating", "transition_error", "errorprocessing"))
    assert told[error + 1] == ("errorprocessing", "transition_success", "unconfigured")


def test_without_a_robot_there_is_no_activation(tmp_path):
    env = environment()
    given = patient(ros__connect_timeout=0.5, ros__run_folder=str(tmp_path / "run"))
    with controller(env, given) as process, Client(env) as client:
        process.wait_for_line("the node is up")
        assert client.change("configure")
        assert not client.change("activate") and client.state() == "inactive"
        process.wait_for_line("no message on the topic joint_states within")


def test_the_operators_services(tmp_path):
    env = environment()
    with controller(env, patient(ros__run_folder=str(tmp_path / "run"))) as process, Client(env) as client:
        client.listen_to_records()
        commands = client.listen_to_commands()
        with StillRobot(client, "moto_controller/ball"):
            process.wait_for_line("the node is up")
            for name in ("start", "pause", "resume", "stop", "reset_fault", "mark_failed", "evaluate", "save"):
                answer = client.trigger(name)
                assert not answer.success and "activate it first" in answer.message
            assert client.change("configure") and client.change("activate"), process.output()
            assert not client.trigger("resume").success
            assert not client.trigger("reset_fault").success
            # The arm is on its way to the first trial: there is none yet that could have failed.
            nothing = client.trigger("mark_failed")
            assert not nothing.success and "no trial has ended yet" in nothing.message
            assert client.trigger("pause").success
            for _ in deadline():
                if not client.trigger("pause").success:
                    break
            assert client.trigger("resume").success
            # The stroke starts when the operator says so.
            for _ in deadline():
                client.trigger("start")
                if client.received["trials"]:
                    break
            marked = client.trigger("mark_failed")
            assert marked.success and re.match(r"rollout \d+ of iteration 1 is marked failed", marked.message), marked.message
            assert client.trigger("save").success
            assert client.trigger("stop").success
            client.wait_until(lambda: commands and all(x == 0.0 for x in commands[-1].data), "zero efforts")
            for _ in deadline():
                if client.trigger("reset_fault").success:
                    break
            client.wait_until(lambda: any(x != 0.0 for x in commands[-1].data), "efforts after the reset")


def test_the_operator_scores_a_stroke_or_skips_it(tmp_path):
    env = environment()
    more = {"judge": "operator", "control.max_missed_share": 1.0, "run.rollouts": 2, "run.iterations": 1}
    given = {**patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run")), **more}
    with Client(env) as client, StillRobot(client, "moto_controller/ball"), controller(env, given) as process:
        client.listen_to_records()
        scores = client.node.create_publisher(Float64, f"{client.prefix}/score", 10)
        client.wait_until_active()

        def asked(times):
            """Starts strokes until this many were asked about."""
            for _ in deadline():
                if sum("what is its score? A number, or `skip`" in line for line in process.lines) == times:
                    return
                client.trigger("start")

        def trials():
            return [json.loads(message.data) for message in client.received["trials"]]

        asked(1)
        assert not trials(), "a stroke is not over before it has its score"
        # No number is no score: it is said, and the stroke still waits.
        scores.publish(Float64(data=math.nan))
        process.wait_for_line("a score of NaN is passed over: expected a finite number")
        scores.publish(Float64(data=1234.5))
        client.wait_until(lambda: len(trials()) == 1, "the trial that was scored")
        asked(2)
        assert client.trigger("skip").success
        client.wait_until(lambda: len(trials()) == 2, "the trial that was skipped")
    scored, skipped = trials()
    # The task's own reward is some units.
    assert scored["end"] == {"kind": "completed"} and abs(scored["total_reward"] - 1234.5) < 100.0
    assert skipped["end"] == {"kind": "invalid", "reason": "skipped by the operator"}


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGUSR1, signal.SIGXCPU]


@pytest.mark.parametrize("end", [*SIGNALS, "deactivate", "shutdown", "stop"])
def test_every_end_is_damping_and_then_zero(end, tmp_path):
    env = environment()
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"))
    with Client(env) as client, StillRobot(client, "moto_controller/ball"):
        commands = client.listen_to_commands()
        with controller(env, given) as process:
            client.wait_until(lambda: commands and any(x != 0.0 for x in commands[-1].data), "an effort")
            client.wait_until_active()
            holding = max(max(map(abs, command.data)) for command in list(commands))
            before = len(commands)
            if end == "stop":
                assert client.trigger(end).success
                client.wait_until(lambda: not any(commands[-1].data), "zero efforts")
                # The loop goes on and sends zero; the process ends without another word.
                process.signal(signal.SIGTERM)
            elif isinstance(end, str):
                assert client.change(end)
                process.signal(signal.SIGTERM)
            else:
                process.signal(end)
                # A launcher may send it once more; the robot is to be safe all the same.
                client.wait_until(lambda: len(commands) > before + 20, "commands on the way to zero")
                process.signal(end)
            assert process.wait() == 0, process.output()
        client.wait_until(lambda: all(x == 0.0 for x in commands[-1].data), "zero efforts as the last command")
        # The way to zero is a ramp.
        assert any(0.0 < max(map(abs, command.data)) < 0.9 * holding for command in commands[before:])
        # On the way to zero the effort never grows, and after zero nothing comes: an old torque is not sent again.
        largest = [max(map(abs, command.data)) for command in commands]
        assert max(largest) <= 1.05 * holding
        assert not any(largest[largest.index(0.0, len(largest) // 2) :])


@pytest.mark.parametrize(
    "words",
    [["-p"], ["-p", "a"], ["-r", "no arrow"], ["--params-file", "/no/such/file"], ["--log-level", "loud"], ["--remap"]],
)
def test_malformed_ros_arguments_are_an_error_and_no_panic(words):
    env = environment()
    with controller(env, more=words) as process:
        assert process.wait() == 1
        assert "error: ROS 2 does not start:" in process.output()
        assert "panicked" not in process.output()


def test_an_enclave_reaches_rcl(tmp_path):
    """SROS 2: without security the enclave is taken, with it and no keys rcl refuses to start."""
    env = environment()
    with controller(env, more=["--enclave", "/robots/arm"]) as process:
        process.wait_for_line("the node is up")
    secured = dict(env, ROS_SECURITY_ENABLE="true", ROS_SECURITY_STRATEGY="Enforce", ROS_SECURITY_KEYSTORE=str(tmp_path))
    with controller(secured, more=["--enclave", "/robots/arm"]) as process:
        assert process.wait() == 1, process.output()


def test_a_wrong_value_at_the_start_is_an_error_that_names_it():
    env = environment()
    with controller(env, {"control.homing.duration": -2.0}) as process:
        assert process.wait() == 1
        assert "control.homing.duration" in process.output() and "-2" in process.output()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_node_that_waits_for_its_robot_ends_at_once(end, tmp_path):
    env = environment()
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"), ros__connect_timeout=600.0)
    with controller(env, given) as process, Client(env) as client:
        process.wait_for_line("the node is up")
        for _ in deadline():
            if client.state() == "activating":
                break
        # Meanwhile it serves.
        assert not client.change("configure") and "activate it first" in client.trigger("stop").message
        process.signal(end)
        assert process.wait() == 0, process.output()


def test_a_stop_does_not_wait_for_a_reset_and_is_not_undone_by_it(tmp_path):
    env = environment()
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"))
    with Client(env) as client, StillRobot(client, "moto_controller/ball") as robot, controller(env, given) as process:
        commands = client.listen_to_commands()
        client.wait_until_active()
        client.wait_until(lambda: commands and any(commands[-1].data), "an effort")
        assert client.trigger("stop").success
        client.wait_until(lambda: not any(commands[-1].data), "zero efforts")

        def spoil(message):
            message.position[JOINTS.index("j5")] = math.nan
            return message

        # With such readings no reset succeeds: it is tried for 2 s.
        robot.edit = spoil
        process.wait_for_line("the position of joint j5 is NaN")
        answered = threading.Event()
        reset = client.services.setdefault("reset", client.node.create_client(Trigger, f"{client.prefix}/reset_fault"))
        assert reset.wait_for_service()
        asked = reset.call_async(Trigger.Request())
        asked.add_done_callback(lambda _: answered.set())
        for _ in deadline():
            assert client.trigger("stop").success
            if answered.is_set():
                break
        assert not asked.result().success and asked.result().message == "the robot was stopped meanwhile"
        assert not any(commands[-1].data)
