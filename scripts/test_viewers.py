"""Rerun's pictures of a trial as it is, and without each of its parts: every part must show."""

import re
import subprocess
import sys
from pathlib import Path

from mcap.reader import make_reader
from mcap.writer import Writer
from PIL import Image, ImageChops

place = Path(sys.argv[1])
scripts = Path(sys.executable).parent
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


def picture(path):
    recording, image = path.with_suffix(".rrd"), path.with_suffix(".png")
    recording, image = place / recording.name, place / image.name
    subprocess.run([scripts / "python", "config/rerun_trial.py", path, "--save", recording], check=True)
    command = [scripts / "rerun", recording, "--headless", "--screenshot-to", image, "--window-size", "1200x800"]
    subprocess.run(command, check=True, timeout=300, stderr=subprocess.DEVNULL)
    # The left part is the view in three dimensions; the rest has messages and curves.
    drawn = Image.open(image).convert("RGB")
    return drawn.crop((0, drawn.height // 10, drawn.width * 6 // 10, drawn.height * 9 // 10))


def differing(one, other):
    """Number of pixels that differ visibly."""
    changed = ImageChops.difference(one, other).convert("L").point(lambda value: 255 * (value > 24))
    return changed.histogram()[255]


whole = picture(trial)
noise = differing(whole, picture(trial))
print(f"the same trial again: {noise} pixels differ")
missing = []
for part in PARTS:
    path = without(part)
    # On a busy machine a picture may be taken before the eye is in its place, and differs by more.
    pixels = min(differing(whole, picture(path)) for _ in range(3))
    print(f"without the {part}: {pixels} pixels differ")
    if pixels < 50 + 2 * noise:
        missing.append(part)
sys.exit(f"not drawn: {', '.join(missing)}" if missing else 0)
