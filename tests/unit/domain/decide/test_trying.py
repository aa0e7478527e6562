"""A dry run is told what would be refused, and nothing comes of it."""

import pytest
from kit import importing as im
from kit.commands import (
    approve,
    coordinator,
    draft,
    end_facts,
    field_of,
    presence,
    record_facts,
    rivalry,
)
from kit.naming import faction, merge_groups
from kit.world import TODAY, subject, token

from placement.domain.decide.command import Note
from placement.domain.facts import Tie
from placement.domain.import_events import RowRefusal
from placement.errors import NotFoundError

DOUBLED = RowRefusal.CONTRADICTION
ELSEWHERE = coordinator("nord", "co-09")


def tried(court, *rows):
    """Return which rows would be refused, and why."""
    decision = court.decide(im.try_(*rows))
    assert decision.outcome.events == ()
    return dict(decision.outcome.reply.refused)


def test_a_link_that_is_there(court):
    """A presence may be there twice; another region says what it knows."""
    court.reply(record_facts(rivalry(), presence()))
    rows = im.row(rivalry("C", "D")), im.row(rivalry("B", "A")), im.row(presence())

    assert tried(court, *rows) == {1: DOUBLED}
    assert court.reply(im.try_(*rows, caller=ELSEWHERE)).refused == ()


def test_another_name_of_a_group(court):
    """Two tokens that are one group."""
    court.reply(record_facts(rivalry("A", "B")))
    (change,) = court.reply(merge_groups("B", "C")).ids
    court.reply(approve(change))

    assert tried(court, im.row(rivalry("A", "C"))) == {0: DOUBLED}


def test_rows_of_one_call_see_one_another(court):
    """The first of two stands; a row that closes a circle does not."""
    court.reply(record_facts(faction("C", "A")))
    rows = [im.row(rivalry()), im.row(rivalry()), im.row(faction("A", "B"))]

    assert tried(court, *rows, im.row(faction("B", "C"))) == {1: DOUBLED, 3: DOUBLED}


def test_what_is_discredited_is_in_nobody_s_way(court):
    """Not in that of a row behind it."""
    rows = im.row(rivalry(given="3E")), im.row(rivalry()), im.row(rivalry())

    assert tried(court, *rows) == {2: DOUBLED}


def test_nothing_is_stored(court):
    """Tried again the same rows find the same, and they can be recorded."""
    before = dict(court.state.facts)

    assert tried(court, im.row(rivalry())) == tried(court, im.row(rivalry())) == {}
    assert dict(court.state.facts) == before == {}
    court.reply(record_facts(rivalry()))


def test_what_it_leaves_in_the_access_log(court):
    """The groups that were asked about, and what would end: probing shows."""
    fact, _ = court.reply(record_facts(rivalry())).ids
    rows = im.row(ends=(fact, TODAY)), im.row(rivalry("C", "D")), im.row(presence("C"))
    named = im.try_(*rows).note

    assert named.objects == (fact,)
    assert {*named.tokens} == {token("C"), token("D")}
    assert named == Note(objects=named.objects, tokens=named.tokens)


def test_rows_that_can_not_be(court):
    """As where they are staged: the field names the row."""
    tie = draft(Tie, "tie", subject=subject("h"), area="1480", danger=False)
    bad = im.row(rivalry("A", "none"))

    assert field_of(court, im.try_()) == "rows"
    assert field_of(court, im.try_(*[im.row(presence())] * 65)) == "rows"
    assert field_of(court, im.try_(im.row(presence()), im.row())) == "rows[1]"
    assert field_of(court, im.try_(im.row(tie))) == "rows[0].fact.statement"
    assert field_of(court, im.try_(im.row(presence()), bad)).startswith("rows[1].fact")


def test_another_regions_fact_is_not_ended(court):
    """It is not there for whoever does not own it."""
    fact, _ = court.reply(record_facts(rivalry(), caller=ELSEWHERE)).ids
    with pytest.raises(NotFoundError):
        court.reply(im.try_(im.row(ends=(fact, TODAY))))
    court.reply(end_facts((fact, 0), caller=ELSEWHERE))
