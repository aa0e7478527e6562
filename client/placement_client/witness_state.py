"""What a witness keeps of each log: the newest checkpoint that it cosigned.

Invariants:
    * a state appears whole or not at all, is on the disk when ``write`` returns, and is
      for its owner alone;
    * one process holds a state, for as long as it runs;
    * one that is damaged or gone is refused, and never begun anew: a witness that
      forgets could cosign a fork.

The file is JSON in ASCII as ``State.render`` writes it, and in no other form. Both
signatures of the note are verified whenever it is read::

    {
     "version": 1,
     "log": verifier key of the log,
     "witness": verifier key of the witness,
     "note": the newest checkpoint with the log's signature and the witness's
             cosignature; "" before the first
    }
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

from placement.audit import note
from placement.audit.note import Kind, Verifier, VerifierKey
from placement.audit.witness import Seen, advance
from placement.crypto.signing import verify
from placement.errors import InvalidInputError, TamperedError, UnavailableError
from placement_client.trust import DIRECTORY_MODE, FILE_MODE, keep, read_kept
from placement_client.witness_key import WitnessKey, take, verifier_key

_VERSION: Final = 1
_OTHERS_WRITE: Final = 0o022
_SHORT: Final = 16  # hex digits in a file's name
_MARK: Final = b"in use\n"
_MALFORMED: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
"""What reading JSON of another shape raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a witness holds of one log, as it stands in a file.

    Attributes:
        log: the log's key.
        witness: its own.
        note: the newest checkpoint that it cosigned, as bytes; empty before the first.

    Raises:
        TamperedError: the note is not signed by both.
        ValueError: no such keys.
    """

    log: VerifierKey
    witness: VerifierKey
    note: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what no witness left behind."""
        if self.witness.kind is not Kind.COSIGNATURE:
            raise ValueError("a witness cosigns")
        _ = self.seen, self.cosigned_at

    @property
    def seen(self) -> Seen:
        """What the note says."""
        first = Seen(self.log)
        if not self.note:
            return first
        return Seen(self.log, advance(first, note.parse(self.note), (), verify).text())

    @property
    def cosigned_at(self) -> int:
        """When the witness cosigned, in seconds since 1970-01-01T00:00Z, or 0."""
        if not self.note:
            return 0
        own = note.verified(note.parse(self.note), [Verifier(self.witness, verify)])
        return note.cosigned_at(own[0])

    def render(self) -> bytes:
        """Return the bytes of the file."""
        fields = {
            "version": _VERSION,
            "log": note.render_key(self.log),
            "witness": note.render_key(self.witness),
            "note": self.note.decode(),
        }
        return json.dumps(fields, indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the bytes of a file.

        Raises:
            TamperedError: they are not what ``render`` returned.
        """
        try:
            fields: dict[str, Any] = json.loads(content)
            found = cls(
                log=note.parse_key(fields["log"]),
                witness=note.parse_key(fields["witness"]),
                note=fields["note"].encode(),
            )
        except _MALFORMED as error:
            raise TamperedError from error
        if found.render() != content:
            raise TamperedError
        return found


class StateFile:
    """Where a witness keeps what it holds of one log.

    The lock beside it is empty until the file was first written: so one that is gone
    is told from one that never was.

    Args:
        path: of the file, in the folder of one witness's states.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_suffix(".lock")

    @classmethod
    def of(cls, folder: Path, origin: str) -> Self:
        """Return that of a log; other keys under its origin are the same log."""
        return cls(folder / f"log-{_short(origin.encode())}.json")

    @classmethod
    def every(cls, folder: Path) -> list[Self]:
        """Return all that a folder has, or should have."""
        locks = sorted(folder.glob("log-*.lock"))
        return [cls(lock.with_suffix(".json")) for lock in locks]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process away, and make the folder if need be.

        Raises:
            InvalidInputError: another one holds it, the folder can't be used or may be
                written by others, or the machine has no locks.
        """
        lock = self._open_lock()
        try:
            take(lock, "state")
            # What a process that was killed left half-written.
            for path in self.path.parent.glob(f".{self.path.name}.*"):
                path.unlink()
            yield
        finally:
            os.close(lock)

    def read(self) -> State | None:
        """Return what is held; nothing before it was first written.

        Raises:
            InvalidInputError: it can't be read.
            TamperedError: it is damaged, or gone.
        """
        try:
            content = read_kept(self.path)
            marked = read_kept(self._lock)
        except UnavailableError as error:
            raise InvalidInputError("state", "can't be read") from error
        if content is None:
            if marked:
                raise self._lost("is gone")
            return None
        try:
            return State.parse(content)
        except TamperedError as error:
            raise self._lost("is damaged") from error

    def write(self, state: State) -> None:
        """Keep a state in the place of the one before; it is on the disk then.

        Raises:
            InvalidInputError: it can't be written.
        """
        try:
            keep(self.path, state.render())
            if not read_kept(self._lock):
                self._lock.write_bytes(_MARK)  # in its place, or the lock were lost
        except (OSError, UnavailableError) as error:
            raise InvalidInputError("state", "can't be written") from error

    def keep_evidence(self, offered: bytes, held: bytes) -> list[str]:
        """Keep the note that was refused, and the last good one; say where.

        What can't be kept is no reason not to refuse, so it is only said.
        """
        log = self.path.stem.removeprefix("log-")
        stem = f"evidence-{log}-{_short(offered)}"
        said = []
        for word, content in (("offered", offered), ("held", held)):
            if not content:
                continue
            path = self.path.with_name(f"{stem}-{word}.note")
            try:
                keep(path, content)
            except UnavailableError:
                said.append(f"NOT kept as evidence: {path}")
            else:
                said.append(f"kept as evidence: {path}")
        return said

    def _open_lock(self) -> int:
        """Open the lock in a folder that nobody else may write to."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            mode = folder.stat().st_mode
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, FILE_MODE)
        except OSError as error:
            raise InvalidInputError("state", "can't be used as a folder") from error
        if mode & _OTHERS_WRITE:
            os.close(lock)
            raise InvalidInputError("state", "may be written by others; use mode 0700")
        return lock

    def _lost(self, what: str) -> TamperedError:
        """Make the error for a state that can't be gone on from."""
        return TamperedError().because(
            f"The witness's state {self.path} {what}. Put it back from a copy made "
            "after the last cosignature, or make a new witness with a new key: one that "
            "forgets could cosign a fork."
        )


