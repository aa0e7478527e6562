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
    enrol,
    finish,
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
from placement.domain.events import Record
from placement.domain.terms import MICROS_AN_HOUR, Verdict
from placement.errors import AccessDeniedError, ConflictError, InvalidInputError
from placement.store.codec import encode


@pytest.fixture
def court():
    return town()


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


def test_a_changeover_from_before_has_nothing_that_could_be_erased(court):
    """Its pairs are of no dossier; giving it up is the end of it, and no more."""
    begun = ChangeoverBegun(from_key=OLD, to_key=NEW)
    court.state.apply(Record(at=court.moment.now, event=begun))
    events = court.decide(end_changeover(give_up=True)).outcome.events

    assert events == (ChangeoverEnded(done=False, left=()),)


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
