"""Round after round: what grows is kept and cosigned, what does not ends the run."""

from dataclasses import replace

import grpc
import pytest
from kit.signed_log import ORIGIN, SignedLog
from kit.wire import RefusalError, invalid, refusal
from placement_client.calls import Patience
from placement_client.session import Session
from placement_client.witness import FIRST_PAUSE, LONGEST_PAUSE, Witness, pause
from placement_client.witness_key import KEY_LABEL, WitnessKey, verifier_key
from placement_client.witness_state import StateFile, begin

from placement.api.v1 import log_service_pb2 as pb
from placement.audit import note
from placement.audit.note import Signer, Verifier
from placement.crypto.custody import write_secret
from placement.crypto.signing import SigningKey, verify
from placement.errors import (
    AccessDeniedError,
    InvalidInputError,
    NotFoundError,
    TamperedError,
    UnavailableError,
)

CODE = grpc.StatusCode
NAME = "witness.example/w1"
SEED = bytes([1]) * 32
PUBLIC = verifier_key(NAME, SigningKey(SEED).public_key)
NOW = 1_764_000_000.75
DOWN = RefusalError(CODE.UNAVAILABLE)


def times(read):
    """Return when our cosignature in each note was made."""
    return [note.cosigned_at(ours(each)) for each in read]


def ours(content):
    """Return our line of a note, verified."""
    return note.verified(note.parse(content), [Verifier(PUBLIC, verify)])[0]


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
    path = tmp_path / "w.key"
    write_secret(path, KEY_LABEL, SEED)
    return WitnessKey(path)


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def start(profile, folder, log, clock, key):
    """Return what starts a witness; ``elsewhere`` are addresses to try first."""
    held = []

    def start(*, elsewhere=()):
        addresses = [*elsewhere]
        file = StateFile.of(folder, ORIGIN)
        lock = file.held()
        lock.__enter__()

        def connect():
            address = addresses.pop(0) if addresses else profile.server
            patience = Patience(pauses=())
            return Session.open(replace(profile, server=address), patience=patience)

        state = begin(file, log.public, key, NAME)
        made = Witness(file, state, key, connect=connect, clock=lambda: clock[0])
        held.append((lock, made))
        return made

    yield start
    for lock, made in held:
        made.close()
        lock.__exit__(None, None, None)


@pytest.fixture
def witness(start):
    return start()


def kept(folder):
    """Return the evidence by its last word."""
    return {
        path.stem.rpartition("-")[2]: path.read_bytes()
        for path in folder.glob("evidence-*.note")
    }


def refused(call):
    """Return the notes of a refused checkpoint."""
    with pytest.raises(TamperedError) as caught:
        call()
    return caught.value.notes


# Growth


def test_the_first_contact_asks_for_no_proof(witness, wire, log):
    """And trusts what it sees first."""
    assert witness.round() == 1
    assert [name for name, _ in wire.seen] == ["GetCheckpoint", "AddCosignature"]
    assert witness.state.seen.checkpoint() == log.checkpoint(7)


def test_what_leaves_is_what_is_held(witness, wire, log, folder):
    """The log's line, and the witness's with the time; nothing else."""
    witness.round()
    (sent,) = wire.requests("AddCosignature")
    found = note.parse(sent.note)

    assert sent.size == 7
    assert found.text == log.checkpoint(7).text()
    assert [one.name for one in found.signatures] == [ORIGIN, NAME]
    assert note.cosigned_at(ours(sent.note)) == int(NOW)
    assert StateFile.of(folder, ORIGIN).read() == witness.state
    assert witness.state.note == sent.note


def test_a_log_that_grows_is_followed(witness, wire, log):
    """With a proof from what is held to what is offered."""
    for _ in range(4):
        witness.round()
        log.grow(5)
    witness.round()
    asked = [
        (each.old_size, each.new_size) for each in wire.requests("ProveConsistency")
    ]
    sizes = [each.size for each in wire.requests("AddCosignature")]

    assert asked == [(7, 12), (12, 17), (17, 22), (22, 27)]
    assert sizes == [7, 12, 17, 22, 27]


