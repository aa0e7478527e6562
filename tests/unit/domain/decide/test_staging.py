"""Staged rows: validated, inert, and staged once."""

from dataclasses import replace

import pytest
from kit import importing as im
from kit.commands import draft, field_of, presence, record_facts, rivalry
from kit.living import over
from kit.world import RULESET, TODAY, subject, token

from placement.domain.facts import Affiliation, Tie
from placement.domain.import_events import ImportStaged
from placement.domain.terms import AffiliationRole, Scheme
from placement.errors import ConflictError, NotFoundError, StaleError


@pytest.fixture
def key(court):
    """An import of ten rows, open."""
    return court.reply(im.begin(10)).ids[0]


def tie():
    return draft(Tie, "tie", subject=subject("h"), area="1480", danger=False)


def test_staged_rows_are_inert(court, key):
    """Nothing stands on record, and no verdict can rest on it."""
    before = dict(court.state.facts)
    court.reply(im.append(key, im.row(presence()), im.row(rivalry())))

    assert court.state.facts == before == {}
    assert list(court.state.agenda) == []


def test_the_same_rows_again(court, key):
    """A repeated call finds them there, also when others follow; others are refused."""
    first, second = im.row(presence()), im.row(presence(area="1280"))
    court.reply(im.append(key, first))
    court.reply(im.append(key, second, position=1))

    again = court.decide(im.append(key, first)).outcome

    assert (again.reply.position, again.events) == (1, ())
    assert court.reply(im.append(key, second, position=1)).position == 2
    with pytest.raises(ConflictError):
        court.reply(im.append(key, second))
    with pytest.raises(ConflictError):
        court.reply(im.append(key, first, second))


def test_rows_follow_on_one_another(court, key):
    """A gap is refused, and so is more than was announced."""
    rows = [im.row(presence(area=area)) for area in sorted(RULESET.areas)[:11]]

    assert field_of(court, im.append(key, rows[0], position=1)) == "position"
    assert field_of(court, im.append(key, *rows)) == "rows"
    assert field_of(court, im.append(key)) == "rows"


def test_no_rows_once_it_is_finished(court):
    """What waits for a second person stays as it is."""
    key = court.reply(im.begin(1)).ids[0]
    row = im.row(presence())
    court.reply(im.append(key, row))
    court.reply(im.finish(key, im.over(row)))

    with pytest.raises(ConflictError):
        court.reply(im.append(key, row, position=1))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (im.row(), "rows[1]"),
        (im.row(tie()), "rows[1].fact.statement"),
        (im.row(presence(given="9Z")), "rows[1].fact.grade.given"),
        (im.row(presence(area="9999")), "rows[1].fact.presence.area"),
        (im.row(presence("nobody")), "rows[1].fact.presence.group"),
        (im.row(rivalry(severity=4)), "rows[1].fact.rivalry.severity"),
        (
            im.row(presence(valid_from=TODAY, valid_to=TODAY - 1)),
            "rows[1].fact.valid_to_day",
        ),
    ],
    ids=["nothing", "person", "grade", "area", "group", "severity", "days"],
)
def test_a_bad_row_stages_nothing(court, key, row, field):
    """The field names the row, and none of the call is kept."""
    fact = court.reply(record_facts(presence("B"))).ids[0]
    good = im.row(ends=(fact, TODAY))

    assert field_of(court, im.append(key, good, row)) == field
    assert court.reply(im.show(key)).known.staged == 0


def test_a_fact_list_of_its_own_limit(court, key):
    """A ruleset may allow more rows in a call than facts are drafted at once."""
    limits = replace(RULESET.imports, call_rows=600)
    court.moment = replace(court.moment, ruleset=replace(RULESET, imports=limits))
    many = court.reply(im.begin(501)).ids[0]

    assert field_of(court, im.append(many, *[im.row(presence())] * 501)) == "rows"


def test_doubles_are_refused(court, key):
    """A rivalry that stands is not staged again, nor one twice in a call: which is told."""
    rows = im.row(presence()), im.row(rivalry()), im.row(rivalry("B", "A"))

    assert field_of(court, im.append(key, *rows)) == "rows[2]"
    court.reply(record_facts(rivalry()))
    assert field_of(court, im.append(key, *rows)) == "rows[1]"


def test_ends(court, key):
    """A row ends a fact as it was seen, of a kind that is imported, on a day it can."""
    fact, _ = court.reply(record_facts(presence(kind="OCCASIONAL"))).ids
    seen = court.state.histories.changed(fact)
    person = draft(
        Affiliation,
        "affiliation",
        subject=subject("h"),
        group=token("A"),
        role=AffiliationRole.CORE,
    )
    other, _ = court.reply(record_facts(person)).ids

    def refused(row):
        return field_of(court, im.append(key, row))

    assert refused(im.row(ends=(other, TODAY))) == "rows[0].fact_id"
    assert refused(im.row(ends=(fact, TODAY + 1))) == "rows[0].valid_to_day"
    assert refused(im.row(rivalry(), ends=(fact, TODAY))) == "rows[0].fact.statement"
    with pytest.raises(NotFoundError):
        court.reply(im.append(key, im.row(ends=(token("none"), TODAY))))
    court.reply(im.append(key, im.row(ends=(fact, TODAY, seen))))
    over(court, fact)
    with pytest.raises(StaleError):
        court.reply(im.append(key, im.row(ends=(fact, TODAY, seen)), position=1))


def test_what_is_staged(court, key):
    """A fact is whole, counts fully once it is taken over, and has its own grade."""
    outcome = court.decide(im.append(key, im.row(presence(kind="BASE")))).outcome
    (staged,) = outcome.events
    fact = staged.rows[0].record.fact

    assert isinstance(staged, ImportStaged)
    assert (fact.approved, fact.region, fact.scheme) == (
        True,
        "syd",
        Scheme.THREE_FIVE_TWO,
    )
