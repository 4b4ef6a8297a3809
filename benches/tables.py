"""Makes every table of results in the documents anew.

    cargo build --release
    python3 benches/tables.py                     # from nothing about five hours on two processors
    python3 benches/tables.py --only 1b transfer  # these tables
    python3 benches/tables.py --no-run            # from the results folders as they are
    python3 benches/tables.py --check             # which tables are not what the folders give?

First the experiments run that the tables are of. A finished one is passed over, and one that was stopped goes on: Ctrl-C saves, and
the same command continues. A folder of other settings is refused. Then each table is written into its document, between
`<!-- table: NAME -->` and `<!-- /table -->`, and each experiment's figure goes to `docs/images/experiments`. All else in the documents
stays as it is: read it again when a table changes.
The robots of `strikes` need what `scripts/setup.sh` installs.
"""

import argparse
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import experiments
import figure_3
import peers_table
import strikes_table
import table_tennis
import transfer_table

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "benches/data/peers.csv"
# Experiments in whose figures the peers' curves are drawn.
WITH_PEERS = ("3a", "4a", "4b")
FIGURES = "images/experiments"
# Results folders of benches/table_tennis.py: configuration, first seed, number of seeds.
STROKES = {
    "strokes": ("config/table_tennis.yaml", 1, 16),
    "strokes-wam": ("config/wam_table_tennis.yaml", 101, 3),
}
OPENING = re.compile(r"<!-- table: \S+ -->")
CLOSING = "<!-- /table -->"


class Table(NamedTuple):
    """A table of a document, and the results folders that it is made of."""

    document: str
    folders: list[str]
    make: Callable[..., list[str]]
    has_figures: bool = True

    def figures(self):
        """The figures of the folders, each with its place among the documents."""
        return {f"{folder}/figure.svg": f"{FIGURES}/{folder}.svg" for folder in self.folders if self.has_figures}


def strokes(folder):
    config, first, count = STROKES[folder.name]
    return table_tennis.table(folder, config, range(first, first + count))


def peers(*folders):
    return peers_table.table(PEERS, *folders)


TABLES = {
    **{name: Table("paper.md", [name], experiments.table) for name in ("1b", "1c", "1d", "2a", "2b", "4a", "4b", "defaults")},
    "peers": Table("paper.md", ["4a", "4a-defaults", "4b", "4b-defaults"], peers, has_figures=False),
    **{name: Table("results.md", [name], strokes, has_figures=False) for name in STROKES},
    "figure_3": Table("results.md", ["3a", "3b", "3c"], figure_3.table),
    "transfer": Table("results.md", ["transfer"], transfer_table.table),
    "strikes": Table("your_robot.md", ["strikes"], strikes_table.table),
}


def commands(name, folder, program):
    """The commands that make a results folder, or go on with it."""
    if name in STROKES:
        config, first, count = STROKES[name]
        options = ["--config", config, "--first-seed", first, "--seeds", count, "--program", program, "--out", folder]
        return [[sys.executable, "benches/table_tennis.py", *options]]
    if name == "strikes":
        described = folder / "strikes.yaml"
        describe = [".venv/bin/python", "scripts/strikes.py", "--program", program, "--out", folder]
        return [describe] * (not described.exists()) + [[program, "experiment", described, "--out", folder]]
    experiment, _, defaults = name.partition("-")
    options = ["--peers", PEERS] if name in WITH_PEERS else []
    options += ["--config", f"benches/peers_{experiment}.yaml"] if defaults else []
    return [[program, "experiment", experiment, *options, "--out", folder]]


def run(chosen, parent, program):
    """Runs what the tables are made of."""
    names = dict.fromkeys(name for table in chosen.values() for name in table.folders)
    runs = [(name, [str(word) for word in command]) for name in names for command in commands(name, parent / name, program)]
    for _, (first, *_) in runs:
        if not (ROOT / first).exists():
            sys.exit(f"{first} is missing: `cargo build --release` and `scripts/setup.sh` make what runs here")
    for number, (name, words) in enumerate(runs, 1):
        print(f"[{number}/{len(runs)}] {shlex.join(words)}", flush=True)
        if code := subprocess.run(words, cwd=ROOT).returncode:
            sys.exit(f"{name}: ended with exit code {code}; no table is written")


