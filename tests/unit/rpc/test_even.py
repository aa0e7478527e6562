"""Even answers: what is one length, and when it leaves."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from google.protobuf import descriptor_pool
from kit.gate import Context, Gate
from kit.town import PATHS

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.refusal_pb2 import Envelope
from placement.errors import InvalidInputError, NotFoundError
from placement.rpc import even
from placement.rpc.even import (
    LIST_SIZE,
    LOG_SIZE,
    MOST,
    SIZE,
    SIZES,
    WINDOW,
    Pace,
    padded,
)
from placement.rpc.methods import METHODS
from placement.rpc.status import response_of

CHECK = SIZES[PATHS["CheckPlacement"]]
STEP = 0.05  # seconds


@pytest.mark.parametrize("path", METHODS)
def test_every_response_can_refuse_and_be_filled_up(path):
    """With the same fields under the same numbers, so that the door fills any of them."""
    service, _, method = path[1:].partition("/")
    pool = descriptor_pool.Default()
    response = pool.FindServiceByName(service).FindMethodByName(method).output_type
    common = {
        (field.number, field.type, field.message_type)
        for field in Envelope.DESCRIPTOR.fields
    }

    assert common <= {
        (field.number, field.type, field.message_type) for field in response.fields
    }


def test_every_method_has_a_size():
    """Of which the longest message that the transport lets through is a multiple."""
    assert set(SIZES) == set(METHODS)
    assert {256 * 1024 % size for size in SIZES.values()} == {0}


def test_what_is_listed_is_a_method():
    """A name that is none would leave a method with another size."""
    names = {path.rpartition("/")[2] for path in METHODS}

    assert names >= even._LISTS | even._LOGS
    assert {SIZES[PATHS[name]] for name in even._LISTS} == {LIST_SIZE}
    assert {SIZES[PATHS[name]] for name in even._LOGS} == {LOG_SIZE}


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, 1), (1, 1), (100, 1), (127, 1), (SIZE - 6, 1), (SIZE - 5, 1), (SIZE - 4, 2)],
)
def test_a_response_is_filled_up(length, expected):
    """To the next multiple of the size, whatever is missing."""
    got = padded(bytes(length), SIZE)

    assert len(got) == expected * SIZE


@pytest.mark.parametrize("rest", [0, 1, 127, 128, 129, 16_383, 16_384, 60_000])
def test_what_is_filled_up_says_the_same(rest):
    """Any rest can be filled, and is read as zeros in a field of their own."""
    content = check.ShowCaseResponse(reference="SN 1").SerializeToString()
    got = check.ShowCaseResponse.FromString(padded(content, len(content) + 5 + rest))

    assert got == check.ShowCaseResponse(reference="SN 1", padding=bytes(rest))


def test_the_longest_answer_of_a_check_has_one_size():
    """As have its refusals: nothing that a verdict rests on makes it longer."""
    verdict = check.CandidateVerdict(
        verdict=wire.VERDICT_CONFLICT,
        decision_id=b"1" * 16,
        valid_until=2**63,
        hold_id=b"1" * 16,
        hold_expires_at=2**63,
    )
    longest = check.CheckPlacementResponse(
        verdicts=[verdict] * 5,
        revision=2**63,
        ruleset="x" * 64,
        decided_at=2**63,
        contact="x" * 1000,
        leaf_index=2**63,
        ahead_days=2**31,
    ).SerializeToString()
    refusal = response_of(InvalidInputError("x" * 80, *["x" * 200] * 5))

    assert {len(padded(each, CHECK)) for each in (longest, refusal)} == {CHECK}


@pytest.fixture
def waited(monkeypatch):
    """Return how many points calls waited for, by how many steps their work took."""

    def wait(pace, *took, method="a", counts=True):
        points = []
        for steps in took:

            async def sleep(seconds, steps=steps):
                points.append(round(steps + seconds / STEP, 6))

            clock = SimpleNamespace(time=lambda steps=steps: 100.0 + steps * STEP)
            faked = SimpleNamespace(get_running_loop=lambda c=clock: c, sleep=sleep)
            monkeypatch.setattr(even, "asyncio", faked)
            asyncio.run(pace.keep(100.0, method, counts=counts))
        return points

    return wait


@pytest.mark.parametrize(
    ("took", "point"),
    [(0.0, 1), (0.8, 1), (1.0, 1), (1.2, 2), (2.0, 2), (29.6, 30)],
)
def test_an_answer_waits_for_the_next_point(waited, took, point):
    """The first is a step after the call came in; work that takes longer, for a later."""
    assert waited(Pace(STEP), took) == [point]


def test_a_point_that_was_missed_is_the_first_for_a_while(waited):
    """Two windows of calls later nobody waits for it any more."""
    found = waited(Pace(STEP), *[2.5] * 3, *[0.5] * (2 * WINDOW))

    assert found == [3] * 2 * WINDOW + [1] * 3


@pytest.mark.parametrize(("late", "point"), [(1, 1), (2, 3)])
def test_of_a_thousand_one_may_be_late(waited, late, point):
    """It leaves when it is ready; the others don't wait for such a one."""
    pace = Pace(STEP)
    waited(pace, *[0.5] * (WINDOW - 1))
    found = waited(pace, *[2.5] * late, 0.5)

    assert found == [*[3] * late, point]


def test_nobody_waits_for_what_is_very_late(waited):
    """A stall of the machine holds up no later answer for longer than some points."""
    assert waited(Pace(STEP), 30.0, 0.5) == [30, MOST]


def test_each_method_has_a_pace_of_its_own(waited):
    """A long report makes no check wait."""
    pace = Pace(STEP)

    assert waited(pace, 4.5, method="a") == [5]
    assert waited(pace, 0.5, method="b") == [1]


@pytest.mark.slow
def test_what_nothing_was_done_for_does_not_count(waited):
    """It leaves as late as the others; many of it don't let these go earlier."""
    pace = Pace(STEP)
    waited(pace, *[2.5] * 3)
    refused = waited(pace, *[0.5] * (2 * WINDOW), counts=False)

    assert refused == [3] * 2 * WINDOW
    assert waited(pace, 0.5) == [3]


def test_without_a_grid_nothing_waits(monkeypatch):
    """Not even for other tasks."""
    monkeypatch.setattr(even.asyncio, "sleep", None)

    assert asyncio.run(Pace().keep(0.0, "")) is None


@pytest.mark.parametrize("serve", [None, NotFoundError(), ValueError()])
def test_whatever_it_is_leaves_on_the_grid(serve):
    """An answer, a refusal and what nobody foresaw; all in one size."""
    gate, context = Gate(serve=serve, pace=Pace(STEP)), Context()
    began = time.monotonic()
    gate.attempt(context=context)
    took = time.monotonic() - began

    assert took >= STEP * 0.9
    assert context.sizes == [SIZE]


def test_a_call_that_is_given_up_waits_for_nothing():
    """Its task ends at once, and holds nothing."""
    gate = Gate(pace=Pace(60.0))

    async def run():
        guarded = await gate.guarded(PATHS["ShowCase"], gate.handler())
        task = asyncio.ensure_future(guarded.unary_unary(b"", Context()))
        await asyncio.sleep(0.01)
        is_waiting = not task.done()
        task.cancel()
        (got,) = await asyncio.gather(task, return_exceptions=True)
        return is_waiting, type(got)

    assert asyncio.run(run()) == (True, asyncio.CancelledError)
