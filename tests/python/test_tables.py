"""The tables of results in the documents, from made-up results folders."""

import csv
import json
import stat
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))

import experiments  # noqa: E402
import figure_3  # noqa: E402
import peers_table  # noqa: E402
import strikes_table  # noqa: E402
import table_tennis  # noqa: E402
import tables  # noqa: E402
import transfer_table  # noqa: E402


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def write_summary(folder, name, *variants):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps({"name": name, "variants": variants}))


def write_seed(folder, name, rollouts, **columns):
    """A seed's lines, of so many rollouts each."""
    lines = [dict(zip(columns, values)) for values in zip(*columns.values())]
    write_csv(folder / "seeds" / f"{name}.csv", [{"episodes": rollouts * (i + 1), **line} for i, line in enumerate(lines)])


def reached(threshold, *episodes):
    return {"threshold": threshold, "episodes": episodes}


def measure(episodes, mean):
    return {"at": [{"episodes": episodes // 2, "mean": 0.0}, {"episodes": episodes, "mean": mean}]}


def cells(line):
    return [cell.strip() for cell in line.split("|")[1:-1]]


def swing_up(label, end=-5.432):
    half = {"episodes": 500, "mean": -1168.4, "deviation": 4568.0, "worst": -9999.0}
    end = {"episodes": 1000, "mean": end, "deviation": 17.21, "worst": None}
    return {
        "label": label,
        "seeds": 4,
        "failed": 0,
        "measures": [{"at": [half, half, half, end]}],
        "reached": [
            {"threshold": -10.0, "median": 450.0, "worst": 600, "seeds": 4},
            {"threshold": -1.0, "median": 790.0, "worst": None, "seeds": 3},
            {"threshold": -0.2, "median": None, "worst": None, "seeds": 1},
            {"threshold": -0.1, "median": None, "worst": None, "seeds": 0},
        ],
    }


def test_an_experiment(tmp_path):
    broken = {**swing_up("M 5"), "group": "double link", "failed": 1}
    write_summary(tmp_path, "1c", swing_up("MOTO"), broken)
    head, rule, first, second = experiments.table(tmp_path)
    assert len(cells(head)) == len(cells(rule)) == 6
    assert cells(first) == [
        "MOTO", "4", "1000", "-1168 ± 4568", "**-5.43 ± 17.2** (-inf)",
        "450 (600) to -10; 790 (3 of 4 seeds) to -1; (1 of 4 seeds) to -0.2",
    ]  # fmt: skip
    assert cells(second)[:2] == ["double link, M 5", "4, 1 broke down"]


def test_figure_3(tmp_path):
    """Iterations of 30 strokes: 80 % over three of them, and the mean of the last five."""
    write_summary(tmp_path, "3c", {"label": "MOTO"}, {"label": "MOTO, scalar"}, {"label": "REPS"})
    soon, later, never = [0, 0.4, 1, 1, 1, 1], [0, 0, 0.4, 1, 1, 1], [0, 0, 0, 0, 1, 1]
    of_method = {"moto": [soon, soon, later], "moto-scalar": [soon, later, later], "reps": [never, never, later]}
    for method, seeds in of_method.items():
        for seed, success in enumerate(seeds, 1):
            write_seed(tmp_path, f"{method}-{seed}", 30, rollouts_success=success, success=success[1:] + [1])
    _, _, moto, scalar, reps = figure_3.table(tmp_path)
    # Of soon 0.4, 1, 1 are 80 %: 120 strokes; of later 0.4, 1, 1: 150; of never none.
    assert cells(moto) == ["noisy bounce", "MOTO", "3", "**120 (150)**", "**90 (120)**", "0.88 (0.68)", "1.00 (0.88)"]
    assert cells(scalar)[1:5] == ["MOTO, scalar", "3", "150 (150)", "120 (120)"]
    assert cells(reps) == ["noisy bounce", "REPS", "3", "never (never)", "180 (180)", "0.40 (0.40)", "0.60 (0.60)"]


def test_transfer(tmp_path):
    variant = {"group": "noisy bounce", "label": "law alone", "seeds": 4, "measures": [measure(200, 0.9)]}
    variant["reached"] = [reached(0.8, 1, 1, 1, 1), reached(0.95, 10, None, 20, 40)]
    write_summary(tmp_path, "transfer", variant)
    for seed, first in enumerate([0.1, 0.2, 0.4, 0.0], 1):
        write_seed(
            tmp_path, f"noisy-bounce-law-alone-{seed}", 10, rollouts_success=[first, 1, 1, 1], success=[0, 1, 1, 1 - first]
        )
    head, _, row = transfer_table.table(tmp_path)
    assert "arms of 4" in head and "after 200" in head
    # The last three judgements have the means 1 - first / 3.
    assert cells(row) == ["noisy bounce", "law alone", "30 (-), 3", "0.15 (0.00)", "0.95 (0.87)"]


def test_strikes(tmp_path):
    variant = {"label": "UFACTORY xArm 7", "seeds": 3, "measures": [measure(300, 1.0), measure(300, 0.876)]}
    hard = {**variant, "label": "PAL TALOS", "reached": [reached(0.95, 60, None, None)]}
    write_summary(tmp_path, "strikes", {**variant, "reached": [reached(0.8, 5, 5, 5), reached(0.95, 60, 80, 65)]}, hard)
    head, _, first, second = strikes_table.table(tmp_path)
    assert "after 300 strokes" in head
    assert cells(first) == ["UFACTORY xArm 7, 7 joints", "65 (80)", "3 of 3", "1.00", "0.88"]
    assert cells(second)[:3] == ["PAL TALOS, an arm, 6 joints", "- (-)", "1 of 3"]


def test_strokes(tmp_path):
    for seed in (1, 2, 3):
        mean = {"success": 1 - seed / 10, "distance": seed / 10}
        judged = {"noisy": {"success": seed / 10}, "mean": mean}
        for episodes in (600, 1200):
            (tmp_path / f"arm-noisy-bounce-{seed}-{episodes}.json").write_text(json.dumps(judged))
    rows = table_tennis.table(tmp_path, "config/arm.yaml", [1, 2, 3], ["noisy-bounce"])[2:]
    assert [cells(row)[:2] for row in rows] == [["noisy bounce", "600"], ["noisy bounce", "1200"]]
    assert cells(rows[0])[2:] == ["0.20 (0.10)", "0.80 (0.70)", "0.20 (0.30)"]


def test_peers(tmp_path):
    curve = {"experiment": "4a", "label": "PPO"}
    ends = {1: [(50, 0), (100, -30), (150, -10)], 2: [(50, 0), (100, -50), (150, -20), (200, 100)]}
    rows = [{**curve, "seed": s, "episodes": e, "rollouts_return": r} for s, end in ends.items() for e, r in end]
    write_csv(tmp_path / "peers.csv", rows)
    write_summary(tmp_path / "a", "4a", {"label": "MOTO"})
    write_seed(tmp_path / "a", "moto-1", 200, rollouts_return=[-7])
    write_summary(tmp_path / "b", "4a", {"label": "MOTO, defaults"})
    write_seed(tmp_path / "b", "moto-defaults-1", 50, rollouts_return=[0, -3, -5, 9])
    row = peers_table.table(tmp_path / "peers.csv", tmp_path / "a", tmp_path / "b")[2]
    # After 150 episodes, which both seeds have: means of -30, -10 and of -50, -20. MOTO has had no iteration by then.
    assert cells(row) == ["4a", "PPO", "2", "150", "-27.5 ± 10.6 (-35)", "-", "-4 (-4)", "-"]


def test_every_table_has_its_place_in_the_documents():
    assert len(tables.read(ROOT / "docs")) == 3


@pytest.fixture
def docs(tmp_path):
    """Documents with a place for every table, and an old table in it."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, table in tables.TABLES.items():
        with (folder / table.document).open("a") as file:
            file.write(f"Before {name}.\n\n<!-- table: {name} -->\n\n| old |\n\n<!-- /table -->\n\nBehind {name}.\n")
            file.writelines(f"![figure]({place})\n" for place in table.figures().values())
    return folder


@pytest.fixture
def parent(tmp_path):
    """Results of 1b and of 2b."""
    for name in ("1b", "2b"):
        write_summary(tmp_path / "results" / name, name, swing_up("MOTO"))
        (tmp_path / "results" / name / "figure.svg").write_text(f"<svg>{name}</svg>")
    return tmp_path / "results"


def make(docs, parent, *options):
    """Calls the command; gives what it ended with, None if in peace."""
    try:
        tables.main(["--from", str(parent), *options], docs)
    except SystemExit as end:
        return end.code


def texts(docs):
    return {str(path.relative_to(docs)): path.read_text() for path in docs.rglob("*.*")}


def test_what_is_not_a_table_stays(docs, parent):
    before = texts(docs)
    assert make(docs, parent, "--no-run", "--only", "1b", "2b") is None
    table = "\n".join(experiments.table(parent / "1b"))
    expected = before["paper.md"]
    for name in ("1b", "2b"):
        opening = f"<!-- table: {name} -->\n\n"
        expected = expected.replace(f"{opening}| old |", f"{opening}{table}")
    figures = {f"images/experiments/{name}.svg": f"<svg>{name}</svg>" for name in ("1b", "2b")}
    assert texts(docs) == {**before, **figures, "paper.md": expected}


def test_a_second_time_nothing_changes(docs, parent, capsys):
    make(docs, parent, "--no-run", "--only", "1b")
    before = texts(docs)
    assert make(docs, parent, "--no-run", "--only", "1b") is None
    assert texts(docs) == before
    assert "written: nothing; as before: 1b" in capsys.readouterr().out


def test_check_names_tables_that_would_change_or_cannot_be_made(docs, parent):
    make(docs, parent, "--no-run", "--only", "1b")
    before = texts(docs)
    assert make(docs, parent, "--check", "--only", "1b") == 0
    told = make(docs, parent, "--check", "--only", "1b", "2b", "4a").splitlines()
    assert told == [
        f"4a cannot be made: {parent / '4a' / 'figure.svg'} is missing",
        f"2b in {docs / 'paper.md'} would change",
    ]
    assert texts(docs) == before
    (parent / "1b/figure.svg").write_text("<svg>another</svg>")
    assert make(docs, parent, "--check", "--only", "1b") == f"1b in {docs / 'paper.md'} would change"


def test_without_all_results_nothing_is_written(docs, parent):
    before = texts(docs)
    told = make(docs, parent, "--no-run", "--only", "1b", "1c", "strokes")
    assert str(parent / "1c") in told and str(parent / "strokes") in told and "1b" not in told
    assert texts(docs) == before


OPENING, CLOSING = "<!-- table: peers -->", "<!-- /table -->"


@pytest.mark.parametrize(
    ("found", "put", "named"),
    [
        (OPENING, "", OPENING),
        (OPENING, OPENING + "\n" + OPENING, OPENING),
        (OPENING, f"{CLOSING}\n{OPENING}", CLOSING),
        (f"{OPENING}\n\n| old |\n\n{CLOSING}", f"{OPENING}\n\n| old |\n", CLOSING),
        ("Before 1b.", CLOSING, CLOSING),
        ("(images/experiments/2b.svg)", "", "images/experiments/2b.svg"),
    ],
    ids=["missing", "twice", "closed twice", "not closed", "closed before the first", "no figure"],
)
def test_a_place_that_is_not_there_once_is_named_before_anything_runs(docs, parent, program, found, put, named):
    path = docs / "paper.md"
    path.write_text(path.read_text().replace(found, put))
    before = texts(docs)
    told = make(docs, parent, "--only", "1b", "--program", str(program))
    assert named in told and str(path) in told
    assert texts(docs) == before and not (parent / "calls").exists()


@pytest.fixture
def program(parent):
    """Stands in for `moto_controller`: notes how it is called, and leaves the results of 1b, or ends with 3 if there are none."""
    path = parent / "program"
    path.write_text(
        f'#!/bin/sh\necho "$@" >> {parent}/calls\nfor out; do :; done\n'
        f"[ -e {parent}/1b ] || exit 3\nmkdir -p $out && cp {parent}/1b/* $out/\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_what_the_tables_are_made_of_runs_once(docs, parent, program):
    """The program itself knows what is finished."""
    assert make(docs, parent, "--only", "4a", "peers", "--program", str(program)) is None
    calls = (parent / "calls").read_text().splitlines()
    assert calls == [
        f"experiment 4a --peers {tables.PEERS} --out {parent}/4a",
        f"experiment 4a --config benches/peers_4a.yaml --out {parent}/4a-defaults",
        f"experiment 4b --peers {tables.PEERS} --out {parent}/4b",
        f"experiment 4b --config benches/peers_4b.yaml --out {parent}/4b-defaults",
    ]


def test_the_robots_are_written_once(tmp_path):
    made = tables.commands("strikes", tmp_path, "program")
    assert [command[1] for command in made] == ["scripts/strikes.py", "experiment"]
    (tmp_path / "strikes.yaml").touch()
    assert tables.commands("strikes", tmp_path, "program") == made[1:]


def test_an_experiment_that_fails_is_named(docs, parent, program):
    before = texts(docs)
    (parent / "1b").rename(parent / "elsewhere")
    assert make(docs, parent, "--only", "1b", "2b", "--program", str(program)) == "1b: ended with exit code 3; no table is written"
    assert texts(docs) == before


def test_a_program_that_is_not_built_is_named_before_anything_runs(docs, parent, program):
    told = make(docs, parent, "--only", "1b", "strikes", "--program", str(parent / "unbuilt"))
    assert told.startswith(f"{parent / 'unbuilt'} is missing")
