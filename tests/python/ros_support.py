"""What the tests over ROS share: processes, an outside client, and a robot that is nothing but messages.

Every test has a domain of its own on the loopback, and waits for what it expects, never for time to pass.
"""

import fcntl
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import Log, Parameter, ParameterEvent, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "debug" / "moto_controller"
JOINTS = ["bx", "by", "bz", "j1", "j2", "j3", "j4", "j5", "j6"]
REST = [0.0, 0.0, 0.0, -0.8, -0.6, 0.3, 1.3, 1.2, 0.8]
# The machines that run this stall now and then: what is not about time is not to fail by it.
PATIENCE = float(os.environ.get("ROS_TEST_PATIENCE", "60"))

_locks = []


def domain():
    """A domain that no other test on this machine uses. There are fewer domains than tests: once this process has them all,
    the one whose test is over the longest comes again."""
    for number in random.sample(range(1, 101), 100):
        lock = open(pathlib.Path(tempfile.gettempdir()) / f"moto_controller_domain_{number}", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _locks.append((number, lock))
        return number
    assert _locks, "all domains are in use"
    _locks.append(_locks.pop(0))
    return _locks[-1][0]


def environment():
    """A domain of its own, on the loopback."""
    # Humble knows the older of the two only.
    loopback = {"ROS_LOCALHOST_ONLY": "1"} if os.environ.get("ROS_DISTRO") == "humble" else {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    return dict(os.environ, ROS_DOMAIN_ID=str(domain()), NO_COLOR="1", **loopback)


class Process:
    """A process of ours, with what it says."""

    def __init__(self, command, env):
        self.lines = []
        self.said = threading.Condition()
        self.process = subprocess.Popen(
            [str(word) for word in command], env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.said:
                self.lines.append(line.rstrip())
                self.said.notify_all()

    def wait_for_line(self, text):
        with self.said:
            found = self.said.wait_for(lambda: any(text in line for line in self.lines), PATIENCE)
        assert found, f"{text!r} was not said:\n" + self.output()

    def output(self):
        return "\n".join(self.lines)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        code = self.process.wait(patience)
        self.reader.join(PATIENCE)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def arguments(parameters=None, remaps=None, files=(), more=()):
    words = ["--ros-args"]
    for name, value in (parameters or {}).items():
        words += ["-p", f"{name}:={json.dumps(value) if not isinstance(value, str) else value}"]
    for old, new in (remaps or {}).items():
        words += ["-r", f"{old}:={new}"]
    for file in files:
        words += ["--params-file", file]
    return words + list(more)


def controller(env, parameters=None, **rest):
    return Process([PROGRAM, "run", *arguments(parameters, **rest)], env)


def simulated_arm(env, parameters=None, **rest):
    return Process([PROGRAM, "simulate", *arguments(parameters, **rest)], env)


class Client:
    """An outside client with rclpy, its executor on a thread of its own."""

    def __init__(self, env, node="moto_controller", namespace="", name="client"):
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=int(env["ROS_DOMAIN_ID"]))
        self.node = rclpy.create_node(name, context=self.context)
        self.prefix = f"{namespace}/{node}"
        self.namespace = namespace
        self.changed = threading.Condition()
        self.received = {}
        self.services = {}
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()

    def _spin(self):
        while self.context.ok():
            try:
                self.executor.spin_once(timeout_sec=0.1)
            except Exception:
                if self.context.ok():
                    raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.try_shutdown()
        self.thread.join(10)
        # Else its publishers stay, and others find them.
        self.node.destroy_node()

    def listen(self, key, kind, topic, qos=10):
        """Keeps every message of a topic under `key`."""
        self.received[key] = []

        def take(message):
            with self.changed:
                self.received[key].append(message)
                self.changed.notify_all()

        self.node.create_subscription(kind, topic, take, qos)
        return self.received[key]

    def listen_to_commands(self, topic="effort_controller/commands"):
        return self.listen("commands", Float64MultiArray, f"{self.namespace}/{topic}", 1000)

    def listen_to_records(self):
        kept = QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)
        self.listen("trials", String, f"{self.prefix}/trial", kept)
        self.listen("iterations", String, f"{self.prefix}/iteration", kept)
        self.listen("diagnostics", DiagnosticArray, "/diagnostics")
        self.listen("log", Log, "/rosout", kept)
        self.listen("transitions", TransitionEvent, f"{self.prefix}/transition_event", 100)
        self.listen("parameter_events", ParameterEvent, "/parameter_events", 100)

    def wait_until(self, condition, what):
        """Waits until a condition on what was received holds."""
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE), f"not seen: {what}"

    def call(self, kind, service, request=None):
        key = (kind, service)
        if key not in self.services:
            self.services[key] = self.node.create_client(kind, service)
        client = self.services[key]
        assert client.wait_for_service(PATIENCE), f"{service} is not there"
        # The middleware drops an answer while the node has not found this client's reader. A question can be asked again.
        asks = 10 if kind.__name__.startswith(("Get", "List", "Describe")) else 1
        for _ in range(asks):
            done = threading.Event()
            future = client.call_async(request or kind.Request())
            future.add_done_callback(lambda _, done=done: done.set())
            if done.wait(PATIENCE / asks):
                return future.result()
        raise AssertionError(f"{service} does not answer")

    def trigger(self, name):
        return self.call(Trigger, f"{self.prefix}/{name}")

    def set_parameter(self, name, value):
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        return self.call(SetParameters, f"{self.prefix}/set_parameters", request).results[0]

    def change(self, name, number=0):
        request = ChangeState.Request(transition=Transition(id=number, label=name))
        return self.call(ChangeState, f"{self.prefix}/change_state", request).success

    def state(self):
        return self.call(GetState, f"{self.prefix}/get_state").current_state.label

    def wait_until_active(self):
        """Waits for the end of an activation that another asked for: commands come before it ends."""
        for _ in deadline():
            if self.state() == "active":
                return

    def transitions(self):
        answer = self.call(GetAvailableTransitions, f"{self.prefix}/get_available_transitions")
        return {entry.transition.label for entry in answer.available_transitions}


