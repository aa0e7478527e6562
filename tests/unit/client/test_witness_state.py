"""A state is whole, private, held by one process, and never begun anew."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest
from kit.signed_log import ORIGIN, SignedLog
from placement_client import locks
from placement_client.witness_key import KEY_LABEL, WitnessKey, verifier_key
from placement_client.witness_state import State, StateFile, begin

from placement.audit import note
from placement.audit.note import Kind, Signer, VerifierKey
from placement.audit.witness import cosigned
from placement.crypto.custody import write_secret
from placement.crypto.signing import SigningKey, verify
from placement.errors import InvalidInputError, TamperedError

NAME = "witness.example/w1"
SEED = bytes([1]) * 32
KEY = SigningKey(SEED)
WITNESS = verifier_key(NAME, KEY.public_key)
LOG = SignedLog(12)
AT = 1_764_000_000


def signed(size, key=KEY):
    """Return a note of a size, cosigned."""
    found = note.parse(LOG.note(size))
    return note.render(cosigned(LOG.public, found, Signer(NAME, key, AT), verify))


def state(size):
    """Return what a witness of a size holds."""
    return State(log=LOG.public, witness=WITNESS, note=signed(size))


FIRST = State(log=LOG.public, witness=WITNESS)
HELD = state(7)


def refused(call, *given):
    """Return field and phrase of a refusal."""
    with pytest.raises(InvalidInputError) as caught:
        call(*given)
    return caught.value.field, caught.value.description


def key_of(folder, seed=SEED):
    """Return a key in a folder."""
    path = folder / f"{seed[:1].hex()}.key"
    if not path.exists():
        write_secret(path, KEY_LABEL, seed)
    return WitnessKey(path)


@pytest.fixture
def key(tmp_path):
    return key_of(tmp_path)


@pytest.fixture
def file(tmp_path):
    return StateFile.of(tmp_path / "states", ORIGIN)


@pytest.fixture
def written(file):
    """A file that was written once."""
    with file.held():
        file.write(HELD)
    return file


# The form


@pytest.mark.parametrize("held", [FIRST, HELD, state(0), state(12)])
def test_a_state_survives_its_file(held):
    """What is read is what was written."""
    assert State.parse(held.render()) == held


def test_the_form_is_what_the_drawing_says():
    """By hand, so that nobody changes it unnoticed."""
    log, witness = note.render_key(LOG.public), note.render_key(WITNESS)

    assert FIRST.render().decode() == (
        "{\n"
        ' "version": 1,\n'
        f' "log": "{log}",\n'
        f' "witness": "{witness}",\n'
        ' "note": ""\n'
        "}\n"
    )


def test_a_state_tells_what_is_held():
    """And since when."""
    assert (FIRST.seen.checkpoint().size, FIRST.cosigned_at) == (0, 0)
    assert (HELD.seen.checkpoint(), HELD.cosigned_at) == (LOG.checkpoint(7), AT)


def test_every_cut_and_every_flipped_bit_is_refused():
    """No damage makes another state of it."""
    content = HELD.render()
    damaged = [content[:end] for end in range(len(content))]
    damaged += [
        bytes([*content[:at], content[at] ^ (1 << at % 8), *content[at + 1 :]])
        for at in range(len(content))
    ]
    for each in damaged:
        with pytest.raises(TamperedError):
            State.parse(each)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"log": 7},
        {"log": None},
        {"witness": note.render_key(LOG.public)},
        {"log": note.render_key(WITNESS)},
        {"note": None},
        {"note": "\ud800"},
        {"note": LOG.note(7).decode()},
        {"note": signed(7, SigningKey(bytes([3]) * 32)).decode()},
        {"note": HELD.note.decode().replace("\n7\n", "\n8\n")},
        {"more": 1},
    ],
    ids=str,
)
def test_another_form_is_refused(change):
    """Other keys, other shapes, other signers."""
    content = json.dumps(json.loads(HELD.render()) | change, indent=1) + "\n"

    with pytest.raises(TamperedError):
        State.parse(content.encode())


@pytest.mark.parametrize("content", [b"[]", b"7", b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_refused(content):
    """However deep."""
    with pytest.raises(TamperedError):
        State.parse(content)


# The file


def test_a_state_is_private(written):
    """The file 0600, its folder 0700."""
    modes = [
        stat.S_IMODE(p.stat().st_mode) for p in (written.path, written.path.parent)
    ]

    assert modes == [0o600, 0o700]
    assert written.read() == HELD


def test_nothing_is_held_at_first(file):
    """Nor is that a loss."""
    with file.held():
        assert file.read() is None


def test_a_later_state_takes_the_place(written):
    """And nothing else stays."""
    with written.held():
        written.write(state(9))

        assert written.read() == state(9)
    assert sorted(p.suffix for p in written.path.parent.iterdir()) == [".json", ".lock"]


def test_what_a_killed_process_left_is_swept(written):
    """Half-written files, and only those of this state."""
    folder = written.path.parent
    half = folder / f".{written.path.name}.0123456789abcdef"
    other = folder / ".log-other.json.0123456789abcdef"
    half.write_bytes(b"{")
    other.write_bytes(b"{")
    with written.held():
        assert not half.exists()
        assert other.exists()
        assert written.read() == HELD


def test_a_damaged_state_stops_the_witness(written, key):
    """With a sentence that names the file; it is left as it is."""
    written.path.write_bytes(HELD.render()[:-3])
    with pytest.raises(TamperedError) as caught:
        begin(written, LOG.public, key, NAME)
    (sentence,) = caught.value.notes

    assert f"state {written.path} is damaged." in sentence
    assert written.path.read_bytes() == HELD.render()[:-3]


def test_a_state_that_is_gone_stops_the_witness(written, key):
    """It is not taken for a first contact, whatever name is given."""
    written.path.unlink()
    with pytest.raises(TamperedError) as caught:
        begin(written, LOG.public, key, NAME)

    assert f"state {written.path} is gone." in caught.value.notes[0]
    assert not written.path.exists()


def test_a_kill_before_the_lock_was_marked_loses_nothing(file):
    """The mark comes with the next writing."""
    with file.held():
        file.write(HELD)
        file.path.with_suffix(".lock").write_bytes(b"")

        assert file.read() == HELD
        file.write(state(8))
        file.path.unlink()
        with pytest.raises(TamperedError):
            file.read()


def test_a_state_that_cant_be_read_or_written(written, monkeypatch):
    """Is said as what it is."""
    written.path.unlink()
    written.path.mkdir()

    assert refused(written.read) == ("state", "can't be read")
    assert refused(written.write, HELD) == ("state", "can't be written")


def test_the_folder_must_be_a_folder_of_ones_own(tmp_path):
    """Whoever writes there chooses what is forgotten."""
    (tmp_path / "file").write_text("")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o770)
    found = [
        refused(StateFile.of(tmp_path / name, ORIGIN).held().__enter__)
        for name in ("file", "open")
    ]

    assert found == [
        ("state", "can't be used as a folder"),
        ("state", "may be written by others; use mode 0700"),
    ]


def test_two_processes_never_hold_one_state(written):
    """The lock goes with its process, however that ends."""
    folder = written.path.parent
    command = (
        "import sys\n"
        "from pathlib import Path\n"
        "from placement_client.witness_state import StateFile\n"
        "with StateFile.of(Path(sys.argv[1]), sys.argv[2]).held():\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", command, str(folder), ORIGIN]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        assert refused(written.held().__enter__) == (
            "state",
            "is held by another witness",
        )
        process.kill()
    with written.held():
        assert written.read() == HELD


def test_marking_does_not_lose_the_lock(written):
    """It is written in its place, as the lock belongs to the file and not its name."""
    with written.held():
        written.write(state(8))
        lock = written.path.with_suffix(".lock")

        assert refused(written.held().__enter__)[1] == "is held by another witness"
        assert lock.read_bytes() == b"in use\n"


def test_a_machine_without_locks_has_no_witness(file, monkeypatch):
    """Other commands run there."""
    monkeypatch.setattr(locks, "_fcntl", None)

    assert refused(file.held().__enter__) == (
        "state",
        "needs a machine with file locks",
    )


def test_every_state_of_a_folder_is_found(written):
    """Also one that should be there."""
    folder = written.path.parent
    other = StateFile.of(folder, "example.org/other")
    with other.held():
        other.write(replace(FIRST, log=SignedLog(origin="example.org/other").public))
    other.path.unlink()
    found = StateFile.every(folder)

    assert {each.path for each in found} == {written.path, other.path}
    assert StateFile.every(folder / "nowhere") == []


# The first contact, and those after it


def test_the_first_contact_needs_a_name(file, key):
    """Then the state knows it."""
    with file.held():
        assert refused(begin, file, LOG.public, key, "") == (
            "name",
            "is needed for the first contact with a log",
        )
        assert begin(file, LOG.public, key, NAME) == FIRST
        assert begin(file, LOG.public, key, "") == FIRST
        assert file.read() == FIRST


def test_a_state_belongs_to_its_keys_and_name(written, key, tmp_path):
    """A new key of the log is no reason to forget."""
    other, stranger = SigningKey(bytes([5]) * 32), key_of(tmp_path, bytes([5]) * 32)
    log = VerifierKey(ORIGIN, Kind.ED25519, other.public_key)
    found = [
        refused(begin, written, log, key, NAME)[0],
        refused(begin, written, LOG.public, stranger, NAME)[0],
        refused(begin, written, LOG.public, key, "w2")[0],
    ]

    assert found == ["log_key", "witness_key", "name"]
    assert begin(written, LOG.public, key, NAME) == HELD


def test_a_key_whose_name_is_no_origin(file, key):
    """It could sign no checkpoint."""
    log = VerifierKey("a\x7fb", Kind.ED25519, LOG.key.public_key)
    with file.held():
        assert refused(begin, file, log, key, NAME)[0] == "log_key"


def test_one_key_never_begins_a_log_twice(written, key, tmp_path):
    """A folder that is new, or was begun and never used, remembers nothing."""
    begun = StateFile.of(tmp_path / "begun", ORIGIN)
    assert begin(begun, LOG.public, key, NAME) == FIRST
    key.write(ORIGIN, written.path)
    fresh = StateFile.of(tmp_path / "fresh", ORIGIN)
    for each in (fresh, begun):
        with pytest.raises(TamperedError) as caught:
            begin(each, LOG.public, key, NAME)

        assert caught.value.notes[0].startswith(
            f"This key has cosigned {ORIGIN} already."
        )
    assert begin(written, LOG.public, key, NAME) == HELD
    assert not fresh.path.exists()


# Evidence


def test_evidence_lies_beside_the_state(written):
    """Both notes, private, whole."""
    said = written.keep_evidence(b"offered", HELD.note)
    paths = sorted(written.path.parent.glob("evidence-*.note"))

    assert [p.read_bytes() for p in paths] == [HELD.note, b"offered"]
    assert sorted(said) == [f"kept as evidence: {p}" for p in paths]
    assert {stat.S_IMODE(p.stat().st_mode) for p in paths} == {0o600}


def test_without_a_last_good_one_there_is_one_piece(written):
    """At the first contact nothing is held."""
    assert len(written.keep_evidence(b"offered", b"")) == 1


def test_evidence_that_cant_be_kept_is_said(tmp_path):
    """The refusal stands all the same."""
    (tmp_path / "file").write_text("")
    (said,) = StateFile(tmp_path / "file" / "log-a.json").keep_evidence(b"x", b"")

    assert said.startswith("NOT kept as evidence: ")
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 (names are enough)