def test_the_same_size_is_cosigned_anew(witness, wire, clock):
    """So that a standing log is known to stand."""
    witness.round()
    clock[0] += 9
    witness.round()
    sent = [each.note for each in wire.requests("AddCosignature")]

    assert wire.requests("ProveConsistency") == []
    assert times(sent) == [int(NOW), int(NOW) + 9]
    assert witness.state.cosigned_at == int(NOW) + 9


def test_an_empty_log_is_cosigned_too(start, wire):
    """Size 0, then whatever comes."""
    log = SignedLog(0)
    wire.answers |= log.answers()
    witness = start()
    witness.round()
    log.grow(3)
    witness.round()

    assert wire.requests("ProveConsistency") == []
    assert [each.size for each in wire.requests("AddCosignature")] == [0, 3]


def test_a_witness_remembers(start, wire, log, key):
    """Another process goes on where the last one ended."""
    first = start()
    first.round()
    log.grow(2)
    second = Witness(
        first._file,
        begin(first._file, log.public, key, ""),
        key,
        connect=first._connect,
        clock=lambda: NOW,
    )
    second.round()
    second.close()
    (asked,) = wire.requests("ProveConsistency")

    assert (asked.old_size, asked.new_size) == (7, 9)


def test_nothing_leaves_that_is_not_on_the_disk(witness, wire, folder, log, key):
    """At the moment at which the service gets it; nor without the key's mark."""
    found = []

    def take(request):
        is_kept = StateFile.of(folder, ORIGIN).read().note == request.note
        found.append(is_kept and str(folder) in key.mark.read_text())
        return pb.AddCosignatureResponse(cosignatures=1)

    wire.answers["AddCosignature"] = take
    witness.round()
    log.grow()
    witness.round()

    assert found == [True, True]


def test_nothing_leaves_that_cant_be_kept(witness, wire, log, monkeypatch):
    """A full disk stops the witness, it is no reason to try again."""
    witness.round()
    log.grow()

    def full(*_given, **_named):
        raise OSError

    monkeypatch.setattr("placement_client.trust.write_file", full)
    said = []
    with pytest.raises(InvalidInputError) as caught:
        witness.watch(every=0, wait=lambda _: False, say=said.append)

    assert caught.value.description == "can't be written"
    assert [each.size for each in wire.requests("AddCosignature")] == [7]
    assert witness.state.seen.checkpoint().size == 7


def test_a_kill_before_the_mark_bricks_no_witness(  # noqa: PLR0917 (fixtures)
    witness, start, wire, log, key, folder, monkeypatch
):
    """Nothing had left: the same folder goes on, and another one may begin."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(WitnessKey, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            witness.round()
    fresh = begin(StateFile.of(folder / "b", ORIGIN), log.public, key, NAME)

    assert witness._file.read().seen.checkpoint().size == 7
    assert wire.requests("AddCosignature") == []
    assert not key.mark.exists()
    assert fresh.note == b""
    assert begin(witness._file, log.public, key, "") == witness.state
    assert witness.round() == 1


def test_a_mark_whose_cosignature_never_arrived(witness, wire, log, key, folder):
    """It may have: only the folder that remembers it goes on."""
    wire.answers["AddCosignature"] = DOWN
    with pytest.raises(UnavailableError):
        witness.round()
    with pytest.raises(TamperedError):
        begin(StateFile.of(folder / "b", ORIGIN), log.public, key, NAME)

    assert begin(witness._file, log.public, key, "") == witness.state


# What is refused


def test_a_log_rolled_back_ends_the_run(witness, wire, log, folder):
    """Loudly, with both checkpoints."""
    witness.round()
    before = witness.state
    wire.answers["GetCheckpoint"] = pb.GetCheckpointResponse(note=log.note(6))
    lines = refused(witness.round)

    assert lines[:4] == [
        "The witness REFUSES a checkpoint of the log, and stops:",
        "The log became smaller: leaves were taken away.",
        f"held: 7 leaves, root {log.checkpoint(7).root.hex()}",
        f"offered: 6 leaves, root {log.checkpoint(6).root.hex()}",
    ]
    assert [line.partition(": ")[0] for line in lines[4:]] == ["kept as evidence"] * 2
    assert kept(folder) == {"offered": log.note(6), "held": before.note}
    assert StateFile.of(folder, ORIGIN).read() == before
    assert len(wire.requests("AddCosignature")) == 1


FORK = SignedLog(7).fork(5, 12)
OTHER_KEY = SignedLog(9, seed=bytes([2]) * 32)
OTHER_LOG = SignedLog(9, origin="example.org/other")
HONEST = SignedLog(30)


def misdirected():
    """Return another log's checkpoint under the right name and key."""
    return note.render(
        note.sign(OTHER_LOG.checkpoint().text(), Signer(ORIGIN, FORK.key))
    )


