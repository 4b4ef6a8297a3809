"""The robot description with its ros2_control tags, and the files that have to agree with it."""

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
    if shutil.which("check_urdf"):
        (tmp_path / "arm.urdf").write_text(text)
        checked = subprocess.run(["check_urdf", str(tmp_path / "arm.urdf")], capture_output=True, text=True)
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
