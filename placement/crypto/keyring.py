"""The keys of one store: by purpose, and by epoch within a purpose.

Writes use the active epoch of a purpose, reads accept the retired ones too. What the
ring gives out are sealers, a keyed hash and a stream, never a key. It reads and writes
nothing.

Invariants:
    * one purpose and epoch, one key: HKDF-SHA256 of that epoch's own secret, with
      info ``placement/<purpose>/<epoch>``;
    * the active epoch is the highest; but streams are of the first for ever, or whatever
      was drawn from them would be another, and so are keyed hashes;
    * a ring exists only if every one of its keys unwrapped;
    * what another server began is learnt before anything is said to be of no epoch;
    * a key is in the memory of this process as a cipher's alone; of one that was
      destroyed nothing is left there as soon as that is learnt (``refresh``).
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from placement.crypto.custody import Custody, WrappedKey
from placement.crypto.sealing import KEY_SIZE, Sealer, context
from placement.crypto.wiping import wipe
from placement.errors import TamperedError, UnavailableError


class Purpose(StrEnum):
    """What a key is for; the values stand in the database and in every derivation."""

    EVENT = "event"
    ENTRY = "entry"
    DETAILS = "details"
    HEAD = "head"
    SNAPSHOT = "snapshot"
    SUBJECT = "subject"
    ALIAS = "alias"
    PAGE = "page"
    SUMMARY = "summary"
    PHANTOM = "phantom"


_KEYED_HASH: Final = frozenset({Purpose.SUBJECT, Purpose.ALIAS})
_UNSEALING: Final = _KEYED_HASH | {Purpose.PHANTOM}
ROTATING: Final = tuple(each for each in Purpose if each not in _UNSEALING)
"""Purposes that get a new key with each epoch: those that seal."""
# So large that what one person does is seldom larger: sizes don't tell what it was.
_LEAST: Final = {
    Purpose.EVENT: 512,
    Purpose.ENTRY: 512,
    Purpose.DETAILS: 1024,
    Purpose.SNAPSHOT: 512,
}
_CHANGED: Final = (
    "Another custody has this store's keys now: stop this server, and start it with the"
    " settings that name that one."
)


@dataclass(frozen=True, slots=True)
class EpochKey:
    """One wrapped epoch secret, as the store keeps it."""

    purpose: Purpose
    epoch: int  # from 1
    wrapped: WrappedKey


def key_context(owner: bytes, purpose: Purpose, epoch: int) -> bytes:
    """Say what an epoch secret is wrapped for, so that rows can't change places.

    Args:
        owner: context of the store that the key belongs to.
        purpose: the purpose it is for.
        epoch: its epoch, from 1.
    """
    return owner + context(b"key", purpose.value.encode(), epoch)


def new_key(custody: Custody, owner: bytes, purpose: Purpose, epoch: int) -> EpochKey:
    """Make a fresh epoch secret; the secret itself is wiped at once."""
    wrapped, secret = custody.generate(key_context(owner, purpose, epoch))
    wipe(secret)
    return EpochKey(purpose, epoch, wrapped)


def _derive(secret: bytes, purpose: Purpose, epoch: int) -> bytes:
    """Derive the working key of a purpose and epoch.

    Secret: secret

    Source: RFC 5869, without salt.
    """
    info = f"placement/{purpose.value}/{epoch}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=info).derive(
        secret
    )


class KeyRing:
    """All keys of one store, unwrapped.

    Args:
        keys: at least one wrapped secret for each purpose.
        custody: unwraps them.
        owner: context of the store that they belong to.

    Raises:
        TamperedError: a key does not unwrap (wrong custody, wrong store, altered), is
            there twice, or a purpose has none, or streams another than their first.
    """

    __slots__ = (
        "_active",
        "_custody",
        "_gone",
        "_hashes",
        "_owner",
        "_sealers",
        "_source",
    )

    def __init__(
        self, keys: Iterable[EpochKey], custody: Custody, *, owner: bytes
    ) -> None:
        self._sealers: dict[tuple[Purpose, int], Sealer] = {}
        self._hashes: dict[tuple[Purpose, int], bytes] = {}
        self._active: dict[Purpose, int] = {}
        self._gone: set[tuple[Purpose, int]] = set()  # destroyed since this was made
        self._custody = custody
        self._owner = owner
        self._source: Callable[[], Iterable[EpochKey]] | None = None
        given = list(keys)
        if len({(key.purpose, key.epoch) for key in given}) != len(given):
            raise TamperedError
        self._take(given)
        drawn = self._active.get(Purpose.PHANTOM)
        if len(self._active) != len(Purpose) or drawn != 1:
            raise TamperedError

    def __repr__(self) -> str:
        """Return the type only."""
        return "KeyRing()"

    def active(self, purpose: Purpose) -> tuple[int, Sealer]:
        """Return the epoch to write under, and its sealer.

        Raises:
            ValueError: the purpose does not seal.
        """
        epoch = self._active[purpose]
        return epoch, self.sealer(purpose, epoch)

    def sealer(self, purpose: Purpose, epoch: object) -> Sealer:
        """Return the sealer of an epoch, active or retired.

        Args:
            purpose: what is sealed.
            epoch: as it stood in the database, whatever its type.

        Raises:
            TamperedError: no such epoch in this ring.
            UnavailableError: it was destroyed while somebody still reads what was.
            ValueError: the purpose does not seal.
        """
        if purpose in _UNSEALING:
            raise ValueError("this purpose does not seal")
        if not isinstance(epoch, int):
            raise TamperedError
        found = self._sealers.get((purpose, epoch))
        if found is None and self._source and epoch > self._active[purpose]:
            self.refresh()
            found = self._sealers.get((purpose, epoch))
        if found is None:
            raise UnavailableError if (purpose, epoch) in self._gone else TamperedError
        return found

    def follow(self, source: Callable[[], Iterable[EpochKey]]) -> None:
        """Say where the keys stand that others may have begun since.

        Args:
            source: reads all of them.
        """
        self._source = source

    def refresh(self) -> None:
        """Learn what others began, and let go of what they destroyed.

        Raises:
            TamperedError: a key does not unwrap.
            UnavailableError: custody or database does not answer.
        """
        if self._source is None:
            return
        found = list(self._source())
        self.learn(found)
        there = {(key.purpose, key.epoch) for key in found}
        active = set(self._active.items())
        for where in self._sealers.keys() - there - active:
            self._gone.add(where)
            del self._sealers[where]

    def require_custody(self, keys: Iterable[EpochKey]) -> None:
        """Refuse if the custody of this ring is not the one that wraps the store now.

        Args:
            keys: as they stand there; the newest that has no cover is tried.

        Raises:
            TamperedError: they have none.
            UnavailableError: it is not, or does not answer.
        """
        entries = [key for key in keys if key.purpose is Purpose.ENTRY]
        newest = max(entries, key=lambda key: key.epoch, default=None)
        if newest is None:
            raise TamperedError
        place = key_context(self._owner, newest.purpose, newest.epoch)
        try:
            wipe(self._custody.unwrap(newest.wrapped, place))
        except TamperedError as error:
            raise UnavailableError().because(_CHANGED) from error

    def next_epoch(self) -> list[EpochKey]:
        """Make a key of the next epoch for each purpose that seals; none is used yet.

        Raises:
            UnavailableError: the custody does not answer.
        """
        return [
            new_key(self._custody, self._owner, purpose, self._active[purpose] + 1)
            for purpose in ROTATING
        ]

    def grown(self, keys: Iterable[EpochKey]) -> "KeyRing":
        """Return another ring that has some keys more.

        Raises:
            TamperedError: one does not unwrap, or is of a purpose that never changes.
            UnavailableError: the custody does not answer.
        """
        other = copy(self)
        other._sealers = dict(self._sealers)  # noqa: SLF001 (one of us)
        other._active = dict(self._active)  # noqa: SLF001 (likewise)
        other.learn(keys)
        return other

    def learn(self, keys: Iterable[EpochKey]) -> None:
        """Take the keys that this ring has not: writes use them from now on.

        Raises:
            TamperedError: one does not unwrap, or is of a purpose that never changes.
            UnavailableError: the custody does not answer.
        """
        known = self._sealers.keys() | self._hashes.keys()
        new = [key for key in keys if (key.purpose, key.epoch) not in known]
        if any(key.purpose in _UNSEALING for key in new):
            raise TamperedError
        self._take(new)

    def _take(self, keys: Iterable[EpochKey]) -> None:
        """Unwrap keys, all of them before any is used."""
        derived = {}
        for key in keys:
            where = (key.purpose, key.epoch)
            secret = self._custody.unwrap(key.wrapped, key_context(self._owner, *where))
            derived[where] = _derive(secret, *where)
            wipe(secret)
        for (purpose, epoch), secret in derived.items():
            if purpose in _UNSEALING:
                self._hashes[purpose, epoch] = secret
            else:
                self._sealers[purpose, epoch] = Sealer(secret, _LEAST.get(purpose, 0))
                wipe(secret)
        for purpose, epoch in derived:
            self._active[purpose] = max(self._active.get(purpose, 0), epoch)

    def traces(self, key: EpochKey) -> list[bytes]:
        """Return what a key is in memory: its secret, and what is derived of it.

        Raises:
            TamperedError: it does not unwrap.
            UnavailableError: the custody does not answer.

        Secret: the result
        """
        where = key.purpose, key.epoch
        secret = self._custody.unwrap(key.wrapped, key_context(self._owner, *where))
        return [secret, _derive(secret, *where)]

    def mac(self, purpose: Purpose, data: bytes) -> bytes:
        """Return HMAC-SHA-256 of the data under the purpose's active key.

        Args:
            purpose: ``SUBJECT``: what the store keeps instead of a pseudonym;
                ``ALIAS``: what an auditor sees instead of a case or a subject.
            data: for example a pseudonym, 32 bytes.

        Returns:
            32 bytes.

        Raises:
            ValueError: the purpose does not hash.

        Secret: data
        """
        if purpose not in _KEYED_HASH:
            raise ValueError("this purpose does not hash")
        key = self._hashes[purpose, self._active[purpose]]
        # Not hmac.digest: it lets another thread go on, and waits for its turn again.
        return hmac.new(key, data, "sha256").digest()

    def stream(self, label: bytes, size: int) -> bytes:
        """Return the beginning of the endless random stream that a label has.

        SHAKE-256 of the key of ``Purpose.PHANTOM`` and the label; the key has one length,
        and a sponge can't be extended. A longer piece begins as a shorter one does.

        Args:
            label: names the stream.
            size: bytes.

        Returns:
            The same on every server of this store.

        Secret: the result

        Source: FIPS 202.
        """
        key = self._hashes[Purpose.PHANTOM, 1]
        return hashlib.shake_256(key + label).digest(size)
