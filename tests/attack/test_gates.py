"""Each planted bug turns a gate red, and the real phantoms turn none."""

import pytest

from tests.attack.gates import Gate, gates
from tests.attack.measuring import SHORT, short_of
from tests.attack.sources import BUGS, sound

EXPECTED = {
    "keyed by case": "share of seen cells that are real",
    "prior from live data": "tell of one person",
    "static": "flips that are real",
    "three of four lost": "flips that are real",
}


def red(make):
    """Return the names of the gates that are red."""
    return [gate.name for gate in gates(short_of(1, make, SHORT)) if not gate.green]


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.slow
def test_a_planted_bug_is_found(bug):
    """At the gate that is there for it."""
    assert any(EXPECTED[bug] in name for name in red(BUGS[bug]))


def test_the_services_own_phantoms_pass():
    """By the same attacks."""
    assert red(sound) == []


def test_a_gate_says_what_was_measured_and_what_may_be():
    """In one line."""
    got = [str(Gate("flips", value, 0.36)) for value in (0.3, 0.4)]

    assert got == [
        "green     0.3000 of    0.3600  flips",
        "RED       0.4000 of    0.3600  flips",
    ]
