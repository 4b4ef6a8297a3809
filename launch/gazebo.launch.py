"""A configured arm in gz sim, driven through ros2_control, with the controller beside it on simulated time.

    ros2 launch moto_controller gazebo.launch.py
    ros2 launch moto_controller gazebo.launch.py headless:=true speed:=0.5
    ros2 launch moto_controller gazebo.launch.py config:=my_robot.yaml warm_start:=runs/my_dry_run

Needs Gazebo Harmonic with ros_gz, ros2_controllers and gz_ros2_control. Robot, world and controllers are written from the
configuration at each start. The launch ends when the run is done, or with a message if something is not there in time.
"""

import os
import subprocess
import tempfile

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, SetEnvironmentVariable, Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("moto_controller")
CONFIG = PathJoinSubstitution([SHARE, "config", "table_tennis.yaml"])
# From the share folder, PREFIX/share/moto_controller, to the program.
PROGRAM = PathJoinSubstitution([SHARE, "..", "..", "lib", "moto_controller", "moto_controller"])

# Name, default, meaning.
ARGUMENTS = [
    ("config", CONFIG, "Configuration of robot, task and learner (a ROS 2 parameter file)."),
    ("headless", "false", "Without Gazebo's window."),
    ("speed", "1.0", "The world's real-time factor; below 1 for a machine on which trials are left out for missed cycles."),
    ("run_folder", "", "The run folder to make; empty for one under runs/, named after setting and seed."),
    ("resume", "", "Run folder of an interrupted run to go on with."),
    ("warm_start", "", "Folder of a run to start from, of a dry run too; empty for the demonstration."),
    ("iterations", "0", "Iterations of the learner; 0 for those of the configuration."),
    ("rollouts", "0", "Strokes per iteration; 0 for those of the configuration."),
    ("autostart", "true", "Configure and activate the node at once, without a life-cycle manager."),
    ("serve_topic", "serve", "Topic (std_msgs/Empty) on which the node asks for the ball; empty if somebody else serves."),
    ("timeout", "25.0", "Longest wait for Gazebo, robot, controllers and ball, s; after it the launch ends with a message."),
    ("files", "", "Folder for the robot description, world and controllers that are written; empty for a temporary one."),
]


def actions(context):
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    files = os.path.abspath(given["files"] or tempfile.mkdtemp(prefix="moto_gazebo_"))
    write = [PROGRAM.perform(context), "gazebo", "--config", given["config"], "--out", files, "--speed", given["speed"]]
    written = subprocess.run(write, capture_output=True, text=True)
    if written.returncode != 0:
        raise RuntimeError(f"the files for Gazebo could not be written: {written.stderr.strip()}")
    robot, world, controllers = (os.path.join(files, name) for name in ("robot.urdf", "world.sdf", "controllers.yaml"))
    # It prints what it wrote: for a robot that needs it, a file of parameters for the node too.
    told = [path for path in written.stdout.splitlines() if os.path.basename(path) == "node.yaml"]
    with open(robot) as file:
        description = ParameterValue(file.read(), value_type=str)
    share = [os.path.join(prefix, "share") for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]

    def path(name, more):
        return os.pathsep.join(filter(None, [os.environ.get(name, ""), *more]))

    environment = {
        # The plugin of ros2_control is found where ROS has its libraries, a robot's meshes where it has its packages.
        "GZ_SIM_SYSTEM_PLUGIN_PATH": path("GZ_SIM_SYSTEM_PLUGIN_PATH", [os.environ.get("LD_LIBRARY_PATH", "")]),
        "GZ_SIM_RESOURCE_PATH": path("GZ_SIM_RESOURCE_PATH", share),
        # A server that an earlier launch left behind is not heard.
        "GZ_PARTITION": os.environ.get("GZ_PARTITION") or f"moto_{os.getpid()}",
    }
    sim_time = {"use_sim_time": True}
    # Server and window are processes of their own: `gz sim` for both starts them in groups that outlive a launch.
    server = ExecuteProcess(
        cmd=["gz", "sim", "-s", "-r", world], name="gz", output="screen", on_exit=Shutdown(reason="Gazebo has ended")
    )
    window = ExecuteProcess(cmd=["gz", "sim", "-g"], name="gz_window", output="screen")
    state_publisher = Node(
        package="robot_state_publisher",
        executable="robot_state_publisher",
        parameters=[{"robot_description": description}, sim_time],
        output="screen",
    )
    spawn = Node(
        package="ros_gz_sim",
        executable="create",
        arguments=["-topic", "robot_description", "-name", "robot"],
        output="screen",
    )
    bridge = Node(
        package="ros_gz_bridge",
        executable="parameter_bridge",
        # [ is from Gazebo to ROS, ] from ROS to Gazebo.
        arguments=[
            "/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock",
            "/ball@nav_msgs/msg/Odometry[gz.msgs.Odometry",
            "/serve@std_msgs/msg/Empty]gz.msgs.Empty",
        ],
        output="screen",
        on_exit=Shutdown(reason="the bridge to Gazebo has ended"),
    )
    # It waits for the controller manager, which comes with the robot.
    spawner = Node(
        package="controller_manager",
        executable="spawner",
        arguments=[
            "joint_state_broadcaster",
            "effort_controller",
            "--param-file",
            controllers,
            "--controller-manager-timeout",
            given["timeout"],
        ],
        output="screen",
    )
    parameters = {
        "ros.serve_topic": ParameterValue(given["serve_topic"], value_type=str),
        "ros.autostart": given["autostart"].lower() == "true",
        "ros.run_folder": ParameterValue(given["run_folder"], value_type=str),
        "ros.resume": ParameterValue(given["resume"], value_type=str),
        "ros.warm_start": ParameterValue(given["warm_start"], value_type=str),
        "ros.connect_timeout": float(given["timeout"]),
        "ros.exit_when_done": True,
        "ros.reset_faults": True,
        # Gazebo's velocity is a mean over ten steps in the ball's own frame, and huge where the ball is put elsewhere.
        "ros.ball.source": "odometry_position",
        "ros.ball.filter.noise": 0.0002,
    }
    for name in ("iterations", "rollouts"):
        if int(given[name]) > 0:
            parameters[f"run.{name}"] = int(given[name])
    # Whatever is missing, it is this node that says so and ends the launch.
    controller = Node(
        package="moto_controller",
        executable="moto_controller",
        name="moto_controller",
        arguments=["run", "--config", given["config"]],
        parameters=[sim_time, parameters, *told],
        remappings=[("~/ball", "ball")],
        output="screen",
        on_exit=Shutdown(reason="the controller has ended; its last lines say why"),
    )
    setting = [SetEnvironmentVariable(name, value) for name, value in environment.items()]
    shown = [] if given["headless"].lower() == "true" else [window]
    return [*setting, server, *shown, state_publisher, bridge, spawn, spawner, controller]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning) for name, default, meaning in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=actions)])
