"""What a municipality holds and has placed: sent as given, answered for now."""

import grpc
import pytest
from kit.held import CONTACT, HOLD, PLACED, answer
from kit.receipted import HOURS_72, NOON, REVISION, RULESET
from kit.wire import RefusalError
from placement_client.holds import CONFIRM, MOVE, MOVE_IN, Decided

from placement.api.v1 import placement_service_pb2 as wire_form
from placement.errors import TamperedError

UNAVAILABLE = RefusalError(grpc.StatusCode.UNAVAILABLE)
TOLD = {"ruleset": RULESET, "contact": CONTACT, "leaf_index": 4}

DECIDING = {
    "ConfirmHold": (
        lambda holds: holds.confirm(HOLD),
        wire_form.ConfirmHoldRequest(hold_id=HOLD),
        wire_form.ConfirmHoldResponse,
        (CONFIRM, (HOLD,)),
    ),
    "MoveIn": (
        lambda holds: holds.move_in(PLACED),
        wire_form.MoveInRequest(placement_id=PLACED),
        lambda **given: wire_form.MoveInResponse(moved_in=True, **given),
        (MOVE_IN, (PLACED,)),
    ),
    "MovePlacement": (
        lambda holds: holds.move(PLACED, HOLD),
        wire_form.MovePlacementRequest(placement_id=PLACED, hold_id=HOLD),
        wire_form.MovePlacementResponse,
        (MOVE, (PLACED, HOLD)),
    ),
}


@pytest.mark.parametrize("method", DECIDING)
def test_what_is_decided_comes_with_all_that_its_entry_says(wire, session, method):
    """The request is what was asked, under an id that the outcome names."""
    call, asked, response, (action, objects) = DECIDING[method]
    wire.answers[method] = response(answer=answer(), **TOLD)
    got = call(session.holds)
    ((name, request),) = wire.seen
    request_id, request.request_id = request.request_id, b""

    assert (name, request) == (method, asked)
    assert len(request_id) == 16
    assert got == Decided(
        action=action,
        request=request_id,
        objects=objects,
        answer=answer(),
        ruleset=RULESET,
        contact=CONTACT,
        leaf=4,
        done=True,
    )
    assert session.min_revision == REVISION


@pytest.mark.parametrize("method", DECIDING)
def test_a_retry_has_the_same_id(wire, session, method):
    """A timeout never makes a second of anything."""
    call, _, response, _ = DECIDING[method]
    wire.answers[method] = [UNAVAILABLE, response(answer=answer(), **TOLD)]
    got = call(session.holds)

    assert [each.request_id for each in wire.requests(method)] == [got.request] * 2


@pytest.mark.parametrize("method", DECIDING)
@pytest.mark.parametrize(
    ("word", "state", "done"),
    [
        ("CLEAR", "ACTIVE", True),
        ("CONFLICT", "ACTIVE", True),
        ("REVIEW", "HELD", False),
        ("CLEAR", "ENDED", False),
        ("CLEAR", "ABORTED", False),
    ],
)
def test_the_state_says_what_was_done(  # noqa: PLR0917 (parameters)
    wire, session, method, word, state, done
):
    """And never the verdict."""
    call, _, response, _ = DECIDING[method]
    wire.answers[method] = response(answer=answer(word, state), **TOLD)

    assert call(session.holds).done is done


def test_a_placement_that_nobody_moved_into_is_no_move_in(wire, session):
    """It was ACTIVE before, too."""
    wire.answers["MoveIn"] = wire_form.MoveInResponse(answer=answer("REVIEW"), **TOLD)

    assert session.holds.move_in(PLACED).done is False


def test_an_answer_without_an_entry_names_none(wire, session):
    """Zero would be the first of all."""
    wire.answers["ConfirmHold"] = wire_form.ConfirmHoldResponse(answer=answer())

    assert session.holds.confirm(HOLD).leaf is None


@pytest.mark.parametrize("method", DECIDING)
@pytest.mark.parametrize(
    "bad",
    [
        wire_form.PlacementAnswer(),
        wire_form.PlacementAnswer(state=9, verdict=answer().verdict, decided_at=NOON),
        wire_form.PlacementAnswer(state=2, verdict=answer().verdict, decided_at=1),
    ],
    ids=["empty", "an unknown state", "of another time"],
)
def test_an_answer_that_none_can_be_is_refused(wire, session, method, bad):
    """As with a check; the session rests on nothing of it."""
    call, _, response, _ = DECIDING[method]
    wire.answers[method] = response(answer=bad)
    with pytest.raises(TamperedError):
        call(session.holds)

    assert session.min_revision == 0


WRITES = [
    (
        lambda holds: holds.extend(HOLD),
        wire_form.ExtendHoldRequest(hold_id=HOLD),
        wire_form.ExtendHoldResponse(revision=9, expires_at=NOON + HOURS_72),
    ),
    (
        lambda holds: holds.release(HOLD),
        wire_form.ReleaseHoldRequest(hold_id=HOLD),
        wire_form.ReleaseHoldResponse(revision=9),
    ),
    (
        lambda holds: holds.end(PLACED, 20_000),
        wire_form.EndPlacementRequest(placement_id=PLACED, valid_to_day=20_000),
        wire_form.EndPlacementResponse(revision=9),
    ),
    (
        lambda holds: holds.abort(PLACED),
        wire_form.AbortPlacementRequest(placement_id=PLACED),
        wire_form.AbortPlacementResponse(revision=9),
    ),
]


@pytest.mark.parametrize(
    ("call", "request_", "response"), WRITES, ids=["extend", "release", "end", "abort"]
)
def test_a_write_sends_what_it_was_given(wire, session, call, request_, response):
    """The request is what was asked, with an id; its revision is remembered."""
    name = type(request_).__name__.removesuffix("Request")
    wire.answers[name] = response
    got = call(session.holds)
    ((method, sent),) = wire.seen
    request_id, sent.request_id = sent.request_id, b""

    assert got == response
    assert (method, sent) == (name, request_)
    assert len(request_id) == 16
    assert session.min_revision == 9
