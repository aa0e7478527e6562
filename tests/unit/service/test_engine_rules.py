"""The rules of an engine: out of the log, at every server, from one revision on."""

import time

import pytest
from kit.commands import (
    NATIONAL,
    assess_case,
    attest,
    check,
    open_case,
    record_placements,
)
from kit.commands import placement as placed
from kit.engines import SECONDS, answer, engine_on, entries
from kit.ruled import adopted_elsewhere, adoption, text
from kit.world import NOW, RULESET

from placement.domain.ruleset import parse_ruleset
from placement.domain.terms import MICROS_A_DAY, Verdict
from placement.errors import UnavailableError
from placement.service import fold
from placement.service.worker import Worker
from placement.store.codec import encode
from placement.store.log import Store

NEWER = text(coverage_days=10)
"""A picture is fresh for ten days only."""


def adopt(engine, content=NEWER):
    return [answer(engine, command) for command in adoption(content)][-1]


def assessed(engine, name="h"):
    """Return a case that may ask."""
    case = open_case(name)
    answer(engine, case)
    answer(engine, assess_case(case.handle, caller=NATIONAL))
    return case.handle


def asked(engine, case, area="2480"):
    """Return the ruleset of an answer, and what was answered."""
    reply = answer(engine, check(case, area)).reply
    return reply.ruleset, reply.answers[0].verdict


def test_the_next_question_is_decided_by_it(engine, store, clock):
    """And its entry names it; the approval's own names what was in force."""
    answer(engine, attest(caller=NATIONAL))
    clock.now += 20 * MICROS_A_DAY
    case = assessed(engine)
    before = asked(engine, case)
    adopt(engine)
    after = asked(engine, case)
    newer = parse_ruleset(NEWER, RULESET.table)
    *_, approval, last = entries(store)

    assert before == (RULESET.version, Verdict.CLEAR)
    assert after == ("2026-12-1", Verdict.UNKNOWN)
    assert (approval.action, approval.ruleset) == ("RULESET_APPROVE", RULESET.version)
    assert (last.ruleset, last.rules) == (newer.version, newer.digest)
    assert engine.ruleset.digest == newer.digest


def test_it_holds_within_one_batch(engine):
    """What waits behind the approval is decided by what it approved."""
    case = assessed(engine)
    *before, approval = adoption(NEWER)
    for command in before:
        answer(engine, command)
    with held(engine):
        waiting = [engine.submit(each) for each in (approval, check(case, "2480"))]
    got = waiting[1].result(SECONDS).reply

    assert got.ruleset == "2026-12-1"


class held:  # noqa: N801 (reads as a word)
    """Keeps an engine from taking anything until all of it waits."""

    def __init__(self, engine):
        self._lock = engine._store
        self._engine = engine

    def __enter__(self):
        self._take = self._engine._waiting.take
        self._engine._waiting.take = self._none
        time.sleep(0.05)

    def _none(self, *_):
        time.sleep(0.01)
        return []

    def __exit__(self, *_):
        self._engine._waiting.take = self._take


def test_another_server_follows_at_once(engine, start, url, custody):
    """With whatever it is asked next, without a start."""
    again = Store.open(url, custody)
    other = start(again)
    case = assessed(other)
    adopt(engine)

    assert asked(other, case)[0] == "2026-12-1"
    other.stop()
    again.close()


def test_a_server_that_starts_has_what_was_adopted_last(engine, start, store):
    """From the log, or from a snapshot; not what comes with the program."""
    adopt(engine)
    adopt(engine, text("2026-12-2", coverage_days=11))
    engine.stop()
    first = start(store)
    state, head = fold.load(store)
    first.stop()
    fold.keep(store, state, head)
    second = start(store)

    assert first.ruleset.coverage_days == second.ruleset.coverage_days == 11
    assert state.rulebook.adopted == fold.load(store)[0].rulebook.adopted


@pytest.mark.parametrize("content", [NEWER.replace("format = 4", "format = 5"), "?"])
def test_a_server_that_can_t_read_it_serves_nothing(engine, start, store, content):
    """Neither one that runs, nor one that starts: never by an older one."""
    case = assessed(engine)
    with store.writing() as log:
        log.append([encode(each) for each in adopted_elsewhere(content)], [])
    with pytest.raises(UnavailableError):
        asked(engine, case)
    with pytest.raises(UnavailableError, match=r"phone") as refused:
        start(store)

    assert refused.value.notes[0] == (
        "The ruleset in force has a form that this program does not know."
    )
    assert len(refused.value.notes) == 2


def test_everybody_who_is_placed_is_weighed_again(store, clock):
    """By the engine itself, and once."""
    engine = engine_on(store, clock, worker=Worker())
    engine.start()
    answer(engine, attest(caller=NATIONAL))
    clock.now = NOW + 20 * MICROS_A_DAY
    case = assessed(engine)
    stay = placed(case, "2480")
    answer(engine, record_placements(stay, caller=NATIONAL))
    clock.now += 2_000_000
    settle(store)
    before = fold.load(store)[0].placements[stay.id].verdict
    adopt(engine)
    settle(store)
    after, _ = fold.load(store)
    engine.stop()

    assert (before, after.placements[stay.id].verdict) == (
        Verdict.CLEAR,
        Verdict.UNKNOWN,
    )
    assert after.agenda.rules[-1] == parse_ruleset(NEWER, RULESET.table).digest
    assert "RULESET_SHADOW" in [each.action for each in entries(store)]


def settle(store):
    """Wait until nothing is left to weigh."""
    end = time.monotonic() + SECONDS
    while (state := fold.load(store)[0]) and (
        len(state.agenda) or not state.agenda.day
    ):
        assert time.monotonic() < end
        time.sleep(0.05)
