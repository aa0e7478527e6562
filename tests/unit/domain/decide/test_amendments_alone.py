"""Who says as much instead amends alone; whatever says less of anything waits."""

from dataclasses import replace

import pytest
from kit.commands import approve, presence, record_facts, rivalry
from kit.living import amend_facts
from kit.naming import faction
from kit.world import TODAY


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        (presence(kind="OCCASIONAL"), presence(kind="ACTIVE"), False),
        (presence(kind="ACTIVE"), presence(kind="OCCASIONAL"), True),
        (presence(kind="OCCASIONAL"), presence(kind="ACTIVE", area="0180"), True),
        (presence("B", kind="OCCASIONAL"), presence("C", kind="ACTIVE"), True),
        (rivalry(severity=1), rivalry(severity=2), False),
        (rivalry(severity=2), rivalry(severity=1), True),
        (rivalry(given="3D"), rivalry(given="2B"), False),
        (rivalry(given="2B"), rivalry(given="3D"), True),
        (rivalry(severity=1), rivalry(severity=2, valid_to=TODAY + 9), True),
        (rivalry(severity=1), rivalry(severity=2, valid_from=TODAY + 1), True),
        (rivalry(severity=1), rivalry(severity=2, review_by=TODAY + 9), True),
        (rivalry(review_by=TODAY + 5), rivalry(severity=2, review_by=TODAY + 9), False),
        (rivalry(severity=1), rivalry("A", "C", severity=2), True),
    ],
)
def test_one_person_says_as_much_instead(court, old, new, waits):
    """Nobody loses anything; whatever says less of anything waits."""
    fact, _ = court.reply(record_facts(old)).ids
    made, change = court.reply(amend_facts((fact, new))).ids

    assert bool(change) is waits
    assert court.state.facts[made].approved is not waits


def test_one_person_lets_a_faction_have_the_whole_s_rivals(court):
    """And not the other way round."""
    own, _ = court.reply(record_facts(faction())).ids
    less = replace(
        faction(), statement=faction().statement | {"inherits_rivalry": False}
    )
    made, change = court.reply(amend_facts((own, less))).ids
    court.reply(approve(change))

    assert change
    assert court.reply(amend_facts((made, faction()))).ids[1] == b""
