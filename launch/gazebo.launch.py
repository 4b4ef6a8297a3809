"""The arm in gz sim, driven through ros2_control, with the controller beside it on simulated time.

    ros2 launch moto_controller gazebo.launch.py
    ros2 launch moto_controller gazebo.launch.py gz_args:="-s -r" autostart:=true

Needs Gazebo Harmonic with ros_gz, ros2_controllers and gz_ros2_control. The controller starts once those of ros2_control are
active; it is a managed node, which waits to be configured and activated unless it is told to start by itself. The world serves the
ball when the node asks for it on /serve. Before the world is reset, deactivate the node.

Gazebo has neither the drives' armature nor the springs of the base, and its ball has no drag: a policy of the dry run goes on
learning here. The ball's velocity is a mean over ten odometry messages, 20 ms.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import Command, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("moto_controller")

# Name, default, meaning.
ARGUMENTS = [
    ("config", PathJoinSubstitution([SHARE, "config", "table_tennis.yaml"]), "Configuration of robot, task and learner."),
    ("controllers", PathJoinSubstitution([SHARE, "config", "controllers.yaml"]), "Controllers of ros2_control."),
    ("world", PathJoinSubstitution([SHARE, "urdf", "table_tennis.sdf"]), "World of gz sim."),
    ("gz_args", "-r", "Further arguments of gz sim; -s for no window, -r to run at once."),
    ("serve_topic", "serve", "Topic (std_msgs/Empty) on which the node asks for the ball; empty if somebody else serves."),
    ("autostart", "false", "Configure and activate the node at once, without a life-cycle manager."),
    ("run_folder", "", "The run folder to make; empty for one under runs/."),
]


def generate_launch_description():
    controllers = LaunchConfiguration("controllers")
    description = ParameterValue(
        Command(
            [
                "xacro ",
                PathJoinSubstitution([SHARE, "urdf", "table_tennis_arm.ros2_control.urdf.xacro"]),
                " hardware:=gazebo controllers:=",
                controllers,
            ]
        ),
        value_type=str,
    )
    sim_time = {"use_sim_time": True}
    gazebo = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(PathJoinSubstitution([FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"])),
        launch_arguments={"gz_args": [LaunchConfiguration("world"), " ", LaunchConfiguration("gz_args")]}.items(),
    )
    state_publisher = Node(
        package="robot_state_publisher",
        executable="robot_state_publisher",
        parameters=[{"robot_description": description}, sim_time],
        output="screen",
    )
    spawn_arm = Node(
        package="ros_gz_sim",
        executable="create",
        arguments=["-topic", "robot_description", "-name", "table_tennis_arm"],
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
    )
    broadcaster = Node(package="controller_manager", executable="spawner", arguments=["joint_state_broadcaster"])
    efforts = Node(
        package="controller_manager",
        executable="spawner",
        arguments=["effort_controller", "--param-file", controllers],
    )
    controller = Node(
        package="moto_controller",
        executable="moto_controller",
        name="moto_controller",
        arguments=["run", "--config", LaunchConfiguration("config")],
        parameters=[
            sim_time,
            {
                "ros.serve_topic": ParameterValue(LaunchConfiguration("serve_topic"), value_type=str),
                "ros.autostart": ParameterValue(LaunchConfiguration("autostart"), value_type=bool),
                "ros.run_folder": ParameterValue(LaunchConfiguration("run_folder"), value_type=str),
                "ros.reset_faults": True,
            },
        ],
        remappings=[("~/ball", "ball")],
        output="screen",
    )
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning) for name, default, meaning in ARGUMENTS
    ]
    return LaunchDescription(
        [
            *declared,
            gazebo,
            state_publisher,
            bridge,
            spawn_arm,
            # First the arm, then the controllers, then who commands them.
            RegisterEventHandler(OnProcessExit(target_action=spawn_arm, on_exit=[broadcaster])),
            RegisterEventHandler(OnProcessExit(target_action=broadcaster, on_exit=[efforts])),
            RegisterEventHandler(OnProcessExit(target_action=efforts, on_exit=[controller])),
        ]
    )
