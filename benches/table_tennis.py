"""What is learned on the table-tennis arm, as a table: success by episodes over seeds, for each setting.

    python3 benches/table_tennis.py [--settings noiseless,context,noisy-bounce] [--seeds 1,2,3,4,5] [--out DIR]

Runs `moto_controller dry-run` with the shipped configuration, stops at the episodes of the table, and lets
`moto_controller evaluate` judge the policy over 200 strokes. Goes on where an earlier call with the same --out stopped.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROLLOUTS = 10
EPISODES = {"noiseless": [300, 600], "context": [600, 1200], "noisy-bounce": [600, 1200]}


def stage(program, folder, setting, seed, episodes):
    """The policy of a run after some episodes, judged with exploration noise and without."""
    judged = folder.with_name(f"{folder.name}-{episodes}.json")

    def run(*arguments):
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

    if not judged.exists():
        iterations = ["--iterations", str(episodes // ROLLOUTS), "--realtime-strokes", "0"]
        if (folder / "run.json").exists():
            run("dry-run", "--resume", str(folder), *iterations)
        else:
            run("dry-run", "--setting", setting, "--seed", str(seed), "--out", str(folder), *iterations)
        noisy = json.loads(run("evaluate", str(folder), "--json", "--noise"))
        mean = json.loads(run("evaluate", str(folder), "--json"))
        judged.write_text(json.dumps({"noisy": noisy, "mean": mean}))
    return json.loads(judged.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", default=",".join(EPISODES))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--out", default="runs/table", type=pathlib.Path)
    parser.add_argument("--program", help="a program that is built already")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    if not options.program:
        subprocess.run(["cargo", "build", "--release"], check=True)
    program = options.program or "target/release/moto_controller"
    print("| setting | episodes | with exploration noise | mean action | distance, m |")
    print("|---|---|---|---|---|")
    for setting in options.settings.split(","):
        for episodes in EPISODES[setting]:
            rows = [stage(program, options.out / f"{setting}-{seed}", setting, seed, episodes) for seed in seeds]

            def cell(kind, field):
                values = [row[kind][field] for row in rows]
                every = ", ".join(f"{value:.2f}" for value in values)
                return f"**{statistics.median(values):.2f}** ({every})"

            print(
                f"| {setting} | {episodes} | {cell('noisy', 'success')} | {cell('mean', 'success')} "
                f"| {cell('mean', 'distance')} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
