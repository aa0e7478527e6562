"""A witness of the client's, started, and what it kept and sent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from placement_client.calls import Patience
from placement_client.profile import Profile
from placement_client.session import Session
from placement_client.witness import Witness
from placement_client.witness_key import KEY_LABEL, WitnessKey, verifier_key
from placement_client.witness_state import StateFile, begin

from kit.signed_log import ORIGIN, SignedLog
from kit.wire import RefusalError
from placement.audit import note
from placement.audit.note import Verifier
from placement.crypto.custody import write_secret
from placement.crypto.signing import SigningKey, verify
from placement.errors import TamperedError

CODE = grpc.StatusCode
NAME = "witness.example/w1"
SEED = bytes([1]) * 32
PUBLIC = verifier_key(NAME, SigningKey(SEED).public_key)
NOW = 1_764_000_000.75
DOWN = RefusalError(CODE.UNAVAILABLE)


def key_at(path: Path) -> WitnessKey:
    """Write the witness's key; return it."""
    write_secret(path, KEY_LABEL, SEED)
    return WitnessKey(path)


@contextmanager
def starting(
    profile: Profile, folder: Path, log: SignedLog, clock: list[float], key: WitnessKey
) -> Iterator[Callable[..., Witness]]:
    """Give what starts a witness; ``elsewhere`` are addresses to try first."""
    with ExitStack() as held:

        def start(*, elsewhere: Sequence[str] = ()) -> Witness:
            addresses = [*elsewhere]
            file = StateFile.of(folder, ORIGIN)
            held.enter_context(file.held())

            def connect() -> Session:
                address = addresses.pop(0) if addresses else profile.server
                patience = Patience(pauses=())
                return Session.open(replace(profile, server=address), patience=patience)

            state = begin(file, log.public, key, NAME)
            made = Witness(file, state, key, connect=connect, clock=lambda: clock[0])
            held.callback(made.close)
            return made

        yield start


def ours(content: bytes) -> note.Signature:
    """Return our line of a note, verified."""
    return note.verified(note.parse(content), [Verifier(PUBLIC, verify)])[0]


def kept(folder: Path) -> dict[str, bytes]:
    """Return the evidence by its last word."""
    return {
        path.stem.rpartition("-")[2]: path.read_bytes()
        for path in folder.glob("evidence-*.note")
    }


def refused(call: Callable[[], object]) -> list[str]:
    """Return the notes of a refused checkpoint."""
    with pytest.raises(TamperedError) as caught:
        call()
    return caught.value.notes
