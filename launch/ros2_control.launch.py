"""The controller inside the controller manager of ros2_control, with mock hardware or in gz sim.

    ros2 launch moto_controller ros2_control.launch.py
    ros2 launch moto_controller ros2_control.launch.py hardware:=gazebo

Needs ros2_control, ros2_controllers and the package moto_ros2_control; with hardware:=gazebo, Gazebo Harmonic with ros_gz and
gz_ros2_control too. Mock hardware has no dynamics: the arm does not move, and the loop soon stops with that. It shows that the
parts fit. The update rate in `controllers` is one over the configuration's control.period.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import Command, EqualsSubstitution, LaunchConfiguration, NotEqualsSubstitution, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("moto_controller")

# Name, default, meaning.
ARGUMENTS = [
    ("hardware", "mock", "mock, gazebo, or the plugin of a robot's own hardware interface."),
    ("config", PathJoinSubstitution([SHARE, "config", "table_tennis_1khz.yaml"]), "Configuration of robot, task and learner."),
    ("controllers", PathJoinSubstitution([SHARE, "config", "ros2_control.yaml"]), "Controllers of ros2_control."),
    ("world", PathJoinSubstitution([SHARE, "urdf", "table_tennis.sdf"]), "World of gz sim."),
    ("gz_args", "-r", "Further arguments of gz sim; -s for no window, -r to run at once."),
    ("reset_faults", "false", "Leave the safe state without a reset. For simulations."),
    ("run_folder", "", "The run folder to make; empty for one under runs/."),
]


def generate_launch_description():
    controllers = LaunchConfiguration("controllers")
    hardware = LaunchConfiguration("hardware")
    in_gazebo = IfCondition(EqualsSubstitution(hardware, "gazebo"))
    elsewhere = IfCondition(NotEqualsSubstitution(hardware, "gazebo"))
    description = ParameterValue(
        Command(
            [
                "xacro ",
                PathJoinSubstitution([SHARE, "urdf", "table_tennis_arm.ros2_control.urdf.xacro"]),
                " hardware:=",
                hardware,
                " controllers:=",
                controllers,
            ]
        ),
        value_type=str,
    )
    state_publisher = Node(
        package="robot_state_publisher",
        executable="robot_state_publisher",
        parameters=[{"robot_description": description, "use_sim_time": EqualsSubstitution(hardware, "gazebo")}],
        output="screen",
    )
    manager = Node(
        package="controller_manager",
        executable="ros2_control_node",
        parameters=[controllers],
        remappings=[("~/robot_description", "robot_description")],
        output="screen",
        condition=elsewhere,
    )
    gazebo = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(PathJoinSubstitution([FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"])),
        launch_arguments={"gz_args": [LaunchConfiguration("world"), " ", LaunchConfiguration("gz_args")]}.items(),
        condition=in_gazebo,
    )
    spawn_arm = Node(
        package="ros_gz_sim",
        executable="create",
        arguments=["-topic", "robot_description", "-name", "table_tennis_arm"],
        output="screen",
        condition=in_gazebo,
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
        remappings=[("/ball", "/moto/ball"), ("/serve", "/moto/start_task")],
        output="screen",
        condition=in_gazebo,
    )
    broadcaster = Node(package="controller_manager", executable="spawner", arguments=["joint_state_broadcaster"])
    moto = Node(
        package="controller_manager",
        executable="spawner",
        arguments=[
            "moto",
            "--param-file",
            controllers,
            "--controller-ros-args",
            [
                "-p configuration:=",
                LaunchConfiguration("config"),
                " -p run_folder:='",
                LaunchConfiguration("run_folder"),
                "' -p reset_faults:=",
                LaunchConfiguration("reset_faults"),
            ],
        ],
    )
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning) for name, default, meaning in ARGUMENTS
    ]
    # The spawners wait for the controller manager, wherever it runs.
    return LaunchDescription(
        [
            *declared,
            gazebo,
            state_publisher,
            bridge,
            spawn_arm,
            manager,
            broadcaster,
            moto,
        ]
    )
