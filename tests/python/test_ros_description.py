"""What `moto_controller gazebo` writes: for sdformat, for Pinocchio as a witness of the masses, and against the configuration."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

import numpy as np
import pinocchio
import pytest
import yaml
from ros_support import JOINTS, PROGRAM, REST, ROOT

ARMATURE = np.array([2.0, 2.0, 2.0, 0.15, 0.15, 0.1, 0.1, 0.02, 0.02])


def written(config, folder):
    """Robot, world and controllers for a configuration."""
    command = [PROGRAM, "gazebo", "--config", str(config), "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written("config/table_tennis.yaml", tmp_path_factory.mktemp("gazebo"))


def tool(*names):
    """The first of these programs that is there."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"none of {', '.join(names)} is installed: run scripts/setup_ros_tools.sh"
    return found


def sdformat(option, path):
    """What sdformat says of a file: it says Error and is content, so its words are looked at too."""
    done = subprocess.run([tool("gz", "ign"), "sdf", option, str(path)], capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not re.search(r"^(Error|Warning)\b", said, re.MULTILINE), said
    return said


def converted(files):
    """The robot as sdformat has it."""
    said = sdformat("-p", files / "robot.urdf")
    return xml.fromstring(said[said.index("<sdf") : said.index("</sdf>") + len("</sdf>")]).find("model")


@pytest.mark.parametrize("config", ["table_tennis", "wam_table_tennis", "reach", "double_link"])
def test_robot_and_world_are_ones_that_sdformat_accepts(config, tmp_path):
    folder = written(f"config/{config}.yaml", tmp_path)
    for name in ("robot.urdf", "world.sdf"):
        assert "Valid" in sdformat("-k", folder / name)
    assert xml.parse(folder / "world.sdf").getroot().get("version") == "1.9"
    checked = subprocess.run([tool("check_urdf"), str(folder / "robot.urdf")], capture_output=True, text=True)
    assert checked.returncode == 0 and "Successfully Parsed XML" in checked.stdout


def test_no_link_is_lost_in_gazebo(files):
    robot = xml.parse(files / "robot.urdf").getroot()
    for link in robot.findall("link"):
        if link.get("name") != "world":
            assert float(link.find("inertial/mass").get("value")) > 1e-6, link.get("name")
    model = converted(files)
    kept = {link.get("name") for link in model.iter("link")}
    assert kept >= {joint.find("child").get("link") for joint in robot.findall("joint") if joint.get("type") != "fixed"}
    # The drive of the sliding joints is a mass without a weight.
    assert model.findtext("link[@name='bz_drive']/gravity") in ("0", "false")


def test_the_joints_are_driven_by_efforts_from_their_start(files):
    system = xml.parse(files / "robot.urdf").getroot().find("ros2_control")
    assert system.findtext("hardware/plugin") == "gz_ros2_control/GazeboSimSystem"
    assert [joint.get("name") for joint in system.findall("joint")] == JOINTS
    for joint, rest in zip(system.findall("joint"), REST):
        assert [interface.get("name") for interface in joint.findall("command_interface")] == ["effort"]
        states = {interface.get("name"): interface for interface in joint.findall("state_interface")}
        assert set(states) == {"position", "velocity", "effort"}
        assert float(states["position"].find("param").text) == rest
    controllers = yaml.safe_load((files / "controllers.yaml").read_text())
    assert controllers["effort_controller"]["ros__parameters"] == {"joints": JOINTS, "interface_name": "effort"}
    assert controllers["controller_manager"]["ros__parameters"]["update_rate"] == 500
    plugin = xml.parse(files / "robot.urdf").getroot().find("gazebo/plugin")
    assert plugin.findtext("parameters") == str(files / "controllers.yaml")


def test_springs_damping_and_the_rackets_surface_are_the_configurations(files):
    robot = converted(files)
    for name, stiffness, damping in (("bx", 1500, 150), ("bz", 1500, 150), ("j1", 0, 2), ("j6", 0, 0.3)):
        dynamics = robot.find(f"joint[@name='{name}']/axis/dynamics")
        assert float(dynamics.findtext("spring_stiffness")) == stiffness
        assert float(dynamics.findtext("damping")) == damping
    # The racket is part of the hand's body there.
    surfaces = [part for part in robot.iter("collision") if "racket" in part.get("name")]
    assert len(surfaces) == 1
    assert float(surfaces[0].findtext("surface/bounce/restitution_coefficient")) == 0.78
    assert float(surfaces[0].findtext("geometry/cylinder/radius")) == 0.08


def test_the_masses_are_those_of_the_arm_with_its_drives(files):
    """Armature adds to the diagonal of the mass matrix. As inertia of links it does so exactly at the start posture, and nearly
    elsewhere; what it couples besides is said in docs/gazebo.md."""
    ours = pinocchio.buildModelFromUrdf(str(ROOT / "urdf" / "table_tennis_arm.urdf"))
    gazebo = pinocchio.buildModelFromUrdf(str(files / "robot.urdf"))
    assert list(ours.names) == list(gazebo.names)

    def masses(model, q):
        upper = np.triu(pinocchio.crba(model, model.createData(), q))
        return upper + np.triu(upper, 1).T

    def error(q):
        wanted = masses(ours, q) + np.diag(ARMATURE)
        return (masses(gazebo, q) - wanted) / np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))

    assert np.abs(np.diag(error(np.array(REST)))).max() < 1e-3
    random = np.random.default_rng(3)
    for _ in range(200):
        difference = error(random.uniform(ours.lowerPositionLimit, ours.upperPositionLimit))
        assert np.abs(np.diag(difference)).max() < 0.08
        # The base slides as it does here.
        assert np.abs(difference[:3]).max() < 1e-3
    # Gravity pulls at the arm as it does here.
    pulled = [pinocchio.computeGeneralizedGravity(model, model.createData(), np.array(REST)) for model in (ours, gazebo)]
    assert np.abs((pulled[1] - pulled[0])[3:]).max() < 1e-2
    assert pulled[1][2] - pulled[0][2] == pytest.approx(2.0 * 9.81, abs=1e-2), "but for the drive's mass, which has no weight there"


