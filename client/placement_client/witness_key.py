"""A witness's key, and beside it of which logs it ever cosigned a checkpoint.

A key that cosigned one history of a log must never cosign another, even where the state
that remembers the first one was lost. So a *mark* lies beside the key, in a file of the
same name with ``.begun`` behind it: one line for each log, a JSON list of its origin and
of the folder where its state lies. Whoever finds a log there, but no state of it, stops.

The order of the first round, each step on the disk before the next one begins:

1. the state, with the cosigned checkpoint;
2. the mark;
3. the cosignature leaves.

Killed after 1, the key has told nobody anything: the same folder goes on, and another
one may still begin. Killed after 2, the folder that the mark names remembers what may
have left. The mark before the state would be as safe, but who was killed in between
could never begin: a mark without a state is how a loss looks.

Invariants:
    * no cosignature leaves before the mark names its log and the folder that remembers;
    * one process uses a key, for as long as it runs.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from placement.audit.note import Kind, VerifierKey
from placement.crypto.signing import SigningKey
from placement.errors import (
    ConflictError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)
from placement_client import locks
from placement_client.trust import keep, read_kept

KEY_LABEL: Final = "placement-witness-v1"

_FIELD: Final = "witness_key"


def create_key(path: Path, name: str) -> VerifierKey:
    """Draw a witness's key into a new file of mode 0600; return what others pin.

    Raises:
        InvalidInputError: the file exists or can't be written, an older key's mark is
            left, or the name can't be a signer's.
    """
    verifier_key(name, bytes(32))  # or a file would be left without a name
    if _mark(path).exists():
        phrase = "has the mark of an older key beside it; take another name"
        raise InvalidInputError(_FIELD, phrase)
    try:
        key = SigningKey.create(path, KEY_LABEL)
    except ConflictError as error:
        phrase = "exists already; it is left alone"
        raise InvalidInputError(_FIELD, phrase) from error
    except UnavailableError as error:
        raise InvalidInputError(_FIELD, "can't be written") from error
    return verifier_key(name, key.public_key)


def verifier_key(name: str, public_key: bytes) -> VerifierKey:
    """Return what others must know of a witness.

    Raises:
        InvalidInputError: the name can't be a signer's.
    """
    try:
        return VerifierKey(name, Kind.COSIGNATURE, public_key)
    except ValueError as error:
        phrase = "must be a word without spaces and plus, as witness.example/w1"
        raise InvalidInputError("name", phrase) from error


class WitnessKey:
    """A witness's key, with the mark of what it has cosigned.

    Args:
        path: the key file; a link stands for what it leads to.

    Attributes:
        signing: the key itself.
        mark: where the mark lies.

    Raises:
        InvalidInputError: the file is missing, open to others, damaged, or of another
            kind.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.signing = SigningKey.open(path, KEY_LABEL)
        except UnavailableError as error:
            phrase = "must be a whole key file of a witness, readable by its owner only"
            raise InvalidInputError(_FIELD, phrase) from error
        self.mark = _mark(path)
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process away from the key.

        Raises:
            InvalidInputError: another one uses it, it can't be read, or the machine has
                no locks.
        """
        try:
            lock = os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise InvalidInputError(_FIELD, "can't be read") from error
        try:
            take(lock, _FIELD)
            yield
        finally:
            os.close(lock)

    def require(self, origin: str, state: Path, *, remembers: bool) -> None:
        """Refuse a folder that does not remember all that the key cosigned of a log.

        Args:
            origin: of the log.
            state: the file of its state.
            remembers: it holds a checkpoint.

        Raises:
            InvalidInputError: the mark can't be read.
            TamperedError: there are cosignatures that this folder knows nothing of, or
                perhaps not all of them; or the mark is damaged.
        """
        folder = self._read().get(origin)
        if folder is None:
            return
        if not remembers:
            raise _lost(
                f"This key has cosigned {origin} already. What it cosigned stood in "
                f"{folder}, and is lost here: put that folder back, or make a new "
                "witness with a new key and a new name."
            )
        # One that was moved lies in one place only.
        if folder != state.parent.resolve() and _may_be(folder / state.name):
            raise _lost(
                f"This key cosigns {origin} with the state in {folder}, which is still "
                "there: use that folder. A copy does not know what was cosigned since."
            )

    def write(self, origin: str, state: Path) -> None:
        """Mark a log; the mark is on the disk then.

        Args:
            origin: of the log.
            state: the file of its state, which is on the disk already.

        Raises:
            InvalidInputError: the mark can't be read or written.
            TamperedError: it is damaged.
        """
        known, folder = self._read(), state.parent.resolve()
        if known.get(origin) == folder:
            return
        lines = _render({**known, origin: folder})
        try:
            keep(self.mark, lines)
        except UnavailableError as error:
            phrase = "lies where its mark can't be written beside it"
            raise InvalidInputError(_FIELD, phrase) from error

    def _read(self) -> dict[str, Path]:
        try:
            content = read_kept(self.mark) or b""
        except UnavailableError as error:
            raise InvalidInputError(_FIELD, "has a mark that can't be read") from error
        try:
            pairs = [json.loads(line) for line in content.splitlines()]
            found = {origin: Path(folder) for origin, folder in pairs}
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged() from error
        if _render(found) != content:
            raise self._damaged()
        return found

    def _damaged(self) -> TamperedError:
        return _lost(
            f"The witness's mark {self.mark} is damaged. Put it back from a copy, or make "
            "a new witness with a new key and a new name."
        )


def take(lock: int, field: str) -> None:
    """Lock an open file for this process, until it is closed.

    Args:
        lock: its number.
        field: named in the error.

    Raises:
        InvalidInputError: another process has it, or the machine has no locks.
    """
    if not locks.have_locks():
        raise InvalidInputError(field, "needs a machine with file locks")
    try:
        locks.take(lock, wait=False)
    except OSError as error:
        raise InvalidInputError(field, "is held by another witness") from error


def _mark(key: Path) -> Path:
    """Return where a key's mark lies; links to one key have one mark."""
    path = key.resolve()
    return path.with_name(f"{path.name}.begun")


def _may_be(path: Path) -> bool:
    """Tell whether there is a file, or where nobody may look perhaps one."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _render(known: Mapping[str, Path]) -> bytes:
    lines = (json.dumps([origin, str(folder)]) for origin, folder in known.items())
    return "".join(f"{line}\n" for line in lines).encode()


def _lost(sentence: str) -> TamperedError:
    return TamperedError().because(f"{sentence} One that forgets could cosign a fork.")
