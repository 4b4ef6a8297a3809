"""The dry run on ROS: the controller and the simulated arm, two processes that know only ROS of each other.

    ros2 launch moto_controller dry_run.launch.py
    ros2 launch moto_controller dry_run.launch.py clock:=wall iterations:=5 setting:=context
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

CONFIG = PathJoinSubstitution([FindPackageShare("moto_controller"), "config", "table_tennis.yaml"])

# Name, default, meaning.
ARGUMENTS = [
    ("config", CONFIG, "Configuration of robot, task and learner (a ROS 2 parameter file)."),
    ("namespace", "", "Namespace of both nodes and their topics."),
    ("clock", "lockstep", "lockstep: as fast as the machine allows; wall: in real time, as on a robot."),
    ("publish_clock", "false", "The simulated arm publishes its time on /clock."),
    ("setting", "noiseless", "What differs from serve to serve: noiseless, context or noisy_bounce."),
    ("seed", "1", "Seed of everything random."),
    ("iterations", "10", "Iterations of the learner."),
    ("rollouts", "30", "Strokes per iteration."),
    ("run_folder", "", "The run folder to make; empty for one under runs/, named after setting and seed."),
]


def generate_launch_description():
    config = LaunchConfiguration("config")
    namespace = LaunchConfiguration("namespace")
    number = {name: ParameterValue(LaunchConfiguration(name), value_type=int) for name in ("seed", "iterations", "rollouts")}
    text = {name: ParameterValue(LaunchConfiguration(name), value_type=str) for name in ("clock", "setting", "run_folder")}
    both = {
        "ros.clock": text["clock"],
        "task.table_tennis.setting": text["setting"],
        "run.seed": number["seed"],
    }
    controller = Node(
        package="moto_controller",
        executable="moto_controller",
        name="moto_controller",
        namespace=namespace,
        arguments=["run", "--config", config],
        parameters=[
            both,
            {
                "run.iterations": number["iterations"],
                "run.rollouts": number["rollouts"],
                "ros.run_folder": text["run_folder"],
                "ros.serve_service": "simulated_arm/serve",
                "ros.autostart": True,
                "ros.exit_when_done": True,
                "ros.reset_faults": True,
            },
        ],
        remappings=[("~/ball", "ball")],
        output="screen",
        on_exit=Shutdown(),
    )
    arm = Node(
        package="moto_controller",
        executable="moto_controller",
        name="simulated_arm",
        namespace=namespace,
        arguments=["simulate", "--config", config],
        parameters=[both, {"ros.publish_clock": ParameterValue(LaunchConfiguration("publish_clock"), value_type=bool)}],
        remappings=[("~/ball", "ball")],
        output="screen",
    )
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning) for name, default, meaning in ARGUMENTS
    ]
    return LaunchDescription([*declared, arm, controller])