def begin(file: StateFile, log: VerifierKey, key: WitnessKey, name: str) -> State:
    """Return what is held, or begin with nothing.

    Args:
        file: held.
        log: the pinned key.
        key: the witness's, held.
        name: the witness's; may be empty, but for the first contact.

    Raises:
        InvalidInputError: no name, or the state was made for other keys or another
            name.
        TamperedError: the state is damaged, or gone; or the key has cosigned more of
            this log than this folder holds.
    """
    known = file.read()
    key.require(log.name, file.path, remembers=known is not None and bool(known.note))
    if known is None:
        if not name:
            raise InvalidInputError(
                "name", "is needed for the first contact with a log"
            )
        known = _nothing(log, verifier_key(name, key.signing.public_key))
        file.write(known)
    if known.log != log:
        phrase = "is not the key under which this witness holds the log"
        raise InvalidInputError("log_key", phrase)
    if known.witness.public_key != key.signing.public_key:
        raise InvalidInputError("witness_key", "is not the key of this state's witness")
    if name not in {"", known.witness.name}:
        raise InvalidInputError("name", "is not the name of this state's witness")
    return known


def _nothing(log: VerifierKey, witness: VerifierKey) -> State:
    try:
        return State(log=log, witness=witness)
    except ValueError as error:
        raise InvalidInputError("log_key", "names what no log is called") from error


def _short(content: bytes) -> str:
    return sha256(content).hexdigest()[:_SHORT]
