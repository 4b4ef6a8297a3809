"""The node serves the live page, if it is asked to."""

import json
import re
import urllib.error
import urllib.request

import pytest

from ros_support import PATIENCE, controller, environment, simulated_arm
from test_ros_dry_run import BALL, job


def events(address, name, count):
    """Data of the first so many events of a name."""
    found = []
    with urllib.request.urlopen(address + "events", timeout=PATIENCE) as stream:
        wanted = False
        for line in stream:
            if wanted:
                found.append(json.loads(line.removeprefix(b"data: ")))
                if len(found) == count:
                    return found
            wanted = line == f"event: {name}\n".encode()
    raise AssertionError(f"the stream ended after {len(found)} events {name}")


def test_the_node_serves_its_page_and_takes_no_orders_through_it(tmp_path):
    env = environment()
    with simulated_arm(env, {"ros.clock": "lockstep"}, remaps=BALL):
        with controller(env, job(tmp_path, "run", "lockstep", 1000, 4, **{"ros.live_page": True}), remaps=BALL) as process:
            process.wait_for_line("live page:")
            address = re.search(r"live page: (http://\S+)", process.output())[1]
            page = urllib.request.urlopen(address, timeout=PATIENCE).read().decode()
            assert '"kind":"live"' in page
            batch = events(address, "iterations", 1)[0]
            assert batch["from"] == 0 and batch["iterations"][0]["iteration"] == 1
            assert any(now["posture"] and now["state"]["safety"] == "run" for now in events(address, "now", 20))
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(address + "stop", method="POST"), timeout=PATIENCE)
            assert refused.value.code == 405


def test_an_address_that_the_network_reaches_is_refused_by_its_parameter(tmp_path):
    env = environment()
    given = {"ros.live_page": True, "ros.live_address": "0.0.0.0"}
    with controller(env, job(tmp_path, "run", "lockstep", 1, 4, **given)) as process:
        assert process.wait() == 1
        assert "ros.live_address" in process.output() and "ros.live_to_network" in process.output(), process.output()
