#!/usr/bin/env python3
"""Shows a trial in Rerun: the arm, the ball and the table, moving, beside joint positions and efforts.

    pip install rerun-sdk mcap mcap-ros2-support
    config/rerun_trial.py runs/noiseless-1/trials/001200.mcap [--save stroke.rrd]
"""

import argparse
import tempfile
from pathlib import Path

import rerun as rr
import rerun.blueprint as rrb
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rerun.urdf import UrdfTree

DESCRIPTIONS = {"/robot_description": "robot", "/scene_description": "scene"}
# Where the eye is, and where it looks, m in the world.
EYE, LOOK = (-3.0, -3.2, 2.4), (-0.8, 0.0, 0.9)
BLUEPRINT = rrb.Blueprint(
    rrb.Horizontal(
        rrb.Spatial3DView(
            name="stroke",
            origin="/",
            spatial_information=rrb.SpatialInformation(target_frame="world"),
            eye_controls=rrb.EyeControls3D(position=EYE, look_target=LOOK),
        ),
        rrb.Vertical(
            rrb.TimeSeriesView(name="joint positions", origin="/joints/position"),
            rrb.TimeSeriesView(name="efforts that were sent", origin="/joints/effort"),
        ),
        column_shares=[2, 1],
    ),
    rrb.TimePanel(timeline="trial", play_state="following", state="collapsed"),
    collapse_panels=True,
)


def log(path):
    """Logs the messages of a trial to the current recording."""
    with open(path, "rb") as stream, tempfile.TemporaryDirectory() as folder:
        for _, channel, raw, message in make_reader(stream, decoder_factories=[DecoderFactory()]).iter_decoded_messages():
            rr.set_time("trial", timestamp=raw.log_time * 1e-9)
            if channel.topic in DESCRIPTIONS:
                name = DESCRIPTIONS[channel.topic]
                urdf = Path(folder) / f"{name}.urdf"
                urdf.write_text(message.data)
                UrdfTree.from_file_path(urdf, entity_path_prefix=name).log_urdf_to_recording()
            elif channel.topic in ("/tf", "/tf_static"):
                for stamped in message.transforms:
                    log_transform(stamped)
            elif channel.topic == "/joint_states":
                for i, joint in enumerate(message.name):
                    rr.log(f"joints/position/{joint}", rr.Scalars(message.position[i]))
                    if len(message.effort) > 0:
                        rr.log(f"joints/effort/{joint}", rr.Scalars(message.effort[i]))


def log_transform(stamped):
    # Not static even where it stays: the descriptions give static transforms of their fixed joints themselves.
    at, turn = stamped.transform.translation, stamped.transform.rotation
    transform = rr.Transform3D(
        translation=[at.x, at.y, at.z],
        quaternion=[turn.x, turn.y, turn.z, turn.w],
        parent_frame=stamped.header.frame_id,
        child_frame=stamped.child_frame_id,
    )
    rr.log(f"transforms/{stamped.child_frame_id}", transform)


def main():
    parser = argparse.ArgumentParser(description="Shows a trial in Rerun.")
    parser.add_argument("trial", type=Path)
    parser.add_argument("--save", type=Path, help="write a recording instead of opening the viewer")
    arguments = parser.parse_args()
    rr.init("moto_controller", spawn=arguments.save is None)
    if arguments.save:
        rr.save(arguments.save)
    rr.send_blueprint(BLUEPRINT)
    log(arguments.trial)


if __name__ == "__main__":
    main()
