"""The custodian: holds the key of the pseudonyms and evaluates blinded elements.

It never sees an identifier or a pseudonym, and keeps nothing between two calls. The
engine admits a caller and spends the budget first; nothing is evaluated before that is
durable.

A custodian who stands apart has a log of its own, founded under ``log_id``: no registry
has that id, so neither is ever served from the other's log.

While its key is replaced it has two: the next one lies beside it, ``custodian.key.next``,
and is taken up by a custodian that serves as soon as somebody asks for it. Which of them
counts is not the custodian's to say; it says under which it evaluated.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from placement.crypto import voprf
from placement.crypto.custody import (
    OPRF_LABEL,
    Custody,
    read_secret,
    write_secret,
)
from placement.crypto.files import destroy_file, settle
from placement.crypto.keyfile import is_wrapped, read_key, write_wrapped
from placement.crypto.shares import key_id
from placement.errors import (
    ConflictError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)

_LOG: Final = b"placement-custodian-log-v1"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluated elements, in order, with one proof for all."""

    elements: tuple[bytes, ...]
    proof: bytes
    key_id: bytes


class Custodian:
    """Evaluates under one key, and finds the next one.

    Args:
        key: the key.
        find: opens the next key, if there is one by now.

    Attributes:
        public_key: 33 bytes, what clients pin.
        key_id: SHA-256 of the public key.
    """

    def __init__(self, key: voprf.PrivateKey, find: "_Find" = lambda: None) -> None:
        self._key = key
        self._find = find
        self._next: Custodian | None = None
        self.public_key = key.public.encode()
        self.key_id = key_id(key.public)

    def under(self, key_id: bytes) -> "Custodian | None":
        """Return who evaluates under a key; nobody if there is no such key here.

        Args:
            key_id: of this key or the next one; empty for this one.

        Raises:
            TamperedError: another custody wrapped the next key, or it was altered.
            UnavailableError: the next key can't be read.
        """
        if key_id in (b"", self.key_id):
            return self
        if self._next is None:
            self._next = self._find()
        found = self._next
        return found if found is not None and found.key_id == key_id else None

    @property
    def log_id(self) -> bytes:
        """Under what this custodian's own log is founded, 32 bytes."""
        return log_id(self.key_id)

    def __repr__(self) -> str:
        """Return the type only."""
        return "Custodian()"

    @classmethod
    def create(cls, path: Path, custody: Custody | None = None) -> "Custodian":
        """Generate a key and write its file, plain or wrapped by a custody.

        Raises:
            ConflictError: the file is there already.
            UnavailableError: it can't be written, or the custody does not answer.
        """
        key = voprf.generate_key()
        if custody is None:
            write_secret(path, OPRF_LABEL, key.encode())
        else:
            write_wrapped(path, OPRF_LABEL, key.encode(), custody)
        return cls(key)

    @classmethod
    def open(cls, path: Path, custody: Custody | None = None) -> "Custodian":
        """Read a key file, with the custody that may have wrapped it.

        Raises:
            TamperedError: another custody wrapped it, or it was altered.
            UnavailableError: it can't be read, or is none.
        """
        try:
            key = voprf.PrivateKey.decode(_secret_of(path, custody))
        except InvalidInputError:
            raise UnavailableError from None
        return cls(key, partial(_find_next, path, custody))

    def wrap_file(self, path: Path, custody: Custody) -> None:
        """Put a wrapped file of this key in the place of a plain one, and destroy that.

        Ended half-way, it can be done again: the key lies under its name at any time,
        and the plain file beside it, with ``.plain``, until it is destroyed.

        Raises:
            ConflictError: such a file is there already, and not of this key.
            OSError: the plain file can't be replaced or destroyed.
            TamperedError: what was wrapped does not open, or is another key; the plain
                file stays.
            UnavailableError: it can't be written, or the custody does not answer.
        """
        plain = plain_path(path)
        if plain.exists() and not self._is_in(plain):
            raise ConflictError
        if not is_wrapped(path, OPRF_LABEL):
            if not plain.exists():
                plain.hardlink_to(path)
            self._replace(path, custody)
        if plain.exists():
            destroy_file(plain)

    def _is_in(self, plain: Path) -> bool:
        """Tell whether a file holds this key, or did until it was overwritten."""
        if not plain.read_bytes().strip(b"\0"):
            return True
        return Custodian.open(plain).public_key == self.public_key

    def _replace(self, path: Path, custody: Custody) -> None:
        """Replace a file by a wrapped one, once that is seen to open to this key."""
        wrapped = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            write_wrapped(wrapped, OPRF_LABEL, self._key.encode(), custody)
            if Custodian.open(wrapped, custody).public_key != self.public_key:
                raise TamperedError
            wrapped.replace(path)
        finally:
            wrapped.unlink(missing_ok=True)
        settle(path.parent)

    def evaluate(self, blinded: Sequence[voprf.BlindedElement]) -> Evaluation:
        """Evaluate elements and prove that the published key was used.

        Args:
            blinded: 1 to 50.
        """
        evaluated = voprf.evaluate(self._key, blinded)
        proof = voprf.prove(self._key, blinded, evaluated)
        return Evaluation(
            elements=tuple(element.encode() for element in evaluated),
            proof=proof.encode(),
            key_id=self.key_id,
        )


