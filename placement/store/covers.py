"""Covers: epoch keys that can be destroyed, wherever copies of the database lie.

What the database has of an epoch key that seals the past is wrapped by the custody, and
that once more under a key of its own in the key store, its *cover*. Whoever destroys the
cover has destroyed the epoch key in every backup of the database: those are opened by the
custody, for ever, and nothing of a custody's can be taken back.

A covered key, as the database keeps it::

    03 | what the cover seals: the key as the custody wrapped it

The context: store id | schema | "cover" | purpose | epoch. A key without that first byte
was made before there were covers.

Invariants:
    * a cover is durable before the key that it covers;
    * one that is there is never replaced: that commit may have failed, or not told.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from placement.crypto import datakeys
from placement.crypto.custody import WrappedKey
from placement.crypto.keyring import EpochKey, Purpose
from placement.crypto.sealing import context
from placement.crypto.wiping import wipe
from placement.errors import TamperedError
from placement.store.keystore import KeyStore

COVERED: Final = frozenset({Purpose.EVENT, Purpose.SNAPSHOT})
"""What seals the past. The access log stays, and so do its keys."""

_MARK: Final = b"\x03"  # no custody's blob begins with it
_OLDER: Final = (
    "This database is from before the log was compacted: the keys that open it were"
    " destroyed then. Restore a backup made since. Or the key store is older than the"
    " database, or another's."
)

Where = tuple[Purpose, int]


class Covers:
    """The covers of one store.

    Args:
        keys: where they are kept.
        owner: context of the store.
    """

    def __init__(self, keys: KeyStore, owner: bytes) -> None:
        self._keys = keys
        self._owner = owner

    def put(self, keys: Iterable[EpochKey]) -> list[EpochKey]:
        """Cover those keys that are to be; the covers are durable when this returns.

        Raises:
            TamperedError: a cover that is there does not unwrap.
            UnavailableError: the key store does not answer.
        """
        return [self._put(key) if key.purpose in COVERED else key for key in keys]

    def take(self, keys: Iterable[EpochKey]) -> list[EpochKey]:
        """Uncover keys; those whose cover was destroyed are left out.

        Raises:
            TamperedError: a cover does not fit; or no key of a purpose has one, so that
                the database is older than what destroyed them.
            UnavailableError: the key store does not answer.
        """
        given = list(keys)
        found = [each for key in given if (each := self.bare(key)) is not None]
        newest: dict[Purpose, int] = {}
        for key in given:
            newest[key.purpose] = max(newest.get(key.purpose, 0), key.epoch)
        if not newest.items() <= {(key.purpose, key.epoch) for key in found}:
            raise TamperedError().because(_OLDER)
        return found

    def bare(self, key: EpochKey) -> EpochKey | None:
        """Uncover one key; ``None`` if its cover was destroyed.

        Raises:
            TamperedError: the cover does not fit.
            UnavailableError: the key store does not answer.
        """
        if key.wrapped[:1] != _MARK or key.purpose not in COVERED:
            return key
        name = self._name((key.purpose, key.epoch))
        wrapped = self._keys.read(name, proven=True)
        if wrapped is None:
            return None
        cover = self._keys.wrapping.open(wrapped, name)
        blob = datakeys.opened(cover, key.wrapped[1:], self._place(key))
        wipe(cover)
        return replace(key, wrapped=WrappedKey(blob))

    def destroy(self, places: Collection[Where]) -> None:
        """Destroy the covers of some keys; done again, it changes nothing.

        Raises:
            UnavailableError: the key store does not answer, or the commit failed.
        """
        names = [self._name(where) for where in places]
        self._keys.destroy(names, snapshots=False)

    def purge(self) -> None:
        """Leave no copy of covers that were destroyed, as far as that is the database's.

        Raises:
            UnavailableError: somebody reads, and the next time does it; or it is damaged.
        """
        self._keys.remains.require_removed()

    def known(self, where: Where) -> list[bytes]:
        """Return what shows that a cover was destroyed: itself, and as it is kept.

        Secret: the result
        """
        wrapped = self._keys.read(self._name(where))
        if wrapped is None:
            return []
        return [wrapped, self._keys.wrapping.open(wrapped, self._name(where))]

    def _put(self, key: EpochKey) -> EpochKey:
        name = self._name((key.purpose, key.epoch))
        wrapped = self._keys.read(name, proven=True)
        if wrapped is None:
            cover, wrapped = self._keys.wrapping.make(name)
            self._keys.add({name: wrapped})
        else:
            cover = self._keys.wrapping.open(wrapped, name)
        blob = _MARK + datakeys.sealed(cover, key.wrapped, self._place(key))
        wipe(cover)
        return replace(key, wrapped=WrappedKey(blob))

    def _place(self, key: EpochKey) -> bytes:
        return self._owner + context(b"cover", key.purpose.value.encode(), key.epoch)

    def _name(self, where: Where) -> bytes:
        purpose, epoch = where
        return self._keys.wrapping.cover_name(context(purpose.value.encode(), epoch))
