"""A witness outlives every outage; what does not pass by itself ends the run."""

import pytest
from kit.signed_log import SignedLog
from kit.wire import invalid, refusal
from kit.witnessing import CODE, DOWN, NOW, kept, key_at, starting
from placement_client.witness import FIRST_PAUSE, LONGEST_PAUSE, pause

from placement.api.v1 import log_service_pb2 as pb
from placement.errors import (
    AccessDeniedError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)


@pytest.fixture
def log(wire):
    """An honest log of seven leaves."""
    made = SignedLog(7)
    wire.answers |= made.answers()
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "states"


@pytest.fixture
def key(tmp_path):
    return key_at(tmp_path / "w.key")


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def start(profile, folder, log, clock, key):
    """Return what starts a witness; ``elsewhere`` are addresses to try first."""
    with starting(profile, folder, log, clock, key) as start:
        yield start


@pytest.fixture
def witness(start):
    return start()


def watched(witness, rounds, every=2):
    """Let a witness make some rounds; return what it said and how long it waited."""
    said, waits = [], []

    def wait(seconds):
        waits.append(seconds)
        return len(waits) == rounds

    witness.watch(every=every, wait=wait, say=said.append)
    return said, waits


def test_a_service_that_is_down_is_said_once(witness, wire, log):
    """And asked again, until it answers; then it is said that it does."""
    honest = pb.GetCheckpointResponse(note=log.note())
    wire.answers["GetCheckpoint"] = [honest, DOWN, DOWN, DOWN, honest, honest]
    said, waits = watched(witness, 6)

    assert said == [
        "The witness cosigns.",
        "No cosignature (UNAVAILABLE); the witness goes on trying.",
        "The witness cosigns.",
    ]
    assert [waits[0], *waits[4:]] == [2, 2, 2]
    assert all(
        least <= found <= 2 * least
        for least, found in zip((1, 2, 4), waits[1:4], strict=True)
    )


@pytest.mark.parametrize(
    "method", ["GetCheckpoint", "ProveConsistency", "AddCosignature"]
)
def test_a_service_that_condemns_itself_proves_nothing(
    witness, wire, log, folder, method
):
    """That is said loudly, once; it is tried again, and nothing is evidence."""
    witness.round()
    log.grow(2)
    condemned = refusal(CODE.DATA_LOSS, "TAMPERED", incident="4f")
    answer = wire.answers[method]
    left = [condemned] * 3
    wire.answers[method] = lambda asked: (
        left.pop() if left else answer(asked) if callable(answer) else answer
    )
    said, waits = watched(witness, 5)

    loud, then = said

    assert loud == (
        "THE SERVICE SAYS THAT ITS OWN DATA DOES NOT VERIFY. Tell its operator and the "
        "auditors. That proves no second history: the witness goes on trying."
    )
    assert then == "The witness cosigns."
    assert waits[2] > waits[4] == 2
    assert kept(folder) == {}
    assert witness.state.seen.checkpoint() == log.checkpoint(9)


def test_a_single_round_tells_that_a_service_condemns_itself(witness, wire):
    """As an outage, with what that means."""
    wire.answers["GetCheckpoint"] = refusal(CODE.DATA_LOSS, "TAMPERED")
    with pytest.raises(UnavailableError) as caught:
        witness.round()

    assert "ITS OWN DATA DOES NOT VERIFY" in caught.value.notes[0]


def test_a_service_that_is_nowhere_is_found_again(start, wire, log):
    """Each try is over a connection of its own."""
    said, _ = watched(start(elsewhere=["localhost:1", "localhost:1"]), 4)

    assert said == [
        "No cosignature (UNAVAILABLE); the witness goes on trying.",
        "The witness cosigns.",
    ]
    assert [each.size for each in wire.requests("AddCosignature")] == [7, 7]


@pytest.mark.parametrize(
    "method", ["GetCheckpoint", "ProveConsistency", "AddCosignature"]
)
def test_a_call_that_fails_in_the_middle_changes_nothing(witness, wire, log, method):
    """The next round does it again, from what is held."""
    witness.round()
    log.grow(4)
    answer = wire.answers[method]
    wire.answers[method] = DOWN
    with pytest.raises(UnavailableError):
        witness.round()
    wire.answers[method] = answer
    witness.round()

    assert wire.requests("AddCosignature")[-1].size == 11
    assert witness.state.seen.checkpoint() == log.checkpoint(11)


def test_no_checkpoint_yet_is_no_reason_to_end(witness, wire, log):
    """A new log has none; an incident of the service's passes too."""
    wire.answers["GetCheckpoint"] = [
        refusal(CODE.NOT_FOUND, "NOT_FOUND"),
        refusal(CODE.INTERNAL, "INTERNAL", incident="4f"),
        pb.GetCheckpointResponse(note=log.note()),
    ]
    said, _ = watched(witness, 3)

    assert said == [
        "No cosignature (NOT_FOUND); the witness goes on trying.",
        "No cosignature (INTERNAL); the witness goes on trying.",
        "The witness cosigns.",
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED"), AccessDeniedError),
        (invalid(("note", "has no cosignature of a known witness")), InvalidInputError),
    ],
)
def test_what_does_not_pass_ends_the_run(witness, wire, answer, error):
    """Somebody has to do something about it."""
    wire.answers["AddCosignature"] = answer
    with pytest.raises(error):
        watched(witness, 2)


def test_a_certificate_that_cant_be_read_ends_the_run(start):
    """No session was opened, so none is closed."""
    witness = start()

    def broken():
        raise InvalidInputError("certificate", "can't be read as a file")

    witness._connect = broken
    with pytest.raises(InvalidInputError):
        watched(witness, 2)
    witness.close()

    assert witness.state.note == b""


def test_a_single_round_tells_what_went_wrong(witness, wire):
    """Nobody waits there."""
    wire.answers["GetCheckpoint"] = refusal(CODE.NOT_FOUND, "NOT_FOUND")
    with pytest.raises(NotFoundError):
        witness.round()


@pytest.mark.parametrize("every", [0, 0.1, 5, 600])
def test_pauses_grow_to_a_bound(every):
    """Twice as long each time, shortened by up to half; never less than asked for."""
    assert pause(every, 0) == every
    least = max(every, FIRST_PAUSE)
    longest = max(every, LONGEST_PAUSE)
    for failures in (1, 2, 3, 5, 8, 20, 5_000):
        wanted = min(least * 2 ** min(failures - 1, 99), longest)
        found = {pause(every, failures) for _ in range(50)}

        assert all(wanted / 2 <= each <= wanted for each in found)
        assert len(found) > 1
