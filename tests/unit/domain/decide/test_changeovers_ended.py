"""The end of a changeover: two persons say it, and how many may be left."""

import pytest
from kit.changing import (
    NEW,
    OLD,
    OTHER,
    THIRD,
    ask,
    begin_changeover,
    belongs,
    both,
    end_changeover,
    enrol,
    finish,
    named,
    offer_pairs,
    show_changeover,
    under,
)
from kit.commands import COORDINATOR, record_facts
from kit.world import subject

from placement.domain.changeover_events import ChangeoverStep
from placement.domain.decide.changeovers import without_faded
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Record
from placement.domain.terms import DossierId, Verdict
from placement.errors import ConflictError


def offer(court, *pairs):
    court.reply(offer_pairs(*pairs))


def happen(court, *events):
    for event in events:
        court.state.apply(Record(at=court.moment.now, event=event))


def test_it_does_not_end_while_somebody_is_left(begun):
    """Neither at the first word nor at the second."""
    with pytest.raises(ConflictError):
        begun.reply(end_changeover())
    enrol(begun, both("h"))
    begun.reply(end_changeover())
    begun.reply(record_facts(belongs(named("late", OLD))))
    with pytest.raises(ConflictError):
        begun.reply(end_changeover(caller=OTHER))

    assert begun.state.changeover.key == OLD


def test_one_person_does_not_end_it(begun):
    """However often they say so."""
    enrol(begun, both("h"))
    begun.reply(end_changeover())
    begun.reply(end_changeover())

    assert begun.state.changeover.key == OLD
    assert begun.state.changeover.said.step is ChangeoverStep.END


def test_both_name_how_many_may_be_left(begun):
    """The second one's word alone does not leave anybody."""
    enrol(begun, both("h"))
    begun.reply(end_changeover(0))
    begun.reply(record_facts(belongs(named("late", OLD))))
    begun.reply(end_changeover(1, caller=OTHER))
    assert begun.state.changeover.key == OLD
    begun.reply(end_changeover(1))

    assert begun.state.changeover.key == NEW
    assert list(begun.state.changeover.left) == [subject("late")]


def test_while_somebody_is_left_nothing_is_clear(begun):
    """The new pseudonym of whoever was left leads nowhere, and could be anybody's."""
    assert ask(begun, (named("nobody", OLD),)) is Verdict.CLEAR
    finish(begun, left=9)

    assert ask(begun, (named("nobody", NEW),)) is Verdict.UNKNOWN
    assert ask(begun, (named("h", NEW),)) is Verdict.UNKNOWN
    assert begun.reply(show_changeover()).left == 2
    assert begun.reply(show_changeover(COORDINATOR)).left == 0


def test_a_dispute_ends_nothing(begun):
    """Whatever may be left: one of the pairs is false, and nobody knows which."""
    enrol(begun, both("h"))
    enrol(begun, both("h", "x"))
    assert begun.reply(show_changeover()).disputed == 1
    with pytest.raises(ConflictError):
        begun.reply(end_changeover(9))
    begun.reply(end_changeover(give_up=True))

    assert begun.state.changeover.begun is None


@pytest.mark.parametrize("offers", [offer, enrol])
def test_who_is_recorded_again_meanwhile_is_who_they_were(begun, offers):
    """Of somebody else the same new pseudonym would be said, and it could not end."""
    enrol(begun, both("h"))
    finish(begun)
    begun.reply(begin_changeover(THIRD))
    begun.reply(begin_changeover(THIRD, caller=OTHER))
    again = named("h", NEW, THIRD)
    offers(begun, again)
    (fact,) = begun.state.affiliations.of(subject("h"))
    happen(begun, DossiersErased(dossiers=(DossierId(fact.id),)))
    happen(begun, *without_faded(begun.state))
    begun.reply(record_facts(belongs(named("h", NEW))))
    enrol(begun, again)
    begun.reply(end_changeover(to_key=THIRD))
    begun.reply(end_changeover(to_key=THIRD, caller=OTHER))

    assert begun.state.changeover.resolved == {under(THIRD, "h"): under(OLD, "h")}
    assert ask(begun, (named("h", THIRD),)) is Verdict.CONFLICT


def test_who_is_not_recorded_again_goes_with_its_end(begun):
    """Given up or not; until then what is offered names them anyway."""
    enrol(begun, both("h"))
    finish(begun)
    begun.reply(begin_changeover(THIRD))
    begun.reply(begin_changeover(THIRD, caller=OTHER))
    enrol(begun, named("h", NEW, THIRD))
    (fact,) = begun.state.affiliations.of(subject("h"))
    happen(begun, DossiersErased(dossiers=(DossierId(fact.id),)))
    assert [*without_faded(begun.state)] == []
    begun.reply(end_changeover(to_key=THIRD, give_up=True))
    happen(begun, *without_faded(begun.state))

    assert begun.state.changeover.resolved == {}


def test_one_person_gives_it_up(begun):
    """The key in force stays; everybody is found as ever."""
    begun.reply(end_changeover(give_up=True))

    assert begun.state.changeover.key == OLD
    assert ask(begun, (named("h", OLD),)) is Verdict.CONFLICT


def test_another_key_is_not_ended(begun):
    """Nor one that did not begin."""
    for command in (end_changeover(9, to_key=THIRD), end_changeover(9, to_key=OLD)):
        with pytest.raises(ConflictError):
            begun.reply(command)
    begun.reply(end_changeover(give_up=True))
    with pytest.raises(ConflictError):
        begun.reply(end_changeover(9))


def test_entries_say_what_was_meant():
    """Which key; whether it was given up, or somebody may be left."""
    assert begin_changeover().note.objects == (NEW[:16],)
    assert end_changeover().note.objects == (NEW[:16],)
    assert end_changeover().note.purpose == ""
    assert end_changeover(3).note.purpose == "LEAVE"
    assert end_changeover(give_up=True).note.purpose == "GIVE_UP"
