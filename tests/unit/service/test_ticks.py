"""A tick is filled up, so that little that happened looks like nothing."""

from dataclasses import replace
from functools import partial
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import list_changes, open_case
from kit.engines import (
    SECONDS,
    SIGNER,
    VERIFIER,
    answer,
    checkpoints,
    engine_on,
    entries,
)

from placement.domain.state import State
from placement.service import engine as engine_module
from placement.service.ticks import (
    LEAST,
    LEAST_NOTES,
    PIECE,
    Step,
    Ticks,
    _pieces,
)
from placement.store import fsck
from placement.store.filled import COARSE, PARTS, bucket, filled
from placement.store.head import Head
from placement.store.log import Store

TICK = 60_000_000
counts = st.integers(min_value=0, max_value=300)


@pytest.fixture
def open_engine(store, clock, monkeypatch):
    """Return an engine with ticks; nothing but its clock ends one."""
    monkeypatch.setattr(engine_module, "PUBLISH_EVERY", 3_600_000_000)
    engine = engine_on(store, clock, ticks=Ticks(TICK))
    engine.start()
    yield engine
    engine.stop()


def turn(engine, clock):
    """Let a tick pass, and wait until it is filled."""
    clock.now += TICK
    engine._waiting.wake()
    answer(engine, list_changes())


@pytest.mark.slow
def test_filling_much_is_never_silent_for_long(store, monkeypatch):
    """Nobody holds the head through all of it without a word to the database."""
    words, move = [], store.row.move

    def moved(connection, before, after, *given, **how):
        words.append((after.revision - before.revision, after.leaves - before.leaves))
        move(connection, before, after, *given, **how)

    monkeypatch.setattr(store.row, "move", moved)
    engine = engine_on(store, lambda: 1)
    ticks = Ticks(TICK)
    monkeypatch.setattr(ticks, "plan", lambda _: [Step(4000, 2), Step(94, 4092)])
    with store.writing() as log:
        ticks.fill(log, SIGNER, partial(engine._begun, State()))

    head = fsck.verify(store, VERIFIER)
    assert (head.revision, head.leaves) == (4094, 4094)
    assert max(max(each) for each in words) <= 3 * PIECE


def sizes(store):
    return [each.size for each in checkpoints(store)]


def planned(events, leaves, asked):
    """Plan a tick in which so much was written, and so many checkpoints signed."""
    ticks = Ticks(TICK)
    ticks.begin(Head.GENESIS, 0)
    for _ in range(asked):
        ticks.noted(replace(Head.GENESIS, leaves=1))
    return ticks.plan(replace(Head.GENESIS, revision=events, leaves=leaves))


def test_whatever_was_written_can_be_filled_up():
    """Also when what was signed had been written before: a server ended in between."""
    short = [
        given
        for given in product(range(10), repeat=3)
        if given[2] + len(planned(*given)) != bucket(given[2] + 1, LEAST_NOTES)
    ]

    assert short == []


@given(counts, counts, st.integers(min_value=0, max_value=9))
def test_a_tick_has_powers_of_two(events, leaves, asked):
    """Of events, entries and checkpoints; each checkpoint has something to sign."""
    steps = planned(events, leaves, asked)
    filled = events + sum(step.events for step in steps)
    entered = leaves + sum(step.leaves for step in steps)

    assert (filled.bit_count(), entered.bit_count()) == (1, 1)
    assert LEAST <= filled < max(2 * events, LEAST + 1)
    assert LEAST <= entered <= max(2 * (leaves + len(steps)), LEAST)
    assert all(step.leaves >= 1 for step in steps)
    assert (asked + len(steps)).bit_count() == 1
    assert asked + len(steps) >= LEAST_NOTES


