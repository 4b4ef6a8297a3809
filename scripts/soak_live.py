#!/usr/bin/env python3
"""Does the loop notice the live page? Soaks on the wall clock by turns without and with the page, which is looked at by ten
clients, one that reads slowly, one that reads nothing, and one that leaves in mid-message again and again.

    cargo build --release && scripts/soak_live.py --minutes 60 --pairs 1

Prints release lateness and memory of each soak, and the ratios, with over without.
"""

import argparse
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target" / "release" / "moto_controller"


def connected(address):
    """A connection that asked for the events."""
    host = urllib.parse.urlsplit(address).netloc
    name, port = host.rsplit(":", 1)
    connection = socket.create_connection((name, int(port)))
    connection.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return connection


def look(address, over, size, pause, stays):
    """A client that reads so many bytes at a time, with pauses, until it leaves or all is over."""
    while not over.is_set():
        try:
            with connected(address) as connection:
                while not over.is_set() and (not size or connection.recv(size)):
                    if over.wait(pause) or not stays:
                        break
        except OSError:
            over.wait(0.1)


def soak(minutes, live):
    """Lateness (p50, p99, p99.9, max), us, and resident memory at the end over that after the warm-up."""
    command = [PROGRAM, "soak", "--minutes", str(minutes), *(["--live"] if live else [])]
    # A file, because nobody reads a pipe before the end.
    report = tempfile.TemporaryFile("w+")
    process = subprocess.Popen([str(word) for word in command], cwd=ROOT, text=True, stdout=report, stderr=subprocess.PIPE)
    over, clients = threading.Event(), []
    for line in process.stderr:
        if found := re.search(r"live page: (http://\S+)", line):
            kinds = [(4096, 0, True)] * 10 + [(200, 0.5, True), (0, 1, True), (300, 0.05, False)]
            clients = [threading.Thread(target=look, args=(found[1], over, *kind), daemon=True) for kind in kinds]
            [client.start() for client in clients]
    over.set()
    [client.join() for client in clients]
    code = process.wait()
    report.seek(0)
    report = report.read()
    assert code == 0, report
    lateness = re.search(r"release lateness\s+(.*)", report)[1].split()
    memory = re.search(r"end over warm-up: (\S+)", report)
    return [float(number) for number in lateness], float(memory[1]) if memory else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="of each soak")
    parser.add_argument("--pairs", type=int, default=1, help="of a soak without and one with the page")
    given = parser.parse_args()
    ratios = []
    for pair in range(given.pairs):
        # The order changes, so that what else the machine does falls on both.
        both = {}
        for live in ([False, True] if pair % 2 == 0 else [True, False]):
            began = time.monotonic()
            both[live], memory = soak(given.minutes, live)
            name = "with   " if live else "without"
            print(f"{name}  lateness p50 {both[live][0]} p99 {both[live][1]} p99.9 {both[live][2]} max {both[live][3]} us  "
                  f"memory, end over warm-up {memory}  {time.monotonic() - began:.0f} s", flush=True)
        ratios.append([a / b for a, b in zip(both[True], both[False])])
    p50, p99, p99_9, most = (statistics.median(column) for column in zip(*ratios))
    print(f"with over without, median of {given.pairs} pairs: p50 {p50:.2f}  p99 {p99:.2f}  p99.9 {p99_9:.2f}  max {most:.2f}")


if __name__ == "__main__":
    main()
