"""A key is made once, used by one process, and remembers which logs it cosigned."""

import json
import stat
import subprocess
import sys

import pytest
from placement_client import locks, witness_key
from placement_client.witness_key import (
    KEY_LABEL,
    WitnessKey,
    create_key,
    verifier_key,
)

from placement.crypto.signing import SigningKey
from placement.errors import InvalidInputError, TamperedError

NAME = "witness.example/w1"
ORIGIN = "example.org/log"
STATE = "log-a.json"


def refused(call, *given):
    """Return field and phrase of a refusal."""
    with pytest.raises(InvalidInputError) as caught:
        call(*given)
    return caught.value.field, caught.value.description


def lost(key, state, *, remembers):
    """Return the sentence of a refusal."""
    with pytest.raises(TamperedError) as caught:
        key.require(ORIGIN, state, remembers=remembers)
    (sentence,) = caught.value.notes
    return sentence


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "w.key"
    create_key(made, NAME)
    return made


@pytest.fixture
def key(path):
    return WitnessKey(path)


@pytest.fixture
def state(tmp_path):
    """The file of a state, which is there."""
    folder = tmp_path / "states"
    folder.mkdir()
    (folder / STATE).write_bytes(b"{}")
    return folder / STATE


# The key


def test_a_key_is_made_once(tmp_path):
    """Private, of its own kind, and never written over."""
    path = tmp_path / "w.key"
    public = create_key(path, NAME)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith(f"{KEY_LABEL}:")
    assert public == verifier_key(NAME, WitnessKey(path).signing.public_key)
    assert refused(create_key, path, NAME) == (
        "witness_key",
        "exists already; it is left alone",
    )


def test_a_key_needs_a_folder_and_a_name(tmp_path):
    """Nothing is left behind where there is none."""
    nowhere = tmp_path / "nowhere" / "w.key"

    assert refused(create_key, nowhere, NAME) == ("witness_key", "can't be written")
    assert refused(create_key, tmp_path / "w.key", "two words")[0] == "name"
    assert list(tmp_path.iterdir()) == []


def test_another_key_is_no_witness(tmp_path):
    """The log's own least of all."""
    path = tmp_path / "log.key"
    SigningKey.create(path)

    assert refused(WitnessKey, path)[0] == "witness_key"
    assert refused(WitnessKey, tmp_path / "none")[0] == "witness_key"


def test_a_key_is_not_made_under_the_mark_of_another(path, key, state):
    """It would be taken for one that has forgotten."""
    key.write(ORIGIN, state)
    path.unlink()

    assert refused(create_key, path, NAME) == (
        "witness_key",
        "has the mark of an older key beside it; take another name",
    )
    assert not path.exists()