_Find = Callable[[], Custodian | None]


def log_id(key_id: bytes) -> bytes:
    """Return under what the log of a custodian with a key is founded, 32 bytes."""
    return sha256(_LOG + key_id).digest()


def next_path(path: Path) -> Path:
    """Return where the key lies that takes the place of one in a file."""
    return path.with_name(f"{path.name}.next")


def plain_path(path: Path) -> Path:
    """Return where a plain key lies while a wrapped one takes its place."""
    return path.with_name(f"{path.name}.plain")


def _secret_of(path: Path, custody: Custody | None) -> bytes:
    if custody is None:
        return read_secret(path, OPRF_LABEL)
    return read_key(path, OPRF_LABEL, custody)


def _find_next(path: Path, custody: Custody | None) -> Custodian | None:
    beside = next_path(path)
    return Custodian.open(beside, custody) if beside.exists() else None


def retire_key(path: Path, into: bytes, custody: Custody | None = None) -> None:
    """Destroy the key in a file, and put the next one in its place.

    Ended half-way, it can be done again: the next key lies beside the retired one, or
    alone, or in its place.

    Args:
        path: where the retired key lies, or lay.
        into: id of the key that takes its place.
        custody: of both.

    Raises:
        ConflictError: the next key is another one, or there is none.
        OSError: a file can't be destroyed or renamed.
        TamperedError: another custody wrapped it, or it was altered.
        UnavailableError: it can't be read.
    """
    require_next(path, into, custody)
    beside = next_path(path)
    if not beside.exists():  # it was done before
        return
    if path.exists():
        destroy_file(path)
    beside.rename(path)
    settle(path.parent)


def require_next(path: Path, into: bytes, custody: Custody | None = None) -> None:
    """Refuse to retire a key in favour of another than the next one.

    Raises:
        ConflictError: the next key is another one, or there is none.
        TamperedError: another custody wrapped it, or it was altered.
        UnavailableError: it can't be read.
    """
    beside = next_path(path)
    there = beside if beside.exists() else path
    if not there.exists() or Custodian.open(there, custody).key_id != into:
        raise ConflictError


def split_key(
    path: Path, first: Path, second: Path, custody: Custody | None = None
) -> tuple[bytes, bytes, bytes]:
    """Split the key in a file in two shares, each in a new, plain file of its own.

    Args:
        path: where the key is.
        first: for one share.
        second: for the other.
        custody: that wrapped the key, if one did.

    Returns:
        The public keys: of the whole, of the first share, of the second.

    Raises:
        ConflictError: a file for a share is there already.
        TamperedError: another custody wrapped it, or it was altered.
        UnavailableError: a file can't be read or written, or holds no key.
    """
    try:
        key = voprf.PrivateKey.decode(_secret_of(path, custody))
        shares = key.split()
    except InvalidInputError:
        raise UnavailableError from None
    for share, file in zip(shares, (first, second), strict=True):
        write_secret(file, OPRF_LABEL, share.encode())
    first_share, second_share = (share.public.encode() for share in shares)
    return key.public.encode(), first_share, second_share