@given(st.integers(min_value=COARSE + 1, max_value=10**6))
def test_many_take_a_sixteenth_at_most(count):
    """And a range between two powers of two has sixteen such numbers."""
    full = filled(count, LEAST)
    between = 1 << (full - 1).bit_length() - 1

    assert count <= full <= count + between / PARTS
    assert full % (between // PARTS) == 0
    assert filled(full, LEAST) == full


@given(counts, counts, st.integers(min_value=1000, max_value=10**5))
def test_a_busy_tick_is_filled_up_to_what_others_may_have(events, leaves, many):
    """However its records are split into those with a checkpoint behind each."""
    steps = planned(many + events, many + leaves, 2)
    told = many + events + sum(step.events for step in steps)
    entered = many + leaves + sum(step.leaves for step in steps)

    assert (told, entered) == (filled(told, LEAST), filled(entered, LEAST))


def leaves_of(ticks, head):
    return {tuple(step.leaves for step in ticks.plan(head)) for _ in range(99)}


def test_nothing_looks_as_if_something_had_come_alone():
    """The first entry has a checkpoint of its own."""
    ticks = Ticks(TICK)
    ticks.begin(Head.GENESIS, 0)

    assert leaves_of(ticks, Head.GENESIS) == {(1, 3)}


def test_where_further_checkpoints_stand_is_drawn():
    """Where more were signed than the first and the last."""
    ticks = Ticks(TICK)
    ticks.begin(Head.GENESIS, 0)
    heads = [replace(Head.GENESIS, leaves=each) for each in (1, 4)]
    for head in heads:
        ticks.noted(head)

    assert leaves_of(ticks, heads[1]) == {(1, 3), (2, 2), (3, 1)}


def test_the_first_of_a_tick_is_signed():
    """And what comes behind it is not."""
    ticks = Ticks(TICK)
    ticks.begin(Head.GENESIS, 0)
    first, second = (replace(Head.GENESIS, leaves=each) for each in (1, 2))
    empty, signs = ticks.signs(Head.GENESIS), ticks.signs(first)
    ticks.noted(first)

    assert (empty, signs, ticks.signs(second)) == (False, True, False)


def test_a_checkpoint_that_was_there_is_not_counted():
    """Whoever asks for one again makes none."""
    ticks = Ticks(TICK)
    ticks.begin(Head.GENESIS, 0)
    ticks.noted(Head.GENESIS)

    assert len(ticks.plan(Head.GENESIS)) == LEAST_NOTES


@given(st.integers(0, 40_000), st.integers(1, 40_000))
def test_a_long_step_is_cut_into_pieces(events, leaves):
    """Nothing is lost of it; each has an entry, and is short where there are enough."""
    pieces = list(_pieces(Step(events, leaves)))
    most = max(max(each) for each in pieces)

    assert tuple(map(sum, zip(*pieces, strict=True))) == (events, leaves)
    assert min(entries for _, entries in pieces) >= 1
    assert most <= PIECE or len(pieces) == leaves


@pytest.mark.parametrize(("now", "over"), [(59, False), (60, True), (-1, True)])
def test_a_tick_ends_with_the_grid(now, over):
    """Or when the clock is set back."""
    ticks = Ticks(TICK)
    ticks.begin(Head.GENESIS, 5)

    assert ticks.over(now * 1_000_000) is over


def test_a_bucket_is_never_less_than_it_holds():
    """And a power of two."""
    assert [bucket(count, 1) for count in (0, 1, 2, 3, 5)] == [1, 1, 2, 4, 8]


@pytest.mark.parametrize("asked", [0, 1, 3])
def test_a_quiet_tick_looks_like_one_in_which_little_happened(
    open_engine, store, clock, asked
):
    """As many events, entries and checkpoints."""
    for number in range(asked):
        answer(open_engine, open_case(f"h{number}"))
    turn(open_engine, clock)
    head = store.read_head()

    # The one who waited asked behind it, or brought it.
    assert head.revision == LEAST
    assert head.leaves - LEAST in (0, 1) or head.leaves == 2 * LEAST
    behind = head.leaves == LEAST + 1  # the first of the next tick, signed at once
    assert len(sizes(store)) - LEAST_NOTES in (0, int(behind))


def test_auditors_see_what_it_is(open_engine, store, clock):
    """Entries of the service, with an action of their own; all verify."""
    turn(open_engine, clock)
    open_engine.stop()
    idle = [each for each in entries(store) if each.action == "IDLE"]

    assert len(idle) >= LEAST
    assert {(each.role, each.person) for each in idle} == {("service", "service-0")}
    assert sizes(store)[-1] == store.read_head().leaves


def test_between_ticks_nothing_is_signed_unless_asked_for(open_engine, store, clock):
    """What somebody asks for is counted."""
    for name in "hij":
        answer(open_engine, open_case(name))
    before = sizes(store)
    open_engine.publish().result(SECONDS)
    asked = sizes(store)
    turn(open_engine, clock)

    assert (before, asked) == ([1], [1, 3])
    assert len(sizes(store)) in (4, 5)


def test_the_last_tick_is_filled_at_a_stop(open_engine, store):
    """So that nobody sees in the database how much came after it."""
    answer(open_engine, open_case("h"))
    open_engine.stop()
    head = store.read_head()

    assert (head.revision, head.leaves) == (LEAST, LEAST)
    assert sizes(store)[-1] == head.leaves


def test_a_tick_is_tidied_up(open_engine, store, clock, url, monkeypatch):
    """Of the keys that were made, too; the journal shows no transactions any more."""
    tidied = []
    monkeypatch.setattr(Store, "tidy", lambda self, least: tidied.append(least))
    turn(open_engine, clock)

    assert tidied == [LEAST]


def test_a_fill_that_fails_refuses_all_of_it(open_engine, store, clock, monkeypatch):
    """Nothing of a transaction is kept without the rest; the next one fills."""
    ticks = open_engine._publishing._ticks
    fill, failed = ticks.fill, []

    def once(*given):
        if not failed:
            failed.append(1)
            raise ZeroDivisionError
        fill(*given)

    monkeypatch.setattr(ticks, "fill", once)
    clock.now += TICK
    refused = open_engine.submit(open_case("h")).exception(SECONDS)
    turn(open_engine, clock)

    assert refused is not None
    assert store.read_head().revision == LEAST
    assert SIGNER.name == checkpoints(store)[0].origin