class StillRobot:
    """A robot of messages: it reports a posture and a ball far away, as often as asked. What it reports may be changed."""

    def __init__(self, client, ball="ball", rate=100.0, namespace="", listens=True):
        self.client = client
        best = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
        self.states = client.node.create_publisher(JointState, f"{namespace}/joint_states", best)
        self.ball = client.node.create_publisher(Odometry, ball, best)
        if listens:
            # A robot does, whether a test listens or not.
            client.node.create_subscription(Float64MultiArray, f"{namespace}/effort_controller/commands", lambda _: None, best)
        self.names, self.position, self.velocity = list(JOINTS), list(REST), [0.0] * len(JOINTS)
        self.edit = lambda message: message
        self.silent = threading.Event()
        self.over = threading.Event()
        self.period = 1.0 / rate
        self.thread = threading.Thread(target=self._report, daemon=True)
        self.thread.start()

    def _report(self):
        while not self.over.wait(self.period):
            if self.silent.is_set() or not self.client.context.ok():
                continue
            stamp = self.client.node.get_clock().now().to_msg()
            ball = Odometry()
            ball.header.stamp, ball.header.frame_id = stamp, "world"
            ball.pose.pose.position.x, ball.pose.pose.orientation.w = 5.0, 1.0
            state = JointState(name=list(self.names), position=list(self.position), velocity=list(self.velocity))
            state.header.stamp = stamp
            try:
                self.ball.publish(ball)
                self.states.publish(self.edit(state))
            except Exception:
                if self.client.context.ok():
                    raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(10)


def patient(**more):
    """Parameters of a controller whose time is not what is tested: it holds its posture and waits for the operator."""
    return {
        "control.trigger": "operator",
        "control.ready_timeout": 3600.0,
        "control.watchdog.max_state_age": 10.0,
        "control.watchdog.max_task_age": 10.0,
        "control.watchdog.max_frozen_readings": 100000,
        "control.watchdog.max_consecutive_misses": 1000,
        "control.watchdog.heartbeat_timeout": 60.0,
        "ros.connect_timeout": 30.0,
        "run.realtime_strokes": 0,
        **{name.replace("__", "."): value for name, value in more.items()},
    }


def deadline(seconds=PATIENCE):
    """An end for loops that ask again and again."""
    until = time.monotonic() + seconds
    while True:
        assert time.monotonic() < until, "out of patience"
        yield