def made(chosen, parent):
    """The lines of each table, and its figures by their places; for those that cannot be made, the file that is missing."""
    lines, figures, missing = {}, {}, {}
    for name, table in chosen.items():
        try:
            drawn = {place: (parent / figure).read_text() for figure, place in table.figures().items()}
            lines[name] = table.make(*(parent / folder for folder in table.folders))
            figures[name] = drawn
        except FileNotFoundError as error:
            missing[name] = error.filename
    return lines, figures, missing


def opening(name):
    return f"<!-- table: {name} -->"


def checked(path, names):
    """The text of a document, if each table and each figure has its place in it."""
    text = path.read_text()
    for figure in (place for name in names for place in TABLES[name].figures().values()):
        if f"({figure})" not in text:
            sys.exit(f"{path}: {figure} is not shown")
    for name in names:
        if (count := text.count(opening(name))) != 1:
            sys.exit(f"{path}: {opening(name)} is there {count} times, not once")
    before, *parts = OPENING.split(text)
    if CLOSING in before:
        sys.exit(f"{path}: {CLOSING} is there before the first table")
    for marker, part in zip(OPENING.findall(text), parts):
        if (count := part.count(CLOSING)) != 1:
            sys.exit(f"{path}: {CLOSING} is there {count} times behind {marker}, not once")
    return text


def read(docs):
    """The texts of all documents, checked."""
    names = {}
    for name, table in TABLES.items():
        names.setdefault(docs / table.document, []).append(name)
    return {path: checked(path, tables) for path, tables in names.items()}


def with_table(text, name, lines):
    """The text of a document with this table in its place."""
    before, _, rest = text.partition(opening(name))
    after = rest.partition(CLOSING)[2]
    return "\n".join([f"{before}{opening(name)}", "", *lines, "", f"{CLOSING}{after}"])


def arguments(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=TABLES, metavar="NAME", help=f"of {', '.join(TABLES)} [all of them]")
    where = {"type": Path, "help": "[%(default)s]"}
    parser.add_argument("--from", dest="parent", metavar="DIR", default=ROOT / "experiments", **where)
    parser.add_argument("--program", metavar="PATH", default=ROOT / "target/release/moto_controller", **where)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--no-run", action="store_true", help="run nothing: make the tables from the folders as they are")
    how.add_argument("--check", action="store_true", help="run and write nothing: name what would change or cannot be made")
    return parser.parse_args(words)


def main(words=None, docs=ROOT / "docs"):
    given = arguments(words)
    chosen, parent = {name: TABLES[name] for name in given.only or TABLES}, given.parent.absolute()
    read(docs)  # What is wrong with the documents is said before hours of runs, and seen again behind them.
    if not (given.no_run or given.check):
        run(chosen, parent, given.program.absolute())
    texts = read(docs)
    lines, figures, missing = made(chosen, parent)
    faults = [f"{name} cannot be made: {path} is missing" for name, path in missing.items()]
    if faults and not given.check:
        sys.exit("\n".join([*faults, "no table is written"]))
    places = {name: docs / chosen[name].document for name in lines}

    def is_as_before(name):
        text = texts[places[name]]
        kept = {place: (docs / place).read_text() if (docs / place).exists() else None for place in figures[name]}
        return text == with_table(text, name, lines[name]) and kept == figures[name]

    changed = [name for name in lines if not is_as_before(name)]
    if given.check:
        sys.exit("\n".join(faults + [f"{name} in {places[name]} would change" for name in changed]) or 0)
    for name in changed:
        places[name].write_text(with_table(places[name].read_text(), name, lines[name]))
        for place, figure in figures[name].items():
            (docs / place).parent.mkdir(parents=True, exist_ok=True)
            (docs / place).write_text(figure)
    print(f"written: {', '.join(changed) or 'nothing'}; as before: {', '.join(sorted(lines.keys() - changed)) or 'nothing'}")


if __name__ == "__main__":
    # Ctrl-C is for the command that runs: it saves, and ends.
    signal.signal(signal.SIGINT, lambda *_: None)
    main()
