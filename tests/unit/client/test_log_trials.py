"""Whether the log is the one seen before, and who really cosigned it."""

from dataclasses import replace

import grpc
import pytest
from kit.access_log import AccessLog
from kit.wire import refusal
from placement_client.credentials import Holder
from placement_client.findings import Level
from placement_client.trials import try_calls
from placement_client.trust import LogView, Policy

from placement.api.v1 import log_service_pb2 as wire_log
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey

SIZE = 9
CODE = grpc.StatusCode
OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE
NOT_FOUND = refusal(CODE.NOT_FOUND, "NOT_FOUND")
OTHER_KEY = render_key(Signer("w.test/b", SigningKey(b"b" * 32), time=7).public)


@pytest.fixture
def log():
    return AccessLog(SIZE)


@pytest.fixture
def seen(tmp_path, wire, log, profile):
    """Look at a log; findings by step."""
    serve(wire, log)

    def look(witnesses="", quorum="", role="auditor"):
        policy = Policy.parse(log.log_key, witnesses, quorum)
        view = LogView(tmp_path / "log" / "here.checkpoint", policy)
        changed = replace(profile, custodian_key="")
        found = list(try_calls(changed, Holder(role, "review", "p-01"), view))

        assert all(each.sentence.endswith(".") for each in found)
        assert len({each.step for each in found}) == len(found)
        return {each.step: each for each in found}

    look.view = LogView(
        tmp_path / "log" / "here.checkpoint", Policy.parse(log.log_key, "", "")
    )
    return look


def serve(wire, log, size=SIZE, cosigned=6):
    def newest(request):
        if request.cosignatures > 1:
            return NOT_FOUND
        if request.cosignatures:
            note = log.note(cosigned, cosigned=True)
        else:
            note = log.note(size)
        return wire_log.GetCheckpointResponse(note=note)

    wire.answers |= {
        "GetCheckpoint": newest,
        "ProveConsistency": log.prove_consistency,
    }


def remember(seen, log, size):
    seen.view.path.parent.mkdir(exist_ok=True)
    seen.view.path.write_bytes(log.note(size))


def test_a_log_that_continues_is_well(seen, log):
    """Nothing is kept of the look."""
    first = seen()
    is_kept = seen.view.path.exists()
    remember(seen, log, 4)
    second = seen()

    assert [*first, *second] == ["history", "history"]
    assert first["history"].sentence.startswith("This context has seen nothing")
    assert second["history"].sentence.startswith("The log continues")
    assert {first["history"].level, second["history"].level} == {OK}
    assert not is_kept
    assert seen.view.newest().size == 4


def test_another_history_is_told(seen, wire, log):
    """What was seen is of another log under the same key."""
    fork = AccessLog(SIZE)
    remember(seen, log, 4)
    serve(wire, fork)
    found = seen()["history"]

    assert found.level is FAILURE
    assert found.sentence == (
        "The log shows another history than this context has seen: stop, and phone "
        "the operator and the auditors."
    )


def test_a_log_that_another_key_signed_is_told(seen, wire, log):
    """It is another log."""
    other = wire_log.GetCheckpointResponse(note=log.note(SIZE, origin="else.test/log"))
    wire.answers["GetCheckpoint"] = other
    found = seen()["history"]

    assert found.level is FAILURE
    assert found.sentence.startswith("The pinned key did not sign")


def test_an_empty_log_is_well_only_for_who_has_seen_none(seen, wire, log):
    """Else it was emptied."""
    wire.answers["GetCheckpoint"] = NOT_FOUND
    new = seen()["history"]
    remember(seen, log, 4)
    emptied = seen()["history"]

    assert (new.level, emptied.level) == (OK, FAILURE)
    assert "no entry yet" in new.sentence
    assert "has seen some: stop, and phone" in emptied.sentence


def test_a_damaged_memory_is_told(seen):
    """Nobody could tell a rollback then."""
    seen.view.path.parent.mkdir()
    seen.view.path.write_bytes(b"garbage")
    found = seen()["history"]

    assert found.level is FAILURE
    assert "is damaged" in found.sentence


@pytest.mark.parametrize("method", ["GetCheckpoint", "ProveConsistency"])
def test_a_service_that_condemns_itself_is_told(seen, wire, log, method):
    """It is not called a forger."""
    remember(seen, log, 4)
    wire.answers[method] = refusal(CODE.DATA_LOSS, "TAMPERED", incident="4f6c")
    found = seen()["history"]

    assert found.level is FAILURE
    assert found.sentence == (
        "The service says that its stored data does not verify (incident 4f6c). Stop, "
        "and phone the operator."
    )


def test_a_log_that_does_not_answer_is_told(seen, wire):
    """With what the service said."""
    wire.answers["GetCheckpoint"] = refusal(CODE.UNAVAILABLE, "UNAVAILABLE")
    found = seen()["history"]

    assert found.level is FAILURE
    assert found.sentence.startswith("The log was asked in vain. No verdict")


@pytest.mark.parametrize(
    ("others", "quorum", "level", "end"),
    [
        ("", "1", OK, "of size 6."),
        ("", "0", OK, "of size 6."),
        (OTHER_KEY, "1", OK, "of size 6."),
        (OTHER_KEY, "2", WARNING, "receipts stay pending until they do."),
    ],
)
def test_witnesses_are_counted(  # noqa: PLR0917 (fixtures)
    seen, log, others, quorum, level, end
):
    """Of those pinned, on the newest checkpoint that any has cosigned."""
    found = seen(f"{log.witness_key} {others}", quorum)["witnesses"]
    pinned = 2 if others else 1

    assert found.level is level
    assert found.sentence.startswith(f"1 of {pinned} pinned witnesses cosigned")
    assert found.sentence.endswith(end)


def test_a_log_without_witnesses_is_doubtful(seen, wire, log):
    """They may have come by too seldom, or never."""
    serve(wire, log)
    newest = wire.answers["GetCheckpoint"]
    wire.answers["GetCheckpoint"] = lambda request: (
        NOT_FOUND if request.cosignatures else newest(request)
    )
    found = seen(log.witness_key, "1")["witnesses"]

    assert found.level is WARNING
    assert found.sentence.startswith("No witness has cosigned the log yet")


def test_a_forged_cosignature_is_told(seen, wire, log):
    """One that the pinned key did not make."""
    serve(wire, log)
    newest = wire.answers["GetCheckpoint"]

    def bent(request):
        answer = newest(request)
        if request.cosignatures:
            other = log.note(7, cosigned=True).splitlines()[-1]
            answer.note = log.note(6) + other + b"\n"
        return answer

    wire.answers["GetCheckpoint"] = bent
    found = seen(log.witness_key, "1")["witnesses"]

    assert found.level is FAILURE
    assert found.sentence.startswith("What a pinned witness is said to have signed")


def test_an_operator_asks_for_no_log(seen, wire):
    """They may not."""
    assert seen(role="operator") == {}
    assert wire.requests("GetCheckpoint") == []
