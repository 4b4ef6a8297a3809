"""The robot description with its ros2_control tags, and the files that have to agree with it."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest
import yaml
from ros_support import JOINTS, REST, ROOT


def description(**arguments):
    file = ROOT / "urdf" / "table_tennis_arm.ros2_control.urdf.xacro"
    command = [sys.executable, "-c", "import xacro; xacro.main()", str(file), *(f"{name}:={value}" for name, value in arguments.items())]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tool(*names):
    """The first of these programs that is there."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"none of {', '.join(names)} is installed: run scripts/setup_ros_tools.sh"
    return found


@pytest.mark.parametrize(
    "hardware, plugin",
    [
        ("mock", "mock_components/GenericSystem"),
        ("gazebo", "gz_ros2_control/GazeboSimSystem"),
        ("my_robot/MySystem", "my_robot/MySystem"),
    ],
)
def test_every_variant_has_the_joints_and_their_interfaces(hardware, plugin, tmp_path):
    text = description(hardware=hardware, controllers="/some/controllers.yaml")
    robot = xml.fromstring(text)
    system = robot.find("ros2_control")
    assert [node.text for node in system.findall("hardware/plugin")] == [plugin]
    assert [joint.get("name") for joint in system.findall("joint")] == JOINTS
    for joint, rest in zip(system.findall("joint"), REST):
        assert [interface.get("name") for interface in joint.findall("command_interface")] == ["effort"]
        states = {interface.get("name"): interface for interface in joint.findall("state_interface")}
        assert set(states) == {"position", "velocity", "effort"}
        assert float(states["position"].find("param").text) == rest
    gazebo = robot.findall("gazebo/plugin")
    assert [node.find("parameters").text for node in gazebo] == (["/some/controllers.yaml"] if hardware == "gazebo" else [])
    (tmp_path / "arm.urdf").write_text(text)
    checked = subprocess.run([tool("check_urdf"), str(tmp_path / "arm.urdf")], capture_output=True, text=True)
    assert checked.returncode == 0 and "Successfully Parsed XML" in checked.stdout


def test_the_controllers_fit_the_daemon():
    controllers = yaml.safe_load((ROOT / "config" / "controllers.yaml").read_text())
    daemon = yaml.safe_load((ROOT / "config" / "table_tennis.yaml").read_text())["moto_controller"]["ros__parameters"]
    assert controllers["effort_controller"]["ros__parameters"] == {"joints": daemon["robot"]["joints"], "interface_name": "effort"}
    assert controllers["controller_manager"]["ros__parameters"]["update_rate"] == round(1 / daemon["control"]["period"])
    world = xml.parse(ROOT / "urdf" / "table_tennis.sdf").getroot()
    step = float(world.findtext("world/physics/max_step_size"))
    assert (daemon["control"]["period"] / step).is_integer()
    assert world.get("version") == "1.9"


def world():
    return xml.parse(ROOT / "urdf" / "table_tennis.sdf").getroot().find("world")


def test_the_world_is_one_that_sdformat_accepts():
    checked = subprocess.run([tool("gz", "ign"), "sdf", "-k", str(ROOT / "urdf" / "table_tennis.sdf")], capture_output=True, text=True)
    said = checked.stdout + checked.stderr
    assert checked.returncode == 0 and "Valid" in said, said
    # It also says Error and is content.
    assert not re.search(r"^(Error|Warning)\b", said, re.MULTILINE), said


def test_the_worlds_serve_is_the_tasks():
    """The force of one step gives the ball the velocity of the serve; before that the ball comes to rest in the shaft."""
    arm = (ROOT / "src" / "tasks" / "table_tennis" / "config.rs").read_text()
    position, velocity = (
        [float(x) for x in re.search(rf"{name}: \[(.*?)\],", arm[arm.index("impl Default for ServeConfig") :])[1].split(",")]
        for name in ("position", "velocity")
    )
    inner = world()
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

    assert numbers(serves[-1].find("service").get("reqMsg"), "position") == position
    force = numbers(serves[-1].findtext("output"), "force")
    assert force == pytest.approx([mass * v / step for v in velocity])
    assert serves[-1].find("output").get("topic") == f"/world/{inner.get('name')}/wrench"
    shaft = [float(x) for x in inner.findtext("model[@name='shaft']/pose").split()[:2]]
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
