"""Round after round: what grows is kept and cosigned, what does not ends the run."""

import pytest
from kit.signed_log import ORIGIN, SignedLog
from kit.wire import invalid, refusal
from kit.witnessing import CODE, DOWN, NAME, NOW, kept, key_at, ours, refused, starting
from placement_client.witness import Witness
from placement_client.witness_key import WitnessKey
from placement_client.witness_state import StateFile, begin

from placement.api.v1 import log_service_pb2 as pb
from placement.audit import note
from placement.audit.note import Signer
from placement.errors import InvalidInputError, TamperedError, UnavailableError


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


def times(read):
    """Return when our cosignature in each note was made."""
    return [note.cosigned_at(ours(each)) for each in read]


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
