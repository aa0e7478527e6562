"""Each planted bug turns its gate red, and the service as it is turns none."""

import pytest

from tests.leak.gates import gates
from tests.leak.measuring import (
    BUGS,
    DAY,
    GROUP,
    PAIR,
    RANK,
    SHORT,
    TICK,
    measured,
    planted,
)

EXPECTED = {
    "records unpadded": (TICK,),
    "an index of groups": (RANK, GROUP, PAIR),
    "an index of persons": (PAIR,),
    "no ticks": (TICK, DAY),
    "keys not filled up": (TICK, DAY),
    "snapshots in steps": ("how closely a snapshot's size tells",),
}

pytestmark = pytest.mark.slow


def red(found):
    """Return the names of the gates that are red."""
    return [gate.name for gate in gates(found) if not gate.green]


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug):
    """At every gate that is there for it."""
    names = red(planted(bug))

    assert [word for word in EXPECTED[bug] if not any(word in n for n in names)] == []


def test_the_service_as_it_is_passes():
    """By the same attacks."""
    assert red(measured(1, SHORT)) == []
