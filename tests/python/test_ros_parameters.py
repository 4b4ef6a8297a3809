"""The node's parameters, as any ROS tool sees them."""

import math

import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from ros_support import JOINTS, PROGRAM, ROOT, Client, Process, StillRobot, controller, deadline, environment, patient


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    env = environment()
    file = tmp_path_factory.mktemp("parameters") / "all.yaml"
    file.write_text("/**:\n  ros__parameters:\n    control: {tracking: {stiffness: 321.0}}\n    another_node: {parameter: 1}\n")
    given = {"run.rollouts": 7, "control.max_missed_share": 0}
    with controller(env, given, files=[file]) as process, Client(env) as client:
        client.listen_to_records()
        process.wait_for_line("the node is up")
        client.process = process
        yield client


def get(client, *names):
    request = GetParameters.Request(names=names)
    return client.call(GetParameters, f"{client.prefix}/get_parameters", request).values


def set_one(client, name, value, atomically=False):
    return set_all(client, {name: value}, atomically)[0]


def set_all(client, values, atomically=False):
    parameters = [Parameter(name=name, value=message(value)) for name, value in values.items()]
    if atomically:
        request = SetParametersAtomically.Request(parameters=parameters)
        return [client.call(SetParametersAtomically, f"{client.prefix}/set_parameters_atomically", request).result]
    request = SetParameters.Request(parameters=parameters)
    return client.call(SetParameters, f"{client.prefix}/set_parameters", request).results


def message(value):
    if isinstance(value, bool):
        return ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value)
    if isinstance(value, int):
        return ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value)
    if isinstance(value, float):
        return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    if isinstance(value, str):
        return ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)
    if value is None:
        return ParameterValue(type=ParameterType.PARAMETER_NOT_SET)
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE_ARRAY, double_array_value=value)


def test_values_come_from_the_configuration_the_file_and_the_command_line(client):
    period, joints, effort, rollouts, stiffness, unset, share = get(
        client, "control.period", "robot.joints", "control.limits.effort", "run.rollouts", "control.tracking.stiffness",
        "control.scheduling.cpu", "control.max_missed_share",
    )
    assert period.double_value == 0.002
    assert list(joints.string_array_value) == JOINTS
    # The URDF's.
    assert list(effort.double_array_value) == [300, 300, 400, 80, 80, 50, 50, 15, 15]
    assert rollouts.integer_value == 7
    assert stiffness.double_value == 321.0
    assert unset.type == ParameterType.PARAMETER_NOT_SET
    assert (share.type, share.double_value) == (ParameterType.PARAMETER_DOUBLE, 0.0)
    client.process.wait_for_line("another_node.parameter is not one of this node's")


def test_list_with_prefixes_and_depth(client):
    def names(prefixes, depth):
        request = ListParameters.Request(prefixes=prefixes, depth=depth)
        return list(client.call(ListParameters, f"{client.prefix}/list_parameters", request).result.names)

    everything = names([], 0)
    assert len(everything) > 80 and "control.limits.effort_rate" in everything and "ros.command_topic" in everything
    assert names(["control.tracking"], 0) == [
        "control.tracking.damping", "control.tracking.speed_share", "control.tracking.stiffness"
    ]
    assert "control.period" in names(["control"], 1) and "control.tracking.damping" not in names(["control"], 1)
    assert names([], 1) == ["judge", "use_sim_time"]


