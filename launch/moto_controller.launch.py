"""The controller on a robot that ros2_control drives, or on any other that takes efforts and reports joint states.

    ros2 launch moto_controller moto_controller.launch.py
    ros2 launch moto_controller moto_controller.launch.py config:=my_robot.yaml parameters:=my_ros.yaml namespace:=left

The node is a managed one: configure loads robot, task and run folder, activate starts the control loop.

    ros2 lifecycle set /moto_controller configure
    ros2 lifecycle set /moto_controller activate
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("moto_controller")

# Name, default, meaning.
ARGUMENTS = [
    (
        "config",
        PathJoinSubstitution([SHARE, "config", "table_tennis.yaml"]),
        "Configuration of robot, task and learner; it names the robot description (URDF).",
    ),
    (
        "parameters",
        PathJoinSubstitution([SHARE, "config", "ros.yaml"]),
        "Parameters of the node itself: joint names, signs, offsets, units, topics.",
    ),
    ("namespace", "", "Namespace of the node and its topics."),
    ("joint_states", "joint_states", "Topic of the joint states."),
    ("ball", "~/ball", "Topic of the ball (nav_msgs/Odometry)."),
    ("use_sim_time", "false", "Take the time from /clock."),
    ("autostart", "false", "Configure and activate at once, without a life-cycle manager."),
    ("run_folder", "", "The run folder to make; empty for one under runs/, named after setting and seed."),
    ("resume", "", "Run folder of an interrupted run to go on with."),
    ("warm_start", "", "Folder of a run to start from, of a dry run too; empty for the demonstration."),
]


def generate_launch_description():
    def flag(name):
        return ParameterValue(LaunchConfiguration(name), value_type=bool)

    def text(name):
        return ParameterValue(LaunchConfiguration(name), value_type=str)

    controller = Node(
        package="moto_controller",
        executable="moto_controller",
        name="moto_controller",
        namespace=LaunchConfiguration("namespace"),
        arguments=["run", "--config", LaunchConfiguration("config")],
        parameters=[
            LaunchConfiguration("parameters"),
            {
                "use_sim_time": flag("use_sim_time"),
                "ros.autostart": flag("autostart"),
                "ros.run_folder": text("run_folder"),
                "ros.resume": text("resume"),
                "ros.warm_start": text("warm_start"),
            },
        ],
        remappings=[("joint_states", LaunchConfiguration("joint_states")), ("~/ball", LaunchConfiguration("ball"))],
        output="screen",
    )
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning) for name, default, meaning in ARGUMENTS
    ]
    return LaunchDescription([*declared, controller])
