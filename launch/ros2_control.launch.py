"""The controller inside the controller manager of ros2_control, with mock hardware or in gz sim.

    ros2 launch moto_controller ros2_control.launch.py
    ros2 launch moto_controller ros2_control.launch.py hardware:=gazebo reset_faults:=true

Needs ros2_control, ros2_controllers and the package moto_ros2_control; with hardware:=gazebo, Gazebo Harmonic with ros_gz and
gz_ros2_control too. Robot and world are written from the configuration at each start, as gazebo.launch.py does. Mock hardware has
no dynamics: the arm does not move, and the loop soon stops with that. It shows that the parts fit. The update rate in `controllers`
is one over the configuration's control.period.
"""

import os
import shutil
import subprocess
import tempfile

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, SetEnvironmentVariable, Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("moto_controller")
# From the share folder, PREFIX/share/moto_controller, to the program.
PROGRAM = PathJoinSubstitution([SHARE, "..", "..", "lib", "moto_controller", "moto_controller"])
IN_GAZEBO, MOCK = "gz_ros2_control/GazeboSimSystem", "mock_components/GenericSystem"

# Name, default, meaning.
ARGUMENTS = [
    ("hardware", "mock", "mock or gazebo."),
    ("config", PathJoinSubstitution([SHARE, "config", "table_tennis_1khz.yaml"]), "Configuration of robot, task and learner."),
    ("controllers", PathJoinSubstitution([SHARE, "config", "ros2_control.yaml"]), "Controllers of ros2_control."),
    ("speed", "1.0", "The world's real-time factor."),
    ("reset_faults", "false", "Leave the safe state without a reset. For simulations."),
    ("run_folder", "", "The run folder to make; empty for one under runs/."),
]


def gazebo(files):
    """The world, the robot in it, and the bridge to it."""
    plugins = [os.environ.get("GZ_SIM_SYSTEM_PLUGIN_PATH", ""), os.environ.get("LD_LIBRARY_PATH", "")]
    return [
        SetEnvironmentVariable("GZ_SIM_SYSTEM_PLUGIN_PATH", os.pathsep.join(filter(None, plugins))),
        ExecuteProcess(
            cmd=["gz", "sim", "-s", "-r", os.path.join(files, "world.sdf")],
            name="gz",
            output="screen",
            on_exit=Shutdown(reason="Gazebo has ended"),
        ),
        Node(
            package="ros_gz_sim",
            executable="create",
            arguments=["-topic", "robot_description", "-name", "robot"],
            output="screen",
        ),
        Node(
            package="ros_gz_bridge",
            executable="parameter_bridge",
            # [ is from Gazebo to ROS, ] from ROS to Gazebo.
            arguments=[
                "/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock",
                "/ball@nav_msgs/msg/Odometry[gz.msgs.Odometry",
                "/serve@std_msgs/msg/Empty]gz.msgs.Empty",
            ],
            remappings=[("/ball", "/moto/ball"), ("/serve", "/moto/start_task")],
            output="screen",
        ),
    ]


def manager(controllers):
    """The controller manager on mock hardware; in Gazebo it comes with the robot."""
    return [
        Node(
            package="controller_manager",
            executable="ros2_control_node",
            parameters=[controllers],
            remappings=[("~/robot_description", "robot_description")],
            output="screen",
        )
    ]


def actions(context):
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    files = tempfile.mkdtemp(prefix="moto_ros2_control_")
    write = [PROGRAM.perform(context), "gazebo", "--config", given["config"], "--out", files, "--speed", given["speed"]]
    written = subprocess.run(write, capture_output=True, text=True)
    if written.returncode != 0:
        raise RuntimeError(f"the robot could not be written: {written.stderr.strip()}")
    # The robot in Gazebo names this file.
    controllers = shutil.copy(given["controllers"], os.path.join(files, "controllers.yaml"))
    in_gazebo = given["hardware"] == "gazebo"
    with open(os.path.join(files, "robot.urdf")) as file:
        robot = file.read() if in_gazebo else file.read().replace(IN_GAZEBO, MOCK)
    state_publisher = Node(
        package="robot_state_publisher",
        executable="robot_state_publisher",
        parameters=[{"robot_description": ParameterValue(robot, value_type=str), "use_sim_time": in_gazebo}],
        output="screen",
    )
    own = f"-p configuration:={given['config']} -p run_folder:='{given['run_folder']}' -p reset_faults:={given['reset_faults']}"
    # The spawners wait for the controller manager, wherever it runs.
    spawners = [
        Node(package="controller_manager", executable="spawner", arguments=[name, "--param-file", controllers, *more])
        for name, more in (("joint_state_broadcaster", []), ("moto", ["--controller-ros-args", own]))
    ]
    return [state_publisher, *(gazebo(files) if in_gazebo else manager(controllers)), *spawners]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning) for name, default, meaning in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=actions)])
