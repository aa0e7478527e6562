"""What a witness holds is read strictly: it decides whether a database is the newest."""

import json

import pytest
from kit.engines import SIGNER, VERIFIER
from kit.lived import WITNESS
from kit.still import STILL

from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import EMPTY_ROOT
from placement.audit.note import Signer, render_key
from placement.config import Settings
from placement.crypto.signing import SigningKey
from placement.errors import TamperedError
from placement.ops.history import witnessed

MADE = Checkpoint(SIGNER.name, 7, bytes(32))
STRANGER = Signer(SIGNER.name, SigningKey(b"9" * 32))
SETTINGS = Settings(witnesses=(render_key(WITNESS.public),))


@pytest.fixture
def read(tmp_path):
    """Return a function that reads what a file holds."""

    def of(content, settings=SETTINGS):
        (tmp_path / "checkpoint").write_bytes(content)
        return witnessed(tmp_path / "checkpoint", settings, VERIFIER)

    return of


def signed(*signers, made=MADE):
    first, *others = signers
    note = notes.sign(made.text(), first)
    for signer in others:
        note = notes.add(note, signer)
    return notes.render(note)


def test_a_note_and_a_witnesss_file_say_the_same(read):
    """Clients keep the one, witnesses the other."""
    note = signed(SIGNER, WITNESS)
    state = json.dumps({"version": 1, "note": note.decode()}).encode()

    assert read(note) == read(state) == MADE


def test_without_witnesses_the_logs_word_is_all_there_is(read):
    """As in a trial; with witnesses, one of them has to have cosigned."""
    note = signed(SIGNER)

    assert read(note, Settings()) == MADE
    with pytest.raises(TamperedError):
        read(note)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b'{"note": 1}',
        b"[]",
        signed(WITNESS),
        signed(STRANGER, WITNESS),
        signed(SIGNER, WITNESS, made=Checkpoint("other/log", 7, bytes(32))),
        signed(SIGNER, WITNESS).replace(b"\n7\n", b"\n8\n"),
        signed(SIGNER, WITNESS, made=Checkpoint(SIGNER.name, 0, EMPTY_ROOT)),
        STILL.encode(),
    ],
)
def test_what_is_no_checkpoint_of_this_log_is_refused(read, content):
    """Unsigned, another's, another log's, altered, of nothing, or something else."""
    with pytest.raises(TamperedError) as caught:
        read(content)

    assert "no checkpoint of this log" in caught.value.notes[0]
