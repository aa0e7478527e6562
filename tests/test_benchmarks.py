"""Whatever is measured beside the rules answers the same question."""

from importlib import import_module

import pytest

from benchmarks.nation import Nation, answer
from benchmarks.peers.run import PEERS
from benchmarks.plots import svg

NATION = Nation.of(0.05)
ASKED = NATION.questions(60)
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
