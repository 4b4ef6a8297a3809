"""Rerun's pictures of a trial as it is, and without each of its parts: every part must show."""

import io
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from mcap.reader import make_reader
from mcap.writer import Writer
from PIL import Image, ImageChops
from rerun.experimental import ViewerClient

place = Path(sys.argv[1])
trial = place / "run/trials/000001.mcap"
# A part, the description that it is in, and the numbers of its shapes there.
PARTS = {
    "robot": ("/robot_description", rb'(?:radius|length|size)="[^"]*"'),
    "table": ("/scene_description", rb'<box size="[^"]*"'),
    "ball": ("/scene_description", rb'<sphere radius="[^"]*"'),
}


def without(part):
    """The trial with a part's shapes shrunk to nothing. The length of the text stays, as CDR tells it."""
    topic, shapes = PARTS[part]
    path = place / f"without_{part}.mcap"
    with open(trial, "rb") as source, open(path, "wb") as target:
        writer = Writer(target)
        writer.start(profile="ros2")
        channels = {}
        for schema, channel, message in make_reader(source).iter_messages():
            if channel.id not in channels:
                known = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.id] = writer.register_channel(channel.topic, channel.message_encoding, known, channel.metadata)
            data = message.data
            if channel.topic == topic:
                data = re.sub(shapes, lambda found: re.sub(rb"[0-9]", b"0", found[0]), data)
            writer.add_message(channels[channel.id], message.log_time, data, message.publish_time, message.sequence)
        writer.finish()
    return path


def picture(viewer, path):
    """What the viewer shows of a trial, once it shows the same three times in a row: it draws while it still loads."""
    recording = (place / path.with_suffix(".rrd").name).resolve()
    subprocess.run([sys.executable, "config/rerun_trial.py", path, "--save", recording], check=True)
    viewer.open(str(recording))
    shown = []
    for _ in range(60):
        # The left part is the view in three dimensions; the rest has messages and curves.
        drawn = Image.open(io.BytesIO(viewer.take_screenshot())).convert("RGB")
        shown.append(drawn.crop((0, drawn.height // 10, drawn.width * 6 // 10, drawn.height * 9 // 10)))
        if len(shown) > 2 and not viewer.get_state().loading and not differing(shown[-3], shown[-1]) + differing(shown[-2], shown[-1]):
            drawn.save(recording.with_suffix(".png"))
            return shown[-1]
    sys.exit(f"the picture of {path} does not come to rest")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def differing(one, other):
    """Number of pixels that differ visibly."""
    changed = ImageChops.difference(one, other).convert("L").point(lambda value: 255 * (value > 24))
    return changed.histogram()[255]


# The viewer's program lies beside this Python.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
with ViewerClient.spawn(headless=True, port=free_port(), hide_welcome_screen=True) as viewer:
    whole = picture(viewer, trial)
    noise = differing(whole, picture(viewer, trial))
    print(f"the same trial again: {noise} pixels differ")
    missing = []
    for part in PARTS:
        pixels = differing(whole, picture(viewer, without(part)))
        print(f"without the {part}: {pixels} pixels differ")
        if pixels < 50 + 2 * noise:
            missing.append(part)
sys.exit(f"not drawn: {', '.join(missing)}" if missing else 0)
