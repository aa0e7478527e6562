"""Whose case it is: what is another's answers like what isn't there."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    assess_case,
    coordinator,
    draft,
    end_placements,
    placement,
    record_facts,
    record_placements,
)
from kit.world import token

from placement.domain.decide.drafts import Member
from placement.domain.facts import Tie
from placement.errors import NotFoundError

NORD = coordinator("nord", "co-03")


def commands(case, stay):
    """Return what a coordinator does with a case, by its handle."""
    person = Member(case=case, position=0)

    def tie():
        return draft(Tie, "tie", subject=person, area="1480", danger=False)

    return [
        lambda caller: assess_case(case, caller=caller),
        lambda caller: record_facts(tie(), caller=caller),
        lambda caller: record_placements(placement(case), caller=caller),
        lambda caller: end_placements((stay, 0), caller=caller),
    ]


@pytest.mark.parametrize("which", range(4), ids=["assess", "fact", "place", "end"])
def test_a_case_belongs_to_the_region_of_its_municipality(court, case, which):
    """Malmö lies in syd: its coordinators and the national unit act, no others."""
    stay = court.reply(record_placements(placement(case, start=-10))).ids[0]
    command = commands(case, stay)[which]
    with pytest.raises(NotFoundError):
        court.reply(command(NORD))
    for caller in (COORDINATOR, NATIONAL)[: 1 if which == 3 else 2]:
        assert court.reply(command(caller)) is not None


def test_a_case_that_is_not_there(court, case):
    """The same answer."""
    for command in commands(token("nobody's"), token("no placement")):
        for caller in (NORD, COORDINATOR):
            with pytest.raises(NotFoundError):
                court.reply(command(caller))
