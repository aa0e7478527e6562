"""Whatever is measured beside the rules answers the same question."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.growth import AIMS
from benchmarks.nation import Nation, answer
from benchmarks.peers.run import PEERS
from benchmarks.plots import svg

NATION = Nation.of(0.05)
ASKED = NATION.questions(60)
ROOT = Path(__file__).parents[1]
SMALL = ("--seconds", "0.2", "--rounds", "1")
HERE = ("our rules", "dicts and sets", "networkx, naive", "SQLite, one query")


@pytest.mark.parametrize("name", HERE)
def test_a_peer_answers_as_brute_force_does(name):
    """Each says the same of each place; among the answers is every verdict."""
    module, _, kind = PEERS[name].partition(".")
    peer = getattr(import_module(f"benchmarks.peers.{module}"), kind)(NATION)
    right = [answer(NATION, each) for each in ASKED]

    assert [peer.answer(each) for each in ASKED] == right
    assert {1, 3, 4} == {verdict for each in right for verdict in each}


def test_a_plot_has_a_line_for_each_thing():
    """Both axes are logarithmic, and a thing that was measured once is a point."""
    got = svg("Growth", "times", {"ours": {1: 10.0, 10: 100.0}, "theirs": {1: 3.0}})

    assert (got.count("<polyline"), got.count("<circle")) == (2, 3)


def run(module, *given):
    """Run a benchmark in small; return the lines that it printed."""
    command = (sys.executable, "-m", f"benchmarks.{module}", *given)
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


PAIR = ("--database", "postgresql", "--servers", "2")
WIRES = ("--wires", "uvloop", "threads", "uvloop+1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "given", "rows"),
    [
        ("run", ("--factors", "0.01"), 6),
        ("run", ("--factors", "0.01", *PAIR), 6),
        ("wire", ("--factor", "0.01", *WIRES), 9),
        ("peers.behind", ("--factor", "0.01", "--peers", "SQLite, one query"), 3),
    ],
)
def test_what_is_measured_over_the_wire_runs_in_small(tmp_path, module, given, rows):
    """A server of each kind answers checks and echoes, and each row says how many."""
    plot = ("--plot", str(tmp_path / "plot.svg")) if module == "run" else ()
    lines = run(module, *SMALL, *given, *plot)
    table = [line for line in lines if {"1", "16", "64"} & set(line.split()[:2])]

    assert len(table) == rows


@pytest.mark.slow
def test_an_import_is_measured_in_small():
    """On both databases, and what rivalries would do."""
    head, *rows, preview = run("imports", "--rows", "200", "--alone", "20")

    assert "staged" in head
    assert [row.split()[:2] for row in rows] == [
        ["sqlite", "200"],
        ["postgresql", "200"],
    ]
    assert preview.startswith("300 rivalries against 1,000 placements")


@pytest.mark.slow
def test_what_a_fact_costs_is_measured_in_small(tmp_path):
    """Of each size each thing that has an aim, and a curve for it."""
    plot = tmp_path / "plot.svg"
    lines = run("growth", "--factors", "0.01", "0.02", "--plot", str(plot))
    shown = [line for line in lines if "of the first" in line]

    assert len(shown) == 2 * len(AIMS)
    assert plot.read_text("utf-8").count("<polyline") == len(AIMS)
