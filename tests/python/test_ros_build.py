"""What the build says where no ROS is sourced, and what it generates code for."""

import os
import re
import subprocess
import tomllib

from ros_support import ROOT

ENVIRONMENT = tomllib.loads((ROOT / ".cargo" / "config.toml").read_text())["env"]


def test_without_ros_the_error_is_the_command_to_run():
    """r2r's build script refuses the value set for where no ROS is sourced, and shows it."""
    scripts = [path for path in (ROOT / "target" / "debug" / "build").glob("r2r_rcl-*/build-script-build") if os.access(path, os.X_OK)]
    assert scripts, "build with --features ros first"
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AMENT_", "CMAKE_", "ROS_"))}
    refused = subprocess.run([scripts[0]], env={**bare, "ROS_DISTRO": ENVIRONMENT["ROS_DISTRO"]}, capture_output=True, text=True)
    assert refused.returncode != 0
    command = re.search(r'source "\$\((scripts/setup_ros2.sh)\)"', refused.stderr)
    assert command and os.access(ROOT / command[1], os.X_OK)


def test_the_message_packages_used_are_those_generated():
    used = set()
    for file in [*(ROOT / "src" / "ros").glob("*.rs"), ROOT / "benches" / "ros_round_trip.rs"]:
        used |= set(re.findall(r"r2r::(\w+)::(?:msg|srv)", file.read_text()))
    assert used and used <= set(ENVIRONMENT["IDL_PACKAGE_FILTER"].split(";"))
