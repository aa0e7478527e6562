"""Replace the key of the pseudonyms without losing anybody."""

from dataclasses import replace

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
    named,
    offer_pairs,
    show_changeover,
    town,
    under,
)
from kit.commands import (
    CASEWORKER,
    COORDINATOR,
    NATIONAL,
    OPERATOR,
    RULESET,
    SECOND,
    field_of,
    open_case,
    record_facts,
)
from kit.extracting import propose_extract, show_extract
from kit.world import subject, token

from placement.domain.changeover_events import (
    NO_PAIR,
    ChangeoverBegun,
    ChangeoverEnded,
    ChangeoverStep,
)
from placement.domain.decide.changeovers import without_faded
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Record
from placement.domain.terms import MICROS_AN_HOUR, DossierId, Verdict
from placement.errors import AccessDeniedError, ConflictError, InvalidInputError
from placement.store.codec import encode


@pytest.fixture
def court():
    return town()


@pytest.fixture
def begun(court):
    """A changeover is under way; h is on record."""
    court.reply(record_facts(belongs(named("h", OLD))))
    court.reply(begin_changeover())
    court.reply(begin_changeover(caller=OTHER))
    return court


def enrol(court, *pairs):
    court.reply(offer_pairs(*pairs))
    court.reply(offer_pairs(*pairs, caller=SECOND))


def offer(court, *pairs):
    court.reply(offer_pairs(*pairs))


def happen(court, *events):
    for event in events:
        court.state.apply(Record(at=court.moment.now, event=event))


def finish(court, left=0):
    court.reply(end_changeover(left))
    court.reply(end_changeover(left, caller=OTHER))


# From end to end


def test_a_changeover_from_end_to_end(begun):
    """Whoever was dangerous to place is so under the old key, both, and the new one."""
    before = [
        ask(begun, (named("h", OLD),)),
        ask(begun, (named("h", OLD, NEW),)),
    ]
    enrol(begun, both("h"))
    finish(begun)
    after = [
        ask(begun, (named("h", NEW),)),
        ask(begun, (named("h", OLD, NEW),)),
    ]

    assert {*before, *after} == {Verdict.CONFLICT}
    assert ask(begun, (named("new", NEW),)) is Verdict.CLEAR
    assert begun.state.changeover.key == NEW


def test_facts_of_later_are_facts_of_the_same_person(begun):
    """Recorded under the new key, found by the old subject."""
    enrol(begun, both("h"))
    finish(begun)
    begun.reply(record_facts(belongs(named("h", NEW), "B")))

    assert {each.group for each in begun.state.affiliations.of(subject("h"))} == {
        token("A"),
        token("B"),
    }
    assert not begun.state.affiliations.of(under(NEW, "h"))


@pytest.mark.parametrize("keys", [(NEW,), (THIRD,), ()])
def test_nobody_is_named_without_the_key_in_force(begun, keys):
    """Neither in a case nor in a fact; not answered with less."""
    case = replace(open_case(), members=(named("h", *keys),))
    fact = record_facts(belongs(named("h", *keys, field="facts[0]")))

    assert field_of(begun, case) == "pseudonyms[0]"
    assert field_of(begun, fact) == "facts[0]"


def test_a_request_that_was_answered_before_finds_its_answer(begun):
    """Even when its key is no longer in force."""
    first = replace(open_case(request="r"), members=(named("h", OLD),))
    made = begun.reply(first).ids
    enrol(begun, both("h"))
    finish(begun)

    assert begun.reply(first).ids == made
    assert field_of(begun, replace(first, request_id=token("r2"))) == "pseudonyms[0]"


def test_an_extract_is_about_who_was_known(begun):
    """By whichever key they are named; the entry says whom, in the one alias they have."""
    asked = replace(propose_extract(), subjects=(named("h", OLD, NEW),))
    (change,) = begun.reply(asked).ids
    enrol(begun, both("h"))
    finish(begun)
    look = replace(show_extract(change), subjects=(named("h", NEW),))
    decision = begun.decide(look)
    late = begun.decide(replace(look, subjects=(named("h", OLD),)))

    assert [each.subject for each in decision.outcome.reply.kept.facts] == [
        subject("h")
    ]
    assert decision.note.subjects == (subject("h"),)
    assert isinstance(late.outcome, InvalidInputError)
    assert late.note.subjects == ()


# Beginning


def test_two_persons_begin(court):
    """The first one's word is told, with its key, until somebody says the same."""
    court.reply(begin_changeover())
    waits = court.reply(show_changeover())
    assert (waits.to_key, waits.said.step) == (b"", ChangeoverStep.BEGIN)
    assert (waits.said.to_key, waits.said.person) == (NEW, NATIONAL.person)
    court.reply(begin_changeover(caller=OTHER))
    under_way = court.reply(show_changeover())

    assert (under_way.key, under_way.to_key, under_way.said) == (OLD, NEW, None)


@pytest.mark.parametrize(
    "second",
    [
        begin_changeover(),
        begin_changeover(THIRD, caller=OTHER),
    ],
    ids=["the same person", "another key"],
)
def test_whoever_says_something_else_is_the_first_again(court, second):
    """Nothing begins."""
    court.reply(begin_changeover())
    court.reply(second)

    assert court.state.changeover.begun is None
    assert court.state.changeover.said.to_key == second.to_key


