"""What this client trusts of the access log, and how much of it it has seen.

A *policy* pins the log's key and those of witnesses, and how many of them must have
cosigned. A *view* keeps the newest checkpoint that this client has seen, so that a log
that is rolled back, or that shows others another history, is caught on the next call.

Invariants:
    * the log's own word is asked of the log's key alone; a witness counts once,
      whatever it signed, and never for the log;
    * a view moves forward or not at all, whatever runs beside it, and is never begun
      anew where its file is damaged;
    * what it kept is whole and private, and survives a loss of power.

The view's file is the checkpoint's signed note as it came.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias

from placement.audit import checkpoint, note
from placement.audit.checkpoint import Checkpoint, require_follows
from placement.audit.note import Kind, Verifier, VerifierKey, parse_key
from placement.crypto.files import write_file
from placement.crypto.signing import verify
from placement.errors import (
    InvalidInputError,
    NotFoundError,
    TamperedError,
    UnavailableError,
)
from placement_client import locks

FILE_MODE: Final = 0o600
DIRECTORY_MODE: Final = 0o700
OTHER_HISTORY: Final = (
    "The log shows another history than it showed this client before. Keep the files "
    "beside your contexts, and tell audit staff."
)
"""What is said where a log is not the one that was seen."""

Prove: TypeAlias = Callable[[int, int], Sequence[bytes]]
"""(old size, new size) to the consistency proof, as the log gives it."""

_QUORUM: Final = re.compile("0|[1-9][0-9]{0,2}")
_NO_LOG: Final = "must be pinned where witnesses are"
_NO_KEY: Final = "must be the log's verifier key, as the operator gave it"
_NO_WITNESS: Final = "must be verifier keys of witnesses, as they gave them"
_TWICE: Final = "must each have a name and a key of their own, and not the log's"
_NO_QUORUM: Final = "must be a number from 0 to that of the witnesses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whose word about the log counts. Made by ``parse``.

    Attributes:
        log: the log's key; its name is the log's origin.
        witnesses: their keys.
        quorum: how many of them must have cosigned a checkpoint.
    """

    log: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0

    @classmethod
    def parse(cls, log_key: str, witnesses: str, quorum: str) -> Self | None:
        """Read a policy as a context holds it.

        Args:
            log_key: a verifier key; empty for no policy.
            witnesses: verifier keys, parted by spaces.
            quorum: a decimal number; empty for 0.

        Raises:
            InvalidInputError: a key is none or of the wrong kind, two witnesses share
                a name or a key, more must have cosigned than there are, or there are
                witnesses without a log.
        """
        if not log_key:
            if witnesses or quorum:
                raise InvalidInputError("log_key", _NO_LOG)
            return None
        log = _key(log_key, Kind.ED25519, "log_key", _NO_KEY)
        cosigning = tuple(
            _key(text, Kind.COSIGNATURE, "witnesses", _NO_WITNESS)
            for text in witnesses.split()
        )
        # A cosignature does not hold its signer's name: one key would count twice.
        keys = {log.public_key, *(each.public_key for each in cosigning)}
        names = {each.name for each in cosigning}
        if len(keys) <= len(cosigning) or len(names) < len(cosigning):
            raise InvalidInputError("witnesses", _TWICE)
        wanted = quorum or "0"
        if not _QUORUM.fullmatch(wanted) or int(wanted) > len(cosigning):
            raise InvalidInputError("quorum", _NO_QUORUM)
        return cls(log=log, witnesses=cosigning, quorum=int(wanted))

    def signed(self, content: bytes) -> Checkpoint:
        """Return the checkpoint in a note that the log signed, cosigned or not.

        Raises:
            TamperedError: the log did not sign it, or it is another log's.
        """
        found = note.parse(content)
        note.verify(found, [Verifier(self.log, verify)])
        read = checkpoint.parse(found.text)
        if read.origin != self.log.name:
            raise TamperedError
        return read

    def cosigners(self, content: bytes) -> tuple[str, ...]:
        """Return the names of the pinned witnesses who cosigned a note.

        Raises:
            TamperedError: a pinned key's signature does not verify, or nobody's is
                there.
        """
        known = [Verifier(key, verify) for key in (self.log, *self.witnesses)]
        ours = {(key.name, key.key_id) for key in self.witnesses}
        signatures = note.verified(note.parse(content), known)
        names = {one.name for one in signatures if (one.name, one.key_id) in ours}
        return tuple(sorted(names))

    def checkpoint(self, content: bytes) -> Checkpoint:
        """Return the checkpoint in a note that log and witnesses signed.

        Raises:
            TamperedError: the log did not, too few of the witnesses did, or it is
                another log's.
        """
        found = self.signed(content)
        if len(self.cosigners(content)) < self.quorum:
            raise TamperedError
        return found

    def require_enough(self, content: bytes) -> None:
        """Refuse for now a note that too few witnesses have cosigned yet.

        The service counts the witnesses that *it* knows.

        Raises:
            NotFoundError: too few of the pinned ones did.
            TamperedError: as ``cosigners``.
        """
        if len(self.cosigners(content)) < self.quorum:
            raise NotFoundError


