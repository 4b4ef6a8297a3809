#!/usr/bin/env python3
"""Runs the jobs of an experiment as Ray tasks, then makes the summary. All workers see this folder and the program.

    pip install ray
    scripts/experiment_on_ray.py 1c --out experiments/1c              # on this machine
    scripts/experiment_on_ray.py --address auto --cpus 2 1c --quick   # on the cluster that Ray runs on

Options of `moto_controller experiment` follow its name. A task whose worker dies is run again, and goes on from where it was saved.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import ray

UNFINISHED = 75  # the exit code of a job that was stopped, or that a former attempt still runs

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--address", help="of the Ray cluster [default: this machine alone]")
parser.add_argument("--cpus", type=int, default=1, help="processors of a job [default: 1]")
parser.add_argument("--patience", type=int, default=60, help="minutes to wait for a job that another process runs [default: 60]")
parser.add_argument("--program", default=Path(__file__).parents[1] / "target/release/moto_controller", type=Path)
options, experiment = parser.parse_known_args()
command = [str(options.program.resolve()), "experiment", *experiment]


@ray.remote(num_cpus=options.cpus, max_retries=10)
def run(job, command, folder, threads, patience):
    """Runs a job; gives its exit code and what it said. Waits, in minutes, while a former attempt holds the job."""
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads)}
    for attempt in range(max(1, 30 * patience)):
        ended = subprocess.run([*command, "--job", str(job)], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
        if ended.returncode != UNFINISHED:
            break
        if attempt % 30 == 0:
            print(f"job {job} is unfinished, and tried again: {ended.stderr.strip()}", flush=True)
        time.sleep(2)
    return ended.returncode, ended.stderr


listed = subprocess.run([*command, "--list-jobs"], stdout=subprocess.PIPE, check=True, text=True)
jobs = [json.loads(line) for line in listed.stdout.splitlines()]
ray.init(address=options.address)
waiting = {run.remote(job["job"], command, os.getcwd(), options.cpus, options.patience): job for job in jobs}
while waiting:
    (ready,), _ = ray.wait(list(waiting), num_returns=1)
    job = waiting.pop(ready)
    try:
        code, said = ray.get(ready)
    except ray.exceptions.RayError as error:
        code, said = 1, str(error)
    outcome = "finished" if code == 0 else f"failed\n{said}"
    print(f"{len(jobs) - len(waiting)} of {len(jobs)}: {job['variant']}, seed {job['seed']} {outcome}", flush=True)
sys.exit(subprocess.run([*command, "--merge"]).returncode)