@pytest.mark.parametrize(
    ("offered", "proof", "why"),
    [
        (FORK.note(7), (), "The log forked: two roots of the same size."),
        (
            *(FORK.note(12), FORK.prove(7, 12)),
            "The log does not prove that it only grew.",
        ),
        (
            *(HONEST.note(12), HONEST.prove(7, 13)),
            "The log does not prove that it only grew.",
        ),
        (
            *(HONEST.note(12), HONEST.prove(6, 12)),
            "The log does not prove that it only grew.",
        ),
        (HONEST.note(12), (), "The log does not prove that it only grew."),
        (OTHER_KEY.note(), (), "It is not signed by the log's pinned key."),
        (OTHER_LOG.note(), (), "It is not signed by the log's pinned key."),
        (misdirected(), (), "It is a checkpoint of another log."),
        (HONEST.note(12)[:-1], (), "It is no signed note."),
        (b"", (), "It is no signed note."),
    ],
    ids=[
        "fork of the same size",
        "fork that grew",
        "proof to another size",
        "proof from another size",
        "no proof",
        "another key",
        "another log",
        "another origin",
        "cut",
        "nothing",
    ],
)
def test_what_is_refused_is_kept_as_evidence(witness, wire, offered, proof, why):
    """Nothing is cosigned, nothing forgotten."""
    witness.round()
    before, folder = witness.state, witness._file.path.parent
    wire.answers["GetCheckpoint"] = pb.GetCheckpointResponse(note=offered)
    wire.answers["ProveConsistency"] = pb.ProveConsistencyResponse(hashes=proof)
    lines = refused(witness.round)

    assert lines[1] == why
    assert kept(folder).get("offered", b"") == offered
    assert kept(folder)["held"] == before.note
    assert witness.state == StateFile.of(folder, ORIGIN).read() == before
    assert len(wire.requests("AddCosignature")) == 1


def test_a_first_contact_that_is_refused(witness, wire, folder):
    """There is no last good one."""
    wire.answers["GetCheckpoint"] = pb.GetCheckpointResponse(note=b"hello")
    lines = refused(witness.round)

    assert lines[2:4] == ["held: nothing yet", "offered: nothing that can be read"]
    assert kept(folder) == {"offered": b"hello"}


@pytest.mark.parametrize(
    "answer",
    [
        refusal(CODE.NOT_FOUND, "NOT_FOUND"),
        invalid(("new_size", "was never published")),
    ],
    ids=["not found", "invalid"],
)
def test_a_log_that_knows_nothing_of_what_it_signed(witness, wire, log, folder, answer):
    """It can't be the log that is held, or not only."""
    witness.round()
    log.grow()
    wire.answers["ProveConsistency"] = answer
    lines = refused(witness.round)

    assert lines[1] == "The log refuses to prove that it only grew."
    assert kept(folder)["offered"] == log.note()


def test_a_refusal_ends_a_watch_at_once(witness, wire, log):
    """No second try."""
    wire.answers["GetCheckpoint"] = [
        pb.GetCheckpointResponse(note=log.note()),
        pb.GetCheckpointResponse(note=log.note(3)),
    ]
    said, waits = [], []
    lines = refused(lambda: witness.watch(every=4, wait=waits.append, say=said.append))

    assert lines[1] == "The log became smaller: leaves were taken away."
    assert (said, waits) == (["The witness cosigns."], [4])


# What passes


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
