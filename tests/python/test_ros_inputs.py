"""What people's robots and simulations send: without stamps, with wild ones, in parts, twice, with clocks of all kinds; and who else is there."""

import contextlib
import math
import threading

import pytest
from ros_support import JOINTS, Client, StillRobot, controller, deadline, environment, patient
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float64MultiArray
from test_ros_robot import diagnosed, holds, is_safe


@contextlib.contextmanager
def setting(tmp_path, listens=True, **parameters):
    """A still robot and a controller that is not yet configured."""
    env = environment()
    given = {"ros__connect_timeout": 30.0, **parameters}
    given = patient(ros__run_folder=str(tmp_path / "run"), **given)
    with Client(env) as client, StillRobot(client, "moto_controller/ball", listens=listens) as robot:
        client.listen_to_records()
        robot.env = env
        with controller(env, given) as robot.process:
            robot.process.wait_for_line("the node is up")
            yield robot


def listen(robot):
    robot.commands = robot.client.listen_to_commands()


def start(robot):
    listen(robot)
    assert robot.client.change("configure") and robot.client.change("activate"), robot.process.output()
    holds(robot)


def is_refused(robot, *words):
    """Activation is refused with these words, and nothing was sent."""
    sent = robot.client.listen("sent", Float64MultiArray, "/effort_controller/commands") if not hasattr(robot, "commands") else robot.commands
    assert robot.client.change("configure") and not robot.client.change("activate"), robot.process.output()
    for word in words:
        robot.process.wait_for_line(word)
    assert not sent, "a robot that is not to be commanded was"


def is_given_up(robot, *words):
    """The robot hears zero last, the run ends, and that is said, in the diagnostics too."""
    for word in words:
        robot.process.wait_for_line(word)
    for _ in deadline():
        if robot.client.state() == "inactive":
            break
    is_safe(robot)
    diagnosed(robot, "loop", words[-1])


def part(joints):
    def edit(message):
        index = [message.name.index(joint) for joint in joints]
        message.name = list(joints)
        message.position = [message.position[i] for i in index]
        message.velocity = [message.velocity[i] for i in index]
        return message

    return edit


def without_stamp(message):
    message.header.stamp.sec = message.header.stamp.nanosec = 0
    return message


# What the joint states say.


def test_without_stamps_the_time_of_receipt_is_taken_and_said_once(tmp_path):
    with setting(tmp_path, ros__joints__velocity="derived", ros__joints__velocity_cutoff=20.0) as robot:
        robot.edit = without_stamp
        start(robot)
        seen = len(robot.commands)
        robot.client.wait_until(lambda: len(robot.commands) > seen + 200, "further commands")
        assert sum("have no time stamps" in line for line in robot.process.lines) == 1


def test_without_stamps_and_low_pass_nothing_is_derived(tmp_path):
    with setting(tmp_path, ros__joints__velocity="derived", ros__connect_timeout=2.0) as robot:
        robot.edit = without_stamp
        is_refused(robot, "set ros.joints.velocity_cutoff")


def test_missing_velocities_are_said_with_what_to_do(tmp_path):
    def without(message):
        message.velocity = []
        return message

    with setting(tmp_path, ros__connect_timeout=2.0) as robot:
        robot.edit = without
        is_refused(robot, "have no velocities; ros.joints.velocity: derived takes them from the positions")


def test_names_that_differ_are_said_with_what_to_do(tmp_path):
    def rename(message):
        message.name = [f"panda_{name}" for name in message.name]
        return message

    with setting(tmp_path, ros__connect_timeout=2.0) as robot:
        robot.edit = rename
        is_refused(robot, "they name panda_bx, panda_by", "say in ros.joints.names")


def test_velocities_that_are_no_numbers_stop_the_robot_and_do_not_flood(tmp_path):
    def spoil(message):
        message.velocity[JOINTS.index("j2")] = math.nan
        return message

    with setting(tmp_path) as robot:
        start(robot)
        robot.edit = spoil
        is_safe(robot)
        robot.process.wait_for_line("the velocity of joint j2 is NaN")
        diagnosed(robot, "robot", "the velocity of joint j2 is NaN")
        seen = len(robot.commands)
        robot.client.wait_until(lambda: len(robot.commands) > seen + 500, "further commands")
        # Once in ten seconds, however many there are.
        assert sum("is NaN" in line for line in robot.process.lines) <= 10


def test_one_stamp_far_ahead_stops_nothing(tmp_path):
    left = [3]

    def ahead(message):
        if left[0] == 2:
            message.header.stamp.sec += 60
        left[0] -= 1
        return message

    with setting(tmp_path, control__watchdog__max_state_age=5.0) as robot:
        start(robot)
        robot.edit = ahead
        robot.process.wait_for_line("ahead of their time")
        seen = len(robot.commands)
        robot.client.wait_until(lambda: len(robot.commands) > seen + 200, "further commands")
        holds(robot)
        assert not any("safe command" in line for line in robot.process.lines), robot.process.output()


# Who sends them.


def test_joints_of_two_publishers_are_merged_and_one_that_falls_silent_stops_the_robot(tmp_path):
    with setting(tmp_path, control__watchdog__max_state_age=3.0) as robot:
        with Client(robot.env, name="hand") as client, StillRobot(client, "other_ball", listens=False) as hand:
            robot.edit, hand.edit = part(JOINTS[:4]), part(JOINTS[4:])
            start(robot)
            assert not any("ERROR" in line for line in robot.process.lines), robot.process.output()
            hand.silent.set()
            is_safe(robot)
            robot.process.wait_for_line("joints j2, j3, j4, j5, j6 are missing")
            robot.process.wait_for_line("the newest joint state is")