def test_every_parameter_describes_itself(client):
    everything = list(client.call(ListParameters, f"{client.prefix}/list_parameters").result.names)
    request = DescribeParameters.Request(names=everything)
    descriptors = client.call(DescribeParameters, f"{client.prefix}/describe_parameters", request).descriptors
    types = client.call(GetParameterTypes, f"{client.prefix}/get_parameter_types", GetParameterTypes.Request(names=everything))
    for descriptor, kind, value in zip(descriptors, types.types, get(client, *everything)):
        assert descriptor.description, descriptor.name
        assert kind in (descriptor.type, ParameterType.PARAMETER_NOT_SET), descriptor.name
        for span in descriptor.floating_point_range:
            if kind == ParameterType.PARAMETER_DOUBLE:
                assert span.from_value <= value.double_value <= span.to_value, descriptor.name
        for span in descriptor.integer_range:
            if kind == ParameterType.PARAMETER_INTEGER:
                assert span.from_value <= value.integer_value <= span.to_value, descriptor.name
    by_name = {descriptor.name: descriptor for descriptor in descriptors}
    assert by_name["use_sim_time"].read_only
    assert by_name["robot.joints"].read_only and by_name["control.period"].read_only
    stiffness = by_name["control.tracking.stiffness"]
    assert not stiffness.read_only and stiffness.floating_point_range[0].to_value == 1e6
    assert by_name["control.scheduling.cpu"].dynamic_typing
    assert by_name["task.table_tennis.setting"].additional_constraints == "one of noiseless, context, noisy_bounce"
    period = by_name["control.period"]
    assert period.additional_constraints == "0.0001 to 0.1 s" and period.description == "Control period. Unit: s."


def test_set_and_the_event_that_tells_of_it(client):
    assert set_one(client, "control.tracking.damping", 39.0).successful
    assert get(client, "control.tracking.damping")[0].double_value == 39.0
    rates = [1e5] * 9
    assert set_one(client, "control.limits.effort_rate", rates).successful
    assert list(get(client, "control.limits.effort_rate")[0].double_array_value) == rates
    assert set_one(client, "control.watchdog.heartbeat_timeout", None).successful
    assert get(client, "control.watchdog.heartbeat_timeout")[0].type == ParameterType.PARAMETER_NOT_SET
    assert set_one(client, "control.watchdog.heartbeat_timeout", 3.0).successful

    def told():
        events = client.received["parameter_events"]
        return any(
            event.node == "/moto_controller"
            and any(p.name == "control.tracking.damping" and p.value.double_value == 39.0 for p in event.changed_parameters)
            for event in events
        )

    client.wait_until(told, "the event of a changed parameter")


@pytest.mark.parametrize(
    "name, value, reason",
    [
        ("control.tracking.stiffness", -1.0, "is -1"),
        ("control.tracking.stiffness", math.nan, "NaN"),
        ("control.tracking.stiffness", "much", "expected double, got string"),
        ("control.limits.effort", [1.0, 2.0], "has 2 entries, the robot has 9 joints"),
        ("control.limits.effort", [-1.0] * 9, "control.limits.effort of joint bx is -1"),
        ("control.limits.efort", [1.0] * 9, "did you mean control.limits.effort?"),
        ("control.limits.effort", [1e4] * 9, "expected at most the robot description's 300 N"),
        ("control.scheduling.on_error", "panic", "expected one of warn, strict"),
        ("control.period", 0.001, "read-only"),
        ("ros.diagnostics.max_lateness", 2.0, "expected 0 to 1"),
        ("control.fly", 1.0, "no such parameter"),
        ("use_sim_time", True, "read-only: the loop keeps its clock"),
    ],
)
def test_a_refused_value_changes_nothing_and_says_why(client, name, value, reason):
    before = get(client, name)
    for atomically in (False, True):
        result = set_one(client, name, value, atomically)
        assert not result.successful
        assert reason in result.reason and name.split("[")[0].split(".")[-1] in result.reason, result.reason
    assert get(client, name) == before


def test_all_or_nothing(client):
    before = get(client, "control.homing.duration")[0].double_value
    mixed = {"control.homing.duration": before + 1.0, "control.homing.timeout": -5.0}
    result = set_all(client, mixed, atomically=True)[0]
    assert not result.successful and "control.homing.timeout" in result.reason
    assert get(client, "control.homing.duration")[0].double_value == before
    one_by_one = set_all(client, mixed)
    assert [result.successful for result in one_by_one] == [True, False]
    assert get(client, "control.homing.duration")[0].double_value == before + 1.0


def test_log_lines_reach_rosout(client):
    client.wait_until(lambda: any(line.msg == "the node is up" for line in client.received["log"]), "a log line")
    line = next(line for line in client.received["log"] if line.msg == "the node is up")
    assert (line.name, line.level) == ("moto_controller", 20) and line.stamp.sec > 0


