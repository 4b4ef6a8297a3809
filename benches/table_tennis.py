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

PROGRAM = "target/release/moto_controller"
ROLLOUTS = 15
EPISODES = {"noiseless": [450, 1200], "context": [900, 1980, 2400], "noisy-bounce": [900, 1980, 2400]}


def program(*arguments):
    done = subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def stage(folder, setting, seed, episodes):
    """The policy of a run after some episodes, judged with exploration noise and without."""
    judged = folder.with_name(f"{folder.name}-{episodes}.json")
    if not judged.exists():
        iterations = ["--iterations", str(episodes // ROLLOUTS), "--realtime-strokes", "0"]
        if (folder / "run.json").exists():
            program("dry-run", "--resume", str(folder), *iterations)
        else:
            program("dry-run", "--setting", setting, "--seed", str(seed), "--out", str(folder), *iterations)
        noisy = json.loads(program("evaluate", str(folder), "--json", "--noise"))
        mean = json.loads(program("evaluate", str(folder), "--json"))
        judged.write_text(json.dumps({"noisy": noisy, "mean": mean}))
    return json.loads(judged.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", default=",".join(EPISODES))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--out", default="runs/table", type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    subprocess.run(["cargo", "build", "--release"], check=True)
    print("| setting | episodes | with exploration noise | mean action | distance, m |")
    print("|---|---|---|---|---|")
    for setting in options.settings.split(","):
        for episodes in EPISODES[setting]:
            rows = [stage(options.out / f"{setting}-{seed}", setting, seed, episodes) for seed in seeds]

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
