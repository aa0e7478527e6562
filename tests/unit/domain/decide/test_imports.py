"""Imports: begun by one, approved by another, seen by their region alone."""

from dataclasses import replace

import pytest
from kit import importing as im
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    coordinator,
    field_of,
    presence,
    record_facts,
)
from kit.world import RULESET, token

from placement.access import SERVICE
from placement.domain.decide.command import Note
from placement.domain.decide.imports import part_at
from placement.domain.decide.reevaluations import Tick
from placement.domain.erasure_events import DossiersErased
from placement.domain.import_events import (
    ImportCancelled,
    ImportStaged,
    ImportState,
    StagedFact,
    StagedRow,
)
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR, FactId
from placement.errors import AccessDeniedError, ConflictError, NotFoundError

NORD = coordinator("nord", "co-05")
TWIN = coordinator("national", "co-01")
LAPSED = RULESET.change_hours * MICROS_AN_HOUR


def begun(court, rows=1, **given):
    """Begin an import and return its id."""
    return court.reply(im.begin(rows, **given)).ids[0]


@pytest.fixture
def waiting(court):
    """An import of one row that waits, and its digest."""
    key, row = begun(court), im.row(presence())
    court.reply(im.append(key, row))
    court.reply(im.finish(key, im.over(row)))
    return key, im.over(row)


def state(court, key):
    return court.reply(im.show(key)).state


@pytest.mark.parametrize("rows", [0, RULESET.imports.rows + 1])
def test_too_few_or_too_many_rows(court, rows):
    """The ruleset says how many an import may have."""
    assert field_of(court, im.begin(rows)) == "rows"


def test_a_region_has_so_many_open(court):
    """Others wait until one is over; another region has its own."""
    keys = [begun(court) for _ in range(RULESET.imports.region_open)]
    with pytest.raises(ConflictError):
        begun(court)
    begun(court, caller=NORD)
    court.reply(im.cancel(keys[0]))

    assert begun(court)


def test_a_lapsed_import_leaves_room(court):
    """What nobody finished in time is open no more."""
    for _ in range(RULESET.imports.region_open):
        key = begun(court)
    court.later(LAPSED)

    assert begun(court)
    assert state(court, key) is ImportState.LAPSED


def test_the_second_person(court, waiting):
    """Neither who began it nor their twin elsewhere approves; another one does."""
    key, digest = waiting
    for caller in (COORDINATOR, TWIN):
        with pytest.raises(AccessDeniedError):
            court.reply(im.approve(key, digest, caller=caller))
    court.reply(im.approve(key, digest))

    found = court.reply(im.show(key))

    assert found.state is ImportState.APPROVED
    assert found.known.approved_by == "co-02"


def test_another_digest_is_not_approved(court, waiting):
    """Who looked at other rows approves nothing."""
    with pytest.raises(ConflictError):
        court.reply(im.approve(waiting[0], im.over()))

    assert state(court, waiting[0]) is ImportState.WAITING


def test_a_lapsed_import_is_not_approved(court, waiting):
    """After so many hours the word of the second person comes too late."""
    court.later(LAPSED)
    with pytest.raises(ConflictError):
        court.reply(im.approve(*waiting))
    with pytest.raises(ConflictError):
        court.reply(im.cancel(waiting[0]))


def test_finished_once(court):
    """All rows must be there, with the digest that they have; again is the same."""
    row = im.row(presence())
    key = begun(court)
    with pytest.raises(ConflictError):
        court.reply(im.finish(key, im.over()))
    court.reply(im.append(key, row))
    assert field_of(court, im.finish(key, im.over())) == "digest"

    first = court.reply(im.finish(key, im.over(row)))
    again = court.reply(im.finish(key, im.over(row)))

    assert first == again
    assert first.state is ImportState.WAITING


def test_only_who_began_goes_on(court, waiting):
    """Another coordinator of the region may look, and cancel, but add nothing."""
    key, digest = waiting
    with pytest.raises(AccessDeniedError):
        court.reply(im.append(key, im.row(presence()), caller=im.SECOND))
    with pytest.raises(AccessDeniedError):
        court.reply(im.finish(key, digest, caller=im.SECOND))
    court.reply(im.cancel(key, caller=im.SECOND))
    with pytest.raises(ConflictError):
        court.reply(im.finish(key, digest))

    assert state(court, key) is ImportState.CANCELLED


