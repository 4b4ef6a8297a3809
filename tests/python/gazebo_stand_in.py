"""A stand-in for gz sim, its bridge and ros2_control: MuJoCo with the numbers of the written world, behind the same topics.

    gazebo_stand_in.py sim -s -r WORLD.sdf

The robot is read from beside the world. MuJoCo finds what the ball touches; the impact is an impulse with the product of the two
restitutions, as in Gazebo's engine. The ball's odometry is as bad as Gazebo's: its velocity is a mean over ten steps in a frame
that turns, and huge where the ball is put elsewhere. The world waits a while for each command, so that a slow machine loses
nothing, but where STAND_IN is "patience"; where it is "an even pace" it jumps ahead during the first stroke. STAND_IN in the
environment names what is missing.
"""

import os
import pathlib
import re
import signal
import sys
import time
import xml.etree.ElementTree as xml
from collections import deque

import mujoco
import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Empty, Float64MultiArray

MISSING = os.environ.get("STAND_IN", "")
# By the wall clock: longest wait for a command.
PATIENCE = 0.0 if MISSING == "patience" else 0.05
# Turning of the ball's frame, rad/s.
SPIN = 146.0


def numbers(text):
    return [float(x) for x in text.split()]


def named(text, what):
    """The x, y and z of a message in text form."""
    return [float(x) for x in re.findall(r"[xyz]: (-?[\d.e-]+)", re.search(what + r": {(.*?)}", text)[1])]


def described_robot(text):
    """The robot, as Gazebo would have it: springs and weightless links are in extensions."""
    bare = re.sub(r"<(visual|ros2_control|plugin)\b.*?</\1>", "", text, flags=re.S)
    # What a robot of meshes would touch is not asked for.
    bare = re.sub(r"<collision\b.*?</collision>", lambda part: "" if "<mesh" in part[0] else part[0], bare, flags=re.S)
    compiler = '<mujoco><compiler fusestatic="false" discardvisual="false" balanceinertia="false"/></mujoco>'
    spec = mujoco.MjSpec.from_string(bare.replace("</robot>", compiler + "</robot>"))
    springs, restitution = {}, {}
    for part in xml.fromstring(text).findall("gazebo[@reference]"):
        name = part.get("reference")
        if part.find("springStiffness") is not None:
            springs[name] = float(part.findtext("springStiffness"))
        if part.find("turnGravityOff") is not None:
            spec.body(name).gravcomp = 1
        bounce = part.findtext("collision/surface/bounce/restitution_coefficient")
        if bounce is not None:
            geom = spec.body(name).geoms[0]
            geom.name = f"{name}_surface"
            restitution[geom.name] = float(bounce)
    return spec, springs, restitution


class World:
    def __init__(self, path):
        world = xml.parse(path).getroot().find("world")
        robot = (path.parent / "robot.urdf").read_text()
        spec, springs, self.restitution = described_robot(robot)
        self.joints = [joint.get("name") for joint in xml.fromstring(robot).find("ros2_control").findall("joint")]
        start = [float(p.text) for p in xml.fromstring(robot).iterfind("ros2_control/joint/state_interface/param")]
        self.step = float(world.findtext("physics/max_step_size"))
        for model in world.findall("model"):
            for collision in model.findall("link/collision"):
                size = collision.findtext("geometry/box/size")
                if size is None or model.get("name") != "court":
                    continue
                name = collision.get("name")
                half = [0.5 * x for x in numbers(size)]
                spec.worldbody.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=half, pos=numbers(collision.findtext("pose"))[:3])
                self.restitution[name] = float(collision.findtext("surface/bounce/restitution_coefficient"))
        ball = world.find("model[@name='ball']")
        self.has_ball = ball is not None
        if self.has_ball:
            self.add_ball(spec, ball)
        self.model = spec.compile()
        for name, stiffness in springs.items():
            self.model.jnt_stiffness[self.model.joint(name).id] = stiffness
        self.model.opt.timestep = self.step
        self.model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self.data = mujoco.MjData(self.model)
        self.q = [self.model.joint(name).qposadr[0] for name in self.joints]
        self.v = [self.model.joint(name).dofadr[0] for name in self.joints]
        self.data.qpos[self.q] = start
        self.due, self.ticks, self.served = [], 500, []
        self.serves, self.mean = [], deque(maxlen=10)
        if self.has_ball:
            self.throw(world)

    def add_ball(self, spec, ball):
        self.mass = float(ball.findtext("link/inertial/mass"))
        self.own = float(ball.findtext("link/collision/surface/bounce/restitution_coefficient"))
        assert float(ball.findtext("link/collision/surface/friction/ode/mu")) == 0.0
        radius = float(ball.findtext("link/collision/geometry/sphere/radius"))
        body = spec.worldbody.add_body(name="ball", pos=numbers(ball.findtext("pose"))[:3])
        body.add_freejoint()
        body.add_geom(name="ball", type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[radius, 0, 0], mass=self.mass, contype=0, conaffinity=0)

    def throw(self, world):
        """What the ball needs of the compiled world."""
        ball = self.model.body("ball")
        self.ball_q, self.ball_v = self.model.jnt_qposadr[ball.jntadr[0]], self.model.jnt_dofadr[ball.jntadr[0]]
        self.geom = self.model.geom("ball").id
        self.partners = [(self.model.geom(name).id, self.own * share) for name, share in self.restitution.items()]
        plugins = {}
        for plugin in world.findall("plugin"):
            plugins.setdefault(plugin.get("name"), []).append(plugin)
        self.drag = float(plugins["gz::sim::systems::WindEffects"][0].findtext("force_approximation_scaling_factor/k"))
        for plugin in plugins["gz::sim::systems::TriggeredPublisher"]:
            force = plugin.findtext("output")
            push = named(force, "force") if force else None
            self.serves.append((named(plugin.find("service").get("reqMsg"), "position"), push))

    def serve(self):
        self.served.append(self.ticks)
        # The waits in the shaft are shortened.
        self.due = [(self.ticks + 5 * (i + 1), *serve) for i, serve in enumerate(self.serves)]

    def place(self):
        return self.data.qpos[self.ball_q : self.ball_q + 3]

    def velocity(self):
        return self.data.qvel[self.ball_v : self.ball_v + 3]

    def advance(self, effort, period):
        """A control period."""
        while self.due and self.due[0][0] <= self.ticks:
            _, position, push = self.due.pop(0)
            self.place()[:] = position
            self.velocity()[:] = 0.0 if push is None else np.array(push) * self.step / self.mass
        for _ in range(round(period / self.step)):
            self.data.qfrc_applied[self.v] = effort
            if not self.has_ball:
                mujoco.mj_step(self.model, self.data)
                continue
            self.data.qfrc_applied[self.ball_v : self.ball_v + 3] = -self.mass * self.drag * self.velocity()
            before = self.place().copy()
            mujoco.mj_step(self.model, self.data)
            self.bounce()
            self.mean.append((self.place() - before) / self.step)
        # The floor: where the ball lies, nothing bounces.
        if self.has_ball and self.place()[2] < 0.02:
            self.place()[2] = 0.02
            self.velocity()[:] = 0.0
        self.ticks += 1

    def bounce(self):
        for other, restitution in self.partners:
            ends = np.zeros(6)
            distance = mujoco.mj_geomDistance(self.model, self.data, other, self.geom, 0.05, ends)
            if distance > 0:
                continue
            # Of two bodies that are in each other the ends have changed sides.
            normal = (ends[:3] - ends[3:]) / np.linalg.norm(ends[:3] - ends[3:])
            moving = np.zeros((3, self.model.nv))
            mujoco.mj_jac(self.model, self.data, moving, None, ends[:3], self.model.geom_bodyid[other])
            approach = normal @ (self.velocity() - moving @ self.data.qvel)
            if approach < 0:
                self.velocity()[:] -= (1 + restitution) * approach * normal