def test_two_publishers_of_the_same_joints_are_refused_and_stop_a_run(tmp_path):
    with setting(tmp_path, ros__connect_timeout=5.0) as robot:
        with Client(robot.env, name="twin") as client, StillRobot(client, "other_ball", listens=False):
            is_refused(robot, "/joint_states has 2 publishers", "/twin")
    with setting(tmp_path / "again") as robot:
        start(robot)
        with Client(robot.env, name="shadow") as client, StillRobot(client, "other_ball", listens=False) as shadow:
            shadow.edit = part(["j1", "j2"])
            is_given_up(robot, "is reported by more than one publisher")


def test_another_commander_is_refused_and_stops_a_run(tmp_path):
    with setting(tmp_path, ros__connect_timeout=5.0) as robot:
        with Client(robot.env, name="other") as client:
            publisher = client.node.create_publisher(Float64MultiArray, "/effort_controller/commands", 1)
            is_refused(robot, "there are other publishers of commands on /effort_controller/commands too: /other")
            client.node.destroy_publisher(publisher)
            assert robot.client.change("activate")
            listen(robot)
            holds(robot)
            client.node.create_publisher(Float64MultiArray, "/effort_controller/commands", 1)
            is_given_up(robot, "there are other publishers of commands")


def test_without_a_listener_nothing_starts_and_a_run_ends(tmp_path):
    with setting(tmp_path, listens=False, ros__connect_timeout=3.0) as robot:
        assert robot.client.change("configure") and not robot.client.change("activate")
        robot.process.wait_for_line("nobody listens to the commands on /effort_controller/commands")
        with Client(robot.env, name="drives") as drives:
            heard = drives.listen("commands", Float64MultiArray, "/effort_controller/commands")
            for _ in deadline():
                if robot.client.change("activate"):
                    break
            drives.wait_until(lambda: heard and any(heard[-1].data), "efforts")
            drives.node.destroy_node()
            robot.process.wait_for_line("the robot is lost: nobody listens")
        for _ in deadline():
            if robot.client.state() == "inactive":
                break
        diagnosed(robot, "loop", "nobody listens")


# Whose time it is.


class Simulation:
    """A clock besides the robot: it ticks in steps of `step` seconds, as often as the robot reports, and stamps what the robot says."""

    def __init__(self, robot, step=0.002):
        self.robot, self.step, self.now = robot, step, 100.0
        self.stands, self.mute, self.lock = False, False, threading.Lock()
        self.publisher = robot.client.node.create_publisher(Clock, "/clock", 10)
        robot.edit = self.report
        self.ball = robot.ball.publish

    def report(self, message):
        with self.lock:
            self.now += 0.0 if self.stands else self.step
            message.header.stamp.sec = int(self.now)
            message.header.stamp.nanosec = int(self.now * 1e9) % 1_000_000_000
        if not self.mute:
            self.publisher.publish(Clock(clock=message.header.stamp))
        return message

    def jump(self, seconds):
        with self.lock:
            self.now += seconds


@contextlib.contextmanager
def simulated(tmp_path, step=0.002, **parameters):
    with setting(tmp_path, use_sim_time=True, **{"ros__clock_timeout": 3.0, **parameters}) as robot:
        robot.simulation = Simulation(robot, step)
        yield robot


def test_simulated_time(tmp_path):
    with simulated(tmp_path) as robot:
        start(robot)
        assert robot.client.change("deactivate")
        is_safe(robot)


def test_without_a_clock_simulated_time_is_refused(tmp_path):
    with setting(tmp_path, use_sim_time=True, ros__connect_timeout=2.0) as robot:
        is_refused(robot, "use_sim_time is set, but nothing came on /clock")
        diagnosed(robot, "robot", "nothing came on /clock")


def test_a_clock_that_stands_is_refused(tmp_path):
    with simulated(tmp_path, ros__connect_timeout=2.0) as robot:
        robot.simulation.stands = True
        is_refused(robot, "the clock on /clock stands at")


def test_a_clock_in_coarse_steps_is_refused(tmp_path):
    with simulated(tmp_path, step=0.1, ros__connect_timeout=3.0) as robot:
        is_refused(robot, "passes in steps of 100", "the control period is 2ms")


@pytest.mark.parametrize("what", ["stands", "mute", "silent"])
def test_a_clock_that_stops_stops_the_robot(tmp_path, what):
    with simulated(tmp_path) as robot:
        start(robot)
        if what == "silent":
            robot.silent.set()
        else:
            setattr(robot.simulation, what, True)
        is_given_up(robot, "the clock on /clock has been standing at")
        diagnosed(robot, "robot", "standing") if what != "mute" else None
        # Once it goes on, so does the run.
        robot.silent.clear()
        robot.simulation.stands = robot.simulation.mute = False
        assert robot.client.change("activate"), robot.process.output()
        holds(robot)


def test_a_clock_that_runs_back_stops_the_robot(tmp_path):
    with simulated(tmp_path) as robot:
        start(robot)
        robot.simulation.jump(-90.0)
        is_given_up(robot, "the clock on /clock went back from")
        assert robot.client.change("activate"), robot.process.output()
        holds(robot)


def test_two_clocks_are_refused(tmp_path):
    with simulated(tmp_path, ros__connect_timeout=5.0) as robot:
        with Client(robot.env, name="bag") as client:
            client.node.create_publisher(Clock, "/clock", 10)
            is_refused(robot, "/clock has 2 publishers")