def test_a_word_lapses(court):
    """Like every change that waits."""
    court.reply(begin_changeover())
    court.later(RULESET.change_hours * MICROS_AN_HOUR)
    assert court.reply(show_changeover()).said is None
    court.reply(begin_changeover(caller=OTHER))

    assert court.state.changeover.begun is None


@pytest.mark.parametrize("caller", [COORDINATOR, CASEWORKER, OPERATOR])
def test_others_neither_begin_nor_end(begun, caller):
    """The national unit does."""
    for command in (begin_changeover(caller=caller), end_changeover(9, caller=caller)):
        with pytest.raises(AccessDeniedError):
            begun.reply(command)


def test_a_key_that_was_in_force_does_not_come_back(begun):
    """It was replaced for a reason."""
    enrol(begun, both("h"))
    finish(begun)

    assert field_of(begun, begin_changeover(OLD)) == "to_key_id"
    assert field_of(begun, begin_changeover(NEW)) == "to_key_id"
    begun.reply(begin_changeover(THIRD))


def test_there_is_one_at_a_time(begun):
    """The next one waits for the end."""
    with pytest.raises(ConflictError):
        begun.reply(begin_changeover(THIRD))


# Pairs


def test_who_is_not_on_record_leaves_nothing(begun):
    """And is answered alike: one event, one revision, whoever it was."""
    begun.reply(offer_pairs(both("stranger"), both("other")))
    before = begun.state.revision
    begun.reply(offer_pairs(both("h")))

    assert begun.state.revision == before + 1
    assert list(begun.state.changeover.offers) == [subject("h")]


@pytest.mark.parametrize("caller", [CASEWORKER, COORDINATOR, NATIONAL])
def test_whoever_has_numbers_offers(begun, caller):
    """Police and municipalities."""
    begun.reply(offer_pairs(both("h"), caller=caller))

    assert begun.state.changeover.offers


@pytest.mark.parametrize("count", [1, 2, 60])
def test_what_is_stored_has_one_size_whoever_is_on_record(begun, count):
    """It says how many were offered, as the request did, and nothing else."""
    strangers = [both(f"p{n}") for n in range(count)]
    others = [both("h"), *strangers[1:]]

    def stored(pairs):
        (event,) = begun.decide(offer_pairs(*pairs)).outcome.events
        return event.pairs, len(encode(Record(at=begun.moment.now, event=event)))

    (known, size), (unknown, same) = stored(others), stored(strangers)

    assert size == same
    assert [each == NO_PAIR for each in known] == [False, *[True] * (count - 1)]
    assert unknown == (NO_PAIR,) * count


@pytest.mark.parametrize("who", ["h", "stranger"])
@pytest.mark.parametrize("new", ["", "x"])
def test_nobody_is_offered_twice_in_one_call(begun, who, new):
    """Whether they are on record or not, with one new pseudonym or with two."""
    refused = offer_pairs(both(who), both("other"), both(who, new))
    before = begun.state.revision

    assert field_of(begun, refused) == "pairs"
    assert begun.state.revision == before


@pytest.mark.parametrize("count", [0, 101])
def test_how_many_pairs_there_may_be(begun, count):
    """Some, and not more than fit."""
    pairs = [both(f"p{n}") for n in range(count)]

    assert field_of(begun, offer_pairs(*pairs)) == "pairs"


def test_without_a_changeover_there_are_no_pairs(court):
    """Nor after one."""
    with pytest.raises(ConflictError):
        court.reply(offer_pairs(both("h")))


def test_a_pair_of_one_key_is_none(begun):
    """Its field is named."""
    half = named("h", OLD, field="pairs[0]")

    assert field_of(begun, offer_pairs(half)) == "pairs[0]"


# Progress


def test_numbers_are_for_the_national_unit(begun):
    """Others see none: one that alters with a pair would tell whom they named."""
    for n in range(10):
        begun.reply(record_facts(belongs(named(f"p{n}", OLD))))
    seen = [begun.reply(show_changeover(COORDINATOR))]
    begun.reply(offer_pairs(both("h"), both("p1")))
    counts = begun.reply(show_changeover())
    seen.append(begun.reply(show_changeover(COORDINATOR)))
    enrol(begun, both("h"), both("p2"))
    enrol(begun, both("h", "x"))
    disputed = begun.reply(show_changeover())
    seen.append(begun.reply(show_changeover(COORDINATOR)))

    assert (counts.waiting, counts.halfway, counts.counted) == (11, 2, True)
    assert (disputed.waiting, disputed.disputed) == (9, 1)
    assert seen == [seen[0]] * 3
    assert (seen[0].waiting, seen[0].counted, seen[0].to_key) == (0, False, NEW)


def test_how_many_may_be_left_is_for_the_national_unit(begun):
    """It is about as many as are without a pair."""
    begun.reply(end_changeover(7))
    exact = begun.reply(show_changeover())
    seen = begun.reply(show_changeover(COORDINATOR))

    assert exact.said.left == 7
    assert seen.said == replace(exact.said, left=0)


# Ending


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


def test_a_changeover_from_before_has_nothing_that_could_be_erased(court):
    """Its pairs are of no dossier; giving it up is the end of it, and no more."""
    begun = ChangeoverBegun(from_key=OLD, to_key=NEW)
    court.state.apply(Record(at=court.moment.now, event=begun))
    events = court.decide(end_changeover(give_up=True)).outcome.events

    assert events == (ChangeoverEnded(done=False, left=()),)