def test_two_processes_never_use_one_key(path, key):
    """Under whatever name; the lock goes with its process, however that ends."""
    command = (
        "import sys\n"
        "from pathlib import Path\n"
        "from placement_client.witness_key import WitnessKey\n"
        "with WitnessKey(Path(sys.argv[1])).held():\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    link = path.with_name("link")
    link.symlink_to(path)
    words = [sys.executable, "-c", command, str(link)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        assert refused(key.held().__enter__) == (
            "witness_key",
            "is held by another witness",
        )
        process.kill()
    with key.held():
        assert refused(WitnessKey(link).held().__enter__)[0] == "witness_key"


def test_a_key_that_is_gone_is_not_held(path, key):
    """Between reading it and holding it."""
    path.unlink()

    assert refused(key.held().__enter__) == ("witness_key", "can't be read")


def test_a_machine_without_locks_has_no_witness(key, monkeypatch):
    """Other commands run there."""
    monkeypatch.setattr(locks, "_fcntl", None)

    assert refused(key.held().__enter__) == (
        "witness_key",
        "needs a machine with file locks",
    )


# The mark


def test_a_mark_is_one_line_a_log(path, key, state):
    """Origin and folder; private, beside the key, and the same for links to it."""
    link = path.with_name("link")
    link.symlink_to(path)
    key.write("example.org/other", state.with_name("log-b.json"))
    WitnessKey(link).write(ORIGIN, state)
    before = key.mark.stat().st_ino
    key.write(ORIGIN, state)

    assert key.mark == WitnessKey(link).mark == path.with_name("w.key.begun")
    assert key.mark.read_text().splitlines() == [
        json.dumps(["example.org/other", str(state.parent)]),
        json.dumps([ORIGIN, str(state.parent)]),
    ]
    assert stat.S_IMODE(key.mark.stat().st_mode) == 0o600
    assert key.mark.stat().st_ino == before


def test_before_the_first_cosignature_any_folder_may_begin(key, state):
    """The mark of another log says nothing."""
    key.require(ORIGIN, state, remembers=False)
    key.write("example.org/other", state)
    key.require(ORIGIN, state, remembers=False)


def test_after_it_only_the_folder_that_remembers_goes_on(key, state, tmp_path):
    """With a sentence that names it and says what to do."""
    key.write(ORIGIN, state)
    key.require(ORIGIN, state, remembers=True)

    for other in (state, tmp_path / "fresh" / STATE):
        assert lost(key, other, remembers=False) == (
            f"This key has cosigned {ORIGIN} already. What it cosigned stood in "
            f"{state.parent}, and is lost here: put that folder back, or make a new "
            "witness with a new key and a new name. One that forgets could cosign a "
            "fork."
        )


def test_a_copy_of_the_folder_is_refused(key, state, tmp_path):
    """As long as the other is there; a link to that is the same folder."""
    key.write(ORIGIN, state)
    link = tmp_path / "link"
    link.symlink_to(state.parent)
    copy = tmp_path / "copy" / STATE
    key.require(ORIGIN, link / STATE, remembers=True)

    assert "which is still there" in lost(key, copy, remembers=True)


def test_a_folder_that_nobody_may_look_into_may_have_a_state(
    key, state, tmp_path, monkeypatch
):
    """So a copy is refused there too."""
    key.write(ORIGIN, state)

    def denied(_path):
        raise PermissionError

    monkeypatch.setattr(witness_key.Path, "lstat", denied)

    assert "which is still there" in lost(
        key, tmp_path / "copy" / STATE, remembers=True
    )


def test_a_folder_that_was_moved_goes_on(key, state, tmp_path):
    """And the mark says where it is now."""
    key.write(ORIGIN, state)
    moved = tmp_path / "moved"
    state.parent.rename(moved)
    key.require(ORIGIN, moved / STATE, remembers=True)
    key.write(ORIGIN, moved / STATE)

    assert json.loads(key.mark.read_text()) == [ORIGIN, str(moved)]


@pytest.mark.parametrize(
    "content",
    [
        b"x\n",
        b"7\n",
        b"[]\n",
        b"[1, 2]\n",
        b'["a"]\n',
        b'["a", 7]\n',
        b'["a", "/b"]',
        b'["a",  "/b"]\n',
        b'["a", "/b"]\n["a", "/b"]\n',
        b"[" * 100_000 + b"\n",
        b"\xff\n",
    ],
    ids=range(11),
)
def test_a_mark_that_is_damaged_stops_the_witness(key, state, content):
    """It is not written over."""
    key.mark.write_bytes(content)

    assert f"mark {key.mark} is damaged" in lost(key, state, remembers=True)
    with pytest.raises(TamperedError):
        key.write(ORIGIN, state)
    assert key.mark.read_bytes() == content


def test_a_mark_that_cant_be_read_or_written_is_said(key, state, monkeypatch):
    """Then nothing is cosigned."""
    with monkeypatch.context() as patch:

        def full(*_given, **_named):
            raise OSError

        patch.setattr("placement_client.trust.write_file", full)
        unwritten = refused(key.write, ORIGIN, state)
    key.mark.mkdir()

    assert unwritten == (
        "witness_key",
        "lies where its mark can't be written beside it",
    )
    assert refused(key.write, ORIGIN, state) == (
        "witness_key",
        "has a mark that can't be read",
    )