@pytest.mark.parametrize(
    "ask",
    [
        lambda key: im.append(key, im.row(presence()), caller=NORD),
        lambda key: im.finish(key, im.over(), caller=NORD),
        lambda key: im.show(key, NORD),
        lambda key: im.read(key, caller=NORD),
        lambda key: im.approve(key, im.over(), caller=NORD),
        lambda key: im.cancel(key, caller=NORD),
    ],
    ids=["append", "finish", "show", "read", "approve", "cancel"],
)
def test_another_region_sees_nothing(court, waiting, ask):
    """An import of others is answered like one that isn't there; both are noted."""
    refused = court.decide(ask(waiting[0]))
    absent = court.decide(ask(bytes(16)))

    assert type(refused.outcome) is type(absent.outcome) is NotFoundError
    assert refused.note == Note(objects=(waiting[0],))


def test_lists(court, waiting):
    """A region has its own; the national unit has all."""
    other = begun(court, caller=NORD)

    def ids(caller):
        views = court.reply(im.list_(caller)).imports
        return [view.known.begun.id for view in views]

    assert ids(COORDINATOR) == [waiting[0]]
    assert ids(NATIONAL) == [waiting[0], other]


def test_rows_are_read_where_they_are(court):
    """Each position leads to what was staged with it."""
    rows = [im.row(presence(area=area)) for area in ("1480", "1280", "0180")]
    key = begun(court, 3)
    court.reply(im.append(key, *rows[:2]))
    court.reply(im.append(key, rows[2], position=2))
    known = court.reply(im.show(key)).known

    found = [court.reply(im.read(key, n)).part.position for n in range(3)]

    assert found == [0, 0, 2]
    assert part_at(known, 3) is None
    with pytest.raises(NotFoundError):
        court.reply(im.read(key, 3))


def test_what_is_over_is_forgotten(court, waiting):
    """A month after its end an import is there no more; one that stands is."""
    key, _ = waiting
    court.reply(im.cancel(key))
    court.later(29 * MICROS_A_DAY)
    begun(court)
    assert state(court, key) is ImportState.CANCELLED
    court.later(5 * MICROS_A_DAY)
    begun(court)

    with pytest.raises(NotFoundError):
        court.reply(im.show(key))


def test_rows_that_nobody_needs_are_erased(court, waiting):
    """With the import that is cancelled."""
    events = court.decide(im.cancel(waiting[0])).outcome.events

    assert [type(event) for event in events] == [ImportCancelled, DossiersErased]
    assert court.reply(im.show(waiting[0])).known.parts == ()
    with pytest.raises(NotFoundError):
        court.reply(im.read(waiting[0]))


def test_rows_that_were_taken_over_can_be_looked_at_for_30_days(court, waiting):
    """Which of them were refused is told by them; then a look at the clock erases them."""
    court.reply(im.approve(*waiting))
    read = ImportStaged(
        id=waiting[0],
        position=0,
        rows=(StagedRow(record=StagedFact(fact=fact_of(court))),),
        digest=waiting[1],
    )
    court.decide(im.take(read))
    court.later(30 * MICROS_A_DAY)
    early = court.decide(Tick(caller=SERVICE)).outcome.events
    kept = court.reply(im.read(waiting[0])).part.position
    court.later(1)
    events = court.decide(Tick(caller=SERVICE)).outcome.events

    assert (early, kept) == ((), 0)
    assert events == (DossiersErased(dossiers=(waiting[0],)),)
    assert state(court, waiting[0]) is ImportState.DONE


def fact_of(court):
    """Return a fact as a row states it."""
    (fact, _) = court.reply(record_facts(presence(area="0180"))).ids
    return replace(court.state.facts[fact], id=FactId(token("of a row")), area="1480")


def test_rows_of_an_import_that_lapsed_are_erased(court, waiting):
    """At the next look at the clock, whether anybody is placed or not."""
    court.later(LAPSED)
    events = court.decide(Tick(caller=SERVICE)).outcome.events
    again = court.decide(Tick(caller=SERVICE)).outcome.events

    assert events == (DossiersErased(dossiers=(waiting[0],)),)
    assert again == ()
    assert state(court, waiting[0]) is ImportState.LAPSED
