"""A checkpoint of everything that is durable, at least every second, and never two."""

import time
from dataclasses import replace
from itertools import pairwise
from threading import Thread

import pytest
from kit.commands import MOMENT, open_case, show_case
from kit.engines import (
    SECONDS,
    SIGNER,
    answer,
    checkpoints,
    engine_on,
    entries,
    tamper,
)
from kit.stored import leaf
from kit.world import NOW

from placement.audit.checkpoint import require_follows
from placement.audit.note import Signer
from placement.crypto.signing import SigningKey
from placement.domain.terms import MICROS_A_DAY
from placement.errors import (
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.service import engine as engine_module
from placement.service.entries import Refused, Scribe
from placement.store.ledger import Ledger
from placement.store.log import Store

EVERY = 3_600_000_000  # what a second is to the engines of most of these tests
NOTHING = show_case(bytes(16))


def sizes(store):
    return [checkpoint.size for checkpoint in checkpoints(store)]


def refuse(engine, count=1):
    """Write entries without an event."""
    for _ in range(count):
        with pytest.raises(NotFoundError):
            answer(engine, NOTHING)


def wait_until(done):
    """Wait for what the engine does by itself; return how many seconds it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < SECONDS
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def other(start, engine, url, custody):
    """Another engine on the same database."""
    again = Store.open(url, custody)
    started = start(again)
    yield started
    started.stop()
    again.close()


# While commits come


def test_the_first_commit_is_signed_at_once(engine, store):
    """Together with it: whoever has the answer finds its checkpoint."""
    answer(engine, open_case("h"))

    assert sizes(store) == [1]


def test_then_each_second_of_the_clock(engine, store, clock):
    """Not with every commit; an entry waits for its checkpoint no longer than that."""
    for after in (0, 1, EVERY - 1, EVERY, EVERY + 1, 2 * EVERY, 5 * EVERY):
        clock.now = NOW + after
        refuse(engine)

    assert sizes(store) == [1, 4, 6, 7]


def test_a_clock_set_back_delays_none(engine, store, clock):
    """Times stand still until it has caught up, but checkpoints go on."""
    for now in (NOW, NOW - MICROS_A_DAY, NOW - MICROS_A_DAY + EVERY):
        clock.now = now
        refuse(engine)

    assert sizes(store) == [1, 2, 3]
    assert {entry.at for entry in entries(store)} == {NOW}


def test_another_servers_clock_delays_none(engine, store, clock):
    """Nor does a server whose clock is a day ahead, and that wrote but once."""
    refuse(engine)
    ahead = NOW + MICROS_A_DAY
    refused = Refused(NOTHING.action, NotFoundError(), None)
    moment = replace(MOMENT, now=ahead)
    with store.writing() as log:
        log.append([], [Scribe(store.ring).leaf_of_refused(refused, moment, 0)])
    for after in (1, EVERY, 2 * EVERY):
        clock.now = NOW + after
        refuse(engine)

    assert sizes(store) == [1, 4, 5]
    assert [entry.at for entry in entries(store)] == [NOW, *[ahead] * 4]


# When nothing comes


class TestByItself:
    """What the engine does in a second in which nothing comes."""

    @pytest.fixture
    def publish_every(self):
        """A second is a second."""

    def test_the_last_commit_is_signed_soon(self, engine, store):
        """A second after it, though nobody asks for anything."""
        refuse(engine, 3)
        waited = wait_until(lambda: store.read_head().published == 3)

        assert waited < 5
        assert sizes(store) == [1, 3]

    def test_whoever_wakes_it_does_not_delay_it_for_ever(self, engine, store, clock):
        """Though there is no quiet second."""
        refuse(engine, 3)

        def woken():
            engine._waiting.nudge()
            clock.now += EVERY
            return store.read_head().published == 3

        wait_until(woken)

        assert sizes(store) == [1, 3]

    @pytest.mark.slow
    def test_nothing_is_signed_twice(self, engine, faulty, store):
        """Where nothing is new there isn't even a transaction."""
        refuse(engine, 2)
        wait_until(lambda: store.read_head().published == 2)
        faulty.entered.clear()
        time.sleep(1.3)

        assert not faulty.entered.is_set()
        assert sizes(store) == [1, 2]

    def test_what_a_killed_server_left_is_signed(self, start, store):
        """Entries without a checkpoint get theirs once a server is up again."""
        with store.writing() as log:
            log.append([], [leaf(b"one"), leaf(b"two")])
        start(store)
        wait_until(lambda: store.read_head().published)

        assert sizes(store) == [2]

    def test_a_head_that_does_not_verify_is_noticed(self, engine, url):
        """Though nobody asks for anything."""
        refuse(engine)
        tamper(url, "UPDATE head SET leaves = leaves + 1")
        wait_until(lambda: not engine.serving)
        with pytest.raises(TamperedError):
            engine.publish()

    @pytest.mark.slow
    def test_a_database_that_is_away_costs_nothing(
        self, engine, faulty, store, monkeypatch
    ):
        """What could not be looked at is signed later; the state is not folded anew."""
        case = open_case("h")
        answer(engine, case)
        refuse(engine)
        asked = []

        def away(**_):
            asked.append(True)
            raise UnavailableError

        with monkeypatch.context() as patched:
            patched.setattr(faulty, "read_head", away, raising=False)
            wait_until(lambda: asked)
            patched.setattr(engine_module, "load", None)
            shown = answer(engine, show_case(case.handle))
        wait_until(lambda: store.read_head().published == 3)

        assert shown.revision == 1
        assert engine.serving


# When asked


def test_asked_for_it_comes_at_once(engine, store):
    """In a commit of its own, and only if something is new."""
    refuse(engine, 3)
    for _ in range(2):
        engine.publish().result(SECONDS)

    assert sizes(store) == [1, 3]


def test_asked_for_among_commands_it_vouches_for_all_of_them(engine, faulty, store):
    """One commit, one checkpoint; it leaves no entry of its own."""
    refuse(engine, 2)
    faulty.entered.clear()
    faulty.passed.clear()
    held = engine.submit(NOTHING)
    assert faulty.entered.wait(SECONDS)
    futures = [
        engine.submit(open_case("h")),
        engine.publish(),
        engine.submit(open_case("i")),
    ]
    faulty.passed.set()
    leaves = [future.result(SECONDS).leaf for future in futures]

    assert isinstance(held.exception(SECONDS), NotFoundError)
    assert leaves == [3, 4, 4]
    assert sizes(store) == [1, 5]


def test_a_condemned_engine_signs_nothing(engine, store):
    """Neither when asked, nor with what waited."""
    refuse(engine, 2)
    engine.condemn()
    with pytest.raises(TamperedError):
        engine.publish()
    engine.stop()

    assert sizes(store) == [1]


def test_a_stopped_engine_leaves_nothing_unsigned(engine, store):
    """What was committed last has its checkpoint; afterwards nobody can ask."""
    refuse(engine, 2)
    engine.stop()
    with pytest.raises(UnavailableError):
        engine.publish()

    assert sizes(store) == [1, 2]


# When a commit fails


@pytest.mark.parametrize(
    ("cue", "expected"), [("before", []), ("in", []), ("commit", []), ("after", [1])]
)
def test_a_failing_commit_leaves_no_checkpoint(engine, faulty, store, cue, expected):
    """Nor a second one of a size; the next commit is signed at once."""
    faulty.fail(cue)
    with pytest.raises(PlacementError):
        answer(engine, NOTHING)
    left = sizes(store)
    refuse(engine)

    assert left == expected
    assert sizes(store) == [*expected, len(expected) + 1]


def test_a_checkpoint_that_fails_is_signed_with_the_next(engine, faulty, store):
    """Asked for in vain, it is an error for who asked, and no loss."""
    refuse(engine, 2)
    faulty.fail("commit")
    with pytest.raises(UnavailableError):
        engine.publish().result(SECONDS)
    engine.publish().result(SECONDS)

    assert sizes(store) == [1, 2]


# Several engines


def test_two_engines_never_fork(engine, other, store):
    """Whoever signs, each checkpoint contains the one before it."""

    def work(one):
        for number in range(40):
            one.submit(open_case(f"h{number}")).result(SECONDS)
            if number % 3 == 0:
                one.publish().result(SECONDS)

    threads = [Thread(target=work, args=(one,)) for one in (engine, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = checkpoints(store)
    ledger = Ledger(store)

    assert len(found) >= 14
    for old, new in pairwise(found):
        require_follows(old, new, ledger.consistency(old.size, new.size))


def test_two_engines_sign_a_size_once(engine, other, store):
    """What one has signed is nothing new to the other."""
    refuse(engine, 2)
    for one in (engine, other, engine):
        one.publish().result(SECONDS)

    assert sizes(store) == [1, 2]


def test_times_never_go_back_between_engines(start, store, url, custody, clock):
    """Their clocks are an hour apart; the log's is the later one."""
    again = Store.open(url, custody)
    engines = (start(store), start(again, lambda: NOW + EVERY))
    for number in range(6):
        refuse(engines[number % 2])
        clock.now += 1
    clock.now = NOW + EVERY + 7
    refuse(engines[0])
    engines[1].stop()
    again.close()

    assert [entry.at - NOW for entry in entries(store)] == [
        0,
        *[EVERY] * 5,
        EVERY + 7,
    ]


# What an engine starts on


@pytest.fixture
def grown(store):
    """A store with a node of 256 leaves and a checkpoint."""
    with store.writing() as log:
        log.append([], [leaf(b"%d" % number) for number in range(300)])
        log.publish(SIGNER)
    return store


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ('UPDATE leaf SET hash = zeroblob(32) WHERE "index" = 299', "leaf 299"),
        ('UPDATE leaf SET hash = zeroblob(32) WHERE "index" = 3', "leaf 3"),
        ("UPDATE node SET hash = zeroblob(32)", "node 8/0"),
        ("DELETE FROM node", "node 8/0"),
        ("UPDATE node SET level = 16", "node 8/0"),
        ("UPDATE checkpoint SET size = 299", "checkpoint 299"),
        ("UPDATE checkpoint SET note = zeroblob(200)", "checkpoint 300"),
        ("DELETE FROM checkpoint", "checkpoint 300"),
        ("DELETE FROM head", "head"),
    ],
)
def test_an_altered_tree_is_never_served(grown, url, clock, statement, where):
    """Leaves, nodes and checkpoints are verified first; the place is named."""
    tamper(url, statement)
    engine = engine_on(grown, clock)
    with pytest.raises(TamperedError) as refused:
        engine.start()
    engine.stop()

    assert refused.value.where == where
    assert not engine.serving


@pytest.mark.parametrize(
    "signer",
    [
        Signer(SIGNER.name, SigningKey(bytes([2]) * 32)),
        Signer("placement.test/other", SigningKey(bytes([1]) * 32)),
    ],
    ids=["key", "origin"],
)
def test_a_log_of_another_name_or_key_is_never_served(grown, clock, signer):
    """Its own checkpoints would contradict those that are published."""
    engine = engine_on(grown, clock, signer)
    with pytest.raises(TamperedError) as refused:
        engine.start()
    engine.stop()

    assert refused.value.where == "checkpoint 300"