def test_gains_and_limits_change_between_trials_of_an_active_node(tmp_path):
    env = environment()
    given = patient(ros__autostart=True, ros__run_folder=str(tmp_path / "run"))
    with Client(env) as client, StillRobot(client, "moto_controller/ball"):
        client.listen_to_records()
        commands = client.listen_to_commands()
        with controller(env, given) as process:
            # A trial is in hand: the arm is held and waits for the operator.
            def ready():
                newest = client.received["diagnostics"][-1:]
                return any(v.key == "phase" and v.value == "ready" for a in newest for s in a.status for v in s.values)

            client.wait_until(ready, "a trial that waits for its start")
            lift = JOINTS.index("bz")
            client.wait_until(lambda: commands and commands[-1].data[lift] > 70.0, "the efforts that hold the arm")
            limits = list(get(client, "control.limits.effort")[0].double_array_value)
            lower = [40.0 if joint == "bz" else limit for joint, limit in zip(JOINTS, limits)]

            # Refused, whole, with the reason.
            mixed = {"control.limits.effort": lower, "control.tracking.damping": -1.0}
            refused = set_all(client, mixed, atomically=True)[0]
            assert not refused.successful and "control.tracking.damping" in refused.reason
            assert list(get(client, "control.limits.effort")[0].double_array_value) == limits
            scheduling = set_one(client, "control.scheduling.on_error", "strict")
            assert not scheduling.successful and "deactivate" in scheduling.reason
            assert not set_one(client, "control.period", 0.001).successful

            both = {"control.limits.effort": lower, "control.tracking.damping": 39.0}
            assert set_all(client, both, atomically=True)[0].successful
            # Not within the trial.
            seen = len(commands)
            client.wait_until(lambda: len(commands) > seen + 100, "further commands")
            assert all(command.data[lift] > 70.0 for command in commands[seen:])
            for _ in deadline():
                client.trigger("start")
                if client.received["trials"]:
                    break
            process.wait_for_line("other gains and limits hold from")
            client.wait_until(lambda: commands[-1].data[lift] == 40.0, "an effort at the new limit")
            assert list(get(client, "control.limits.effort")[0].double_array_value) == lower
            assert client.state() == "active"


@pytest.mark.parametrize(
    "given, reason",
    [
        ({"control.limits.efort": [1.0] * 9}, "there is no such parameter: control.limits.efort; did you mean control.limits.effort?"),
        ({"ros.command_topic": "bad topic!"}, "parameter ros.command_topic is"),
        ({"run.rollouts": 1}, "parameter run.rollouts is 1, expected a whole number, 2 to 10000"),
    ],
)
def test_a_node_with_a_wrong_parameter_does_not_start_and_names_it(given, reason):
    with controller(environment(), given) as process:
        assert process.wait() == 1
        assert reason in process.output(), process.output()


def test_a_folder_that_is_taken_is_said_in_the_words_of_the_node(tmp_path):
    env = environment()
    (tmp_path / "run.json").write_text("{}")
    with controller(env, {"ros.run_folder": str(tmp_path)}) as process, Client(env) as client:
        process.wait_for_line("the node is up")
        assert not client.change("configure")
        process.wait_for_line("ros.run_folder")
        assert "--out" not in process.output() and "--resume" not in process.output()


def test_a_parameter_file_as_ros_has_it_names_the_node_with_its_namespace(tmp_path):
    env = environment()
    shipped = (ROOT / "config" / "table_tennis.yaml").read_text().replace("../urdf", str(ROOT / "urdf"))
    left = tmp_path / "arm.yaml"
    left.write_text(
        shipped.replace("moto_controller:\n", "/**:\n", 1)
        + "/left/moto_controller:\n  ros__parameters: {run: {rollouts: 11}}\n"
        + "/right/moto_controller:\n  ros__parameters: {run: {rollouts: 12}}\n"
    )
    program = [PROGRAM, "run", "--config", left, "--ros-args", "-r", "__ns:=/right"]
    with Process(program, env), Client(env, namespace="/right") as client:
        assert get(client, "run.rollouts")[0].integer_value == 12
