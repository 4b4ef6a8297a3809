"""What is learned on the table-tennis arm, as a table: success by episodes over seeds, for each setting.

    python3 benches/table_tennis.py
    python3 benches/table_tennis.py --config config/wam_table_tennis.yaml --first-seed 101 --seeds 3

Runs `moto_controller dry-run` on each seed, stops at the episodes of the table, and lets
`moto_controller evaluate` judge the policy over 200 strokes. Goes on where an earlier call with the same --out stopped.
Medians over the seeds, and the worst seed in brackets.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from results_folder import markdown, middle

HEAD = "setting | episodes | with exploration noise | mean action | distance from the target, m"
ROLLOUTS = 10
EPISODES = {"noiseless": [300, 600], "context": [600, 1200], "noisy-bounce": [600, 1200]}


def run_folder(out, config, setting, seed):
    return out / f"{pathlib.Path(config).stem}-{setting}-{seed}"


def judgement(folder, episodes):
    """Where it is stored how a run's policy was judged after so many episodes."""
    return folder.with_name(f"{folder.name}-{episodes}.json")


def learn_and_judge(program, config, folder, setting, seed, episodes):
    """Brings a run to so many episodes, and judges its policy with exploration noise and without."""

    def run(*arguments):
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

    iterations = ["--iterations", str(episodes // ROLLOUTS), "--realtime-strokes", "0"]
    if (folder / "run.json").exists():
        run("dry-run", "--resume", str(folder), *iterations)
    else:
        run("dry-run", "--config", config, "--setting", setting, "--seed", str(seed), "--out", str(folder), *iterations)
    noisy = json.loads(run("evaluate", str(folder), "--json", "--noise"))
    mean = json.loads(run("evaluate", str(folder), "--json"))
    judgement(folder, episodes).write_text(json.dumps({"noisy": noisy, "mean": mean}))


def row(out, config, seeds, setting, episodes):
    folders = [run_folder(out, config, setting, seed) for seed in seeds]
    judged = [json.loads(judgement(folder, episodes).read_text()) for folder in folders]
    noisy, mean = ([seed[kind]["success"] for seed in judged] for kind in ("noisy", "mean"))
    distance = middle([seed["mean"]["distance"] for seed in judged], max)
    return setting.replace("-", " "), episodes, middle(noisy), middle(mean), distance


def table(out, config, seeds, settings=tuple(EPISODES)):
    """From what is judged already."""
    stages = [(setting, episodes) for setting in settings for episodes in EPISODES[setting]]
    return markdown(HEAD, [row(out, config, seeds, *stage) for stage in stages])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", default=",".join(EPISODES))
    parser.add_argument("--config", default="config/table_tennis.yaml")
    parser.add_argument("--seeds", default=16, type=int)
    parser.add_argument("--first-seed", default=1, type=int)
    parser.add_argument("--out", default="runs/table", type=pathlib.Path)
    parser.add_argument("--program", help="a program that is built already")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.program:
        subprocess.run(["cargo", "build", "--release"], check=True)
    program = options.program or "target/release/moto_controller"
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    settings = options.settings.split(",")
    for setting in settings:
        for seed in seeds:
            folder = run_folder(options.out, options.config, setting, seed)
            for episodes in EPISODES[setting]:
                if not judgement(folder, episodes).exists():
                    print(f"{folder.name}: to {episodes} episodes", file=sys.stderr, flush=True)
                    learn_and_judge(program, options.config, folder, setting, seed, episodes)
    print(*table(options.out, options.config, seeds, settings), sep="\n")


if __name__ == "__main__":
    main()