def world(files):
    return xml.parse(files / "world.sdf").getroot().find("world")


def test_the_worlds_numbers_are_the_configurations(files):
    inner = world(files)
    names = {plugin.get("name") for plugin in inner.findall("plugin")}
    assert names >= {f"gz::sim::systems::{name}" for name in ("Physics", "UserCommands", "SceneBroadcaster", "WindEffects")}
    step = float(inner.findtext("physics/max_step_size"))
    assert (0.002 / step).is_integer()
    top = inner.find("model[@name='court']/link/collision[@name='top']")
    size, pose = ([float(x) for x in top.findtext(part).split()] for part in ("geometry/box/size", "pose"))
    assert size[:2] == [2.74, 1.525] and pose[2] + size[2] / 2 == pytest.approx(0.76)
    assert float(top.findtext("surface/bounce/restitution_coefficient")) == 0.88
    ball = inner.find("model[@name='ball']/link")
    # The engine multiplies: table and racket have the whole of the restitution.
    assert float(ball.findtext("collision/surface/bounce/restitution_coefficient")) == 1.0
    assert float(ball.findtext("collision/surface/friction/ode/mu")) == 0.0
    assert ball.findtext("enable_wind") == "true"
    drag = inner.find("plugin[@name='gz::sim::systems::WindEffects']/force_approximation_scaling_factor")
    assert drag.findtext("px") == "0 0 0 1" and float(drag.findtext("k")) == pytest.approx(0.6, abs=0.02)


def test_the_worlds_serve_is_the_tasks(files):
    """The force of one step gives the ball the velocity of the serve; before that the ball comes to rest in the shaft."""
    inner = world(files)
    step, mass = float(inner.findtext("physics/max_step_size")), float(inner.findtext("model[@name='ball']/link/inertial/mass"))
    serves = [plugin for plugin in inner.findall("plugin") if plugin.get("name") == "gz::sim::systems::TriggeredPublisher"]
    assert {plugin.find("input").get("topic") for plugin in serves} == {"/serve"}
    assert {plugin.find("input").get("type") for plugin in serves} == {"gz.msgs.Empty"}
    assert {plugin.find("service").get("name") for plugin in serves} == {f"/world/{inner.get('name')}/set_pose"}
    # A delay of zero would now and then leave the service out.
    delays = [int(plugin.findtext("delay_ms")) for plugin in serves]
    assert delays[0] >= 1 and delays == sorted(delays)

    def numbers(text, what):
        return [float(x) for x in re.findall(r"[xyz]: (-?[\d.]+)", re.search(what + r": {(.*?)}", text)[1])]

    assert numbers(serves[-1].find("service").get("reqMsg"), "position") == [1.3, 0.25, 1.05]
    force = numbers(serves[-1].findtext("output"), "force")
    assert force == pytest.approx([mass * v / step for v in (-4.8, -1.15, 1.6)])
    assert serves[-1].find("output").get("topic") == f"/world/{inner.get('name')}/wrench"
    shaft = [float(x) for x in inner.findtext("model[@name='shaft']/pose").split()[:2]]
    # Behind the robot: on its way there and from there the ball moves away from the plane it is struck in.
    assert shaft[0] < -1.55 - 1.0
    for plugin in serves[:-1]:
        assert numbers(plugin.find("service").get("reqMsg"), "position")[:2] == shaft


def test_the_configuration_is_one_that_rcl_reads():
    """rcl knows no null and no list of mixed types: a file that it refuses would never reach the node."""

    def check(tree, name):
        assert tree is not None, name
        if isinstance(tree, dict):
            for key, value in tree.items():
                check(value, f"{name}.{key}")
        if isinstance(tree, list):
            assert tree and len({type(value) for value in tree}) == 1, name

    for file in ("table_tennis.yaml", "ros.yaml"):
        check(yaml.safe_load((ROOT / "config" / file).read_text()), file)