@dataclass(frozen=True, slots=True)
class LogView:
    """How much of one log one context has seen.

    Attributes:
        path: where the newest checkpoint is kept.
        policy: what must have been signed.
    """

    path: Path
    policy: Policy

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint seen; nothing before the first.

        Raises:
            TamperedError: the file is damaged; nobody could tell a rollback then.
            UnavailableError: it can't be read.
        """
        content = read_kept(self.path)
        if content is None:
            return None
        try:
            return self.policy.signed(content)
        except TamperedError as error:
            error.because(f"{self.path} is damaged: it holds no checkpoint of the log")
            raise

    def advance(self, content: bytes, prove: Prove) -> Checkpoint:
        """Verify a checkpoint, hold it against the newest seen, and keep the newer.

        Args:
            content: the signed note.
            prove: gets consistency proofs from the log.

        Raises:
            TamperedError: the policy refuses it, or neither of the two begins the
                other as far as the log can prove.
            UnavailableError: no proof can be had now, or nothing be kept.
        """
        found = self.policy.checkpoint(content)
        with locked(self.path.parent):
            seen = self.newest()
            if seen is not None:
                require_one_history(found, seen, prove)
            if seen is None or found.size > seen.size:
                keep(self.path, content)
        return found

    def require(self, found: Checkpoint, prove: Prove) -> None:
        """Refuse a checkpoint that does not fit the newest seen; keep nothing.

        Raises:
            TamperedError: as ``advance``.
            UnavailableError: no proof can be had now.
        """
        seen = self.newest()
        if seen is not None:
            require_one_history(found, seen, prove)


def require_one_history(one: Checkpoint, other: Checkpoint, prove: Prove) -> None:
    """Refuse two checkpoints of which neither begins the other.

    Raises:
        TamperedError: they are of two histories.
        UnavailableError: no proof can be had now.
    """
    old, new = sorted((one, other), key=lambda each: each.size)
    try:
        # A smaller one alone is no attack where several servers answer.
        trivial = old.size in {0, new.size}
        proof = () if trivial else tuple(prove(old.size, new.size))
        require_follows(old, new, proof)
    except (NotFoundError, InvalidInputError, TamperedError) as error:
        # Each size was signed, so a log that knows none of this one has forgotten.
        raise TamperedError().because(OTHER_HISTORY) from error


def _key(text: str, kind: Kind, field: str, phrase: str) -> VerifierKey:
    """Read a verifier key of one kind."""
    try:
        found = parse_key(text)
    except TamperedError as error:
        raise InvalidInputError(field, phrase) from error
    if found.kind is not kind:
        raise InvalidInputError(field, phrase)
    return found


# What is kept


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs away from what a folder holds, and make it if need be.

    Not to be entered twice by one run.

    Raises:
        UnavailableError: the folder can't be used.
    """
    try:
        folder.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        number = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
    except OSError as error:
        raise _unusable(folder, "can't be written to") from error
    try:
        locks.take(number, wait=True)
        yield
    finally:
        os.close(number)


def keep(path: Path, content: bytes) -> None:
    """Write a file whole, for its owner alone, in the place of the one that is there.

    Raises:
        UnavailableError: it can't be written.
    """
    try:
        path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        write_file(path, content, mode=FILE_MODE, replace=True)
        if hasattr(os, "O_DIRECTORY"):
            number = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(number)  # or the new name may be lost with the power
            finally:
                os.close(number)
    except OSError as error:
        raise _unusable(path, "can't be written") from error


def read_kept(path: Path) -> bytes | None:
    """Return what a kept file holds, or nothing if there is none.

    Raises:
        UnavailableError: it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, "can't be read") from error


def _unusable(path: Path, why: str) -> UnavailableError:
    return UnavailableError().because(f"{path} {why}")
