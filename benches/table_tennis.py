"""What is learned on the table-tennis arm, as a table: success by episodes over seeds, for each setting.

    python3 benches/table_tennis.py
    python3 benches/table_tennis.py --config config/wam_table_tennis.yaml --first-seed 101 --seeds 3

Runs `moto_controller dry-run` on each seed, stops at the episodes of the table, and lets
`moto_controller evaluate` judge the policy over 200 strokes. Goes on where an earlier call with the same --out stopped.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROLLOUTS = 10
EPISODES = {"noiseless": [300, 600], "context": [600, 1200], "noisy-bounce": [600, 1200]}


def stage(program, config, out, setting, seed, episodes):
    """The policy of a run after some episodes, judged with exploration noise and without."""
    folder = out / f"{pathlib.Path(config).stem}-{setting}-{seed}"
    judged = folder.with_name(f"{folder.name}-{episodes}.json")

    def run(*arguments):
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

    if not judged.exists():
        iterations = ["--iterations", str(episodes // ROLLOUTS), "--realtime-strokes", "0"]
        if (folder / "run.json").exists():
            run("dry-run", "--resume", str(folder), *iterations)
        else:
            run("dry-run", "--config", config, "--setting", setting, "--seed", str(seed), "--out", str(folder), *iterations)
        noisy = json.loads(run("evaluate", str(folder), "--json", "--noise"))
        mean = json.loads(run("evaluate", str(folder), "--json"))
        judged.write_text(json.dumps({"noisy": noisy, "mean": mean}))
    return json.loads(judged.read_text())


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
    print("Medians over the seeds, and the worst seed in brackets.\n")
    print("| setting | episodes | with exploration noise | mean action | distance, m |")
    print("|---|---|---|---|---|")
    for setting in options.settings.split(","):
        for episodes in EPISODES[setting]:
            rows = [stage(program, options.config, options.out, setting, seed, episodes) for seed in seeds]

            def cell(kind, field, worst=min):
                values = [row[kind][field] for row in rows]
                return f"**{statistics.median(values):.2f}** ({worst(values):.2f})"

            print(
                f"| {setting} | {episodes} | {cell('noisy', 'success')} | {cell('mean', 'success')} "
                f"| {cell('mean', 'distance', max)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