class Node:
    def __init__(self, world, period):
        self.world, self.period = world, period
        self.node = rclpy.create_node("gazebo_stand_in")
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self.clock = self.node.create_publisher(Clock, "/clock", reliable)
        self.states = self.node.create_publisher(JointState, "/joint_states", reliable)
        self.ball = self.node.create_publisher(Odometry, "/ball", reliable)
        self.effort, self.answered, self.commands = np.zeros(len(world.joints)), False, 0
        if MISSING != "controllers":
            self.node.create_subscription(Float64MultiArray, "/effort_controller/commands", self.command, reliable)
        self.node.create_subscription(Empty, "/serve", lambda _: world.serve(), reliable)
        if MISSING == "one clock":
            other = rclpy.create_node("left_behind")
            self.other = other.create_publisher(Clock, "/clock", reliable)

    def command(self, message):
        self.effort, self.answered = np.array(message.data), True
        self.commands += 1

    def publish(self):
        world = self.world
        nanoseconds = round(world.ticks * self.period * 1e9)
        clock, state, ball = Clock(), JointState(name=world.joints[::-1]), Odometry()
        for stamp in (clock.clock, state.header.stamp, ball.header.stamp):
            stamp.sec, stamp.nanosec = nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000
        state.position = world.data.qpos[world.q].tolist()[::-1]
        state.velocity = world.data.qvel[world.v].tolist()[::-1]
        if world.has_ball and MISSING != "ball":
            self.tell_ball(ball)
        if MISSING != "robot":
            self.states.publish(state)
        self.clock.publish(clock)

    def tell_ball(self, ball):
        world = self.world
        ball.header.frame_id, ball.child_frame_id = "world", "ball"
        angle = SPIN * world.ticks * self.period
        at, turned = ball.pose.pose.position, ball.pose.pose.orientation
        at.x, at.y, at.z = world.place().tolist()
        turned.w, turned.y = float(np.cos(angle / 2)), float(np.sin(angle / 2))
        mean = np.mean(world.mean, axis=0) if world.mean else np.zeros(3)
        spun = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]]) @ mean
        speed = ball.twist.twist.linear
        speed.x, speed.y, speed.z = spun.tolist()
        self.ball.publish(ball)

    def ahead(self):
        """Control periods until the next message."""
        served = self.world.served
        jumps = MISSING == "an even pace" and len(served) == 1 and (self.world.ticks - served[0]) % 50 > 44
        return 6 if jumps else 1

    def run(self):
        while rclpy.ok():
            self.publish()
            end = time.monotonic() + PATIENCE
            self.answered = False
            while not self.answered and time.monotonic() < end:
                rclpy.spin_once(self.node, timeout_sec=0.005)
            for _ in range(self.ahead()):
                self.world.advance(self.effort, self.period)
            if MISSING == "steady world" and self.commands == 200:
                self.world.ticks, self.commands = 1, 201


def main():
    if "-s" not in sys.argv:
        sys.exit("only the server is stood in for")
    if MISSING == "server":
        sys.exit("the server ends at once")
    path = pathlib.Path(sys.argv[-1])
    controllers = (path.parent / "controllers.yaml").read_text()
    period = 1.0 / float(re.search(r"update_rate: (\d+)", controllers)[1])
    if MISSING == "clock":
        signal.pause()  # alive and silent, until it is ended
    rclpy.init()
    try:
        Node(World(path), period).run()
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass


if __name__ == "__main__":
    main()
