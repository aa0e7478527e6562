"""What can be forgotten: records and details sealed once more, by dossier.

A *dossier* is a fact, or a case with all that belongs to it. What is written about it is
sealed under a data key of its own before it becomes part of an event or of an entry's
details. So chain, tree, proofs and hashes are over what nobody can read once that key is
destroyed, and stay as they are.

Invariants:
    * a key is durable in the key store before the record that needs it is appended;
    * a key that is there is never replaced: whoever begins the same dossier again, after
      a commit that failed or on another server, seals it by the key that it has;
    * a key that is missing is taken for an erasure only if an event later in the log
      says so; else something was tampered with.

The content of a ``Sealed`` event is a record without time and organisation, sealed by
the data key (``placement/crypto/datakeys.py``); of its request it holds the digest.
Details that belong to a case::

    02 | dossier, 16 | details, sealed by the data key

Contexts: store id | schema | "event", "details" or "snapshot" | dossier, or name.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from placement.crypto import datakeys
from placement.crypto.datakeys import DataKey
from placement.crypto.sealing import context
from placement.domain.erasure_events import Sealed
from placement.domain.events import Record, Request
from placement.domain.terms import DossierId, Micros
from placement.errors import TamperedError, UnavailableError
from placement.store.codec import decode, encode
from placement.store.idle_keys import fill_up, with_idle
from placement.store.keystore import KeyStore

MAX_KEPT: Final = 1 << 17
"""Keys kept unwrapped in memory: those used last."""
_ID_SIZE: Final = 16  # bytes
_NOBODY: Final = Request(organisation="", person="", id=b"", digest=b"")
_MARK: Final = b"\x02"  # no details begin with it (placement/audit/details.py)


class Vault:
    """The data keys of one store, and what they seal; safe to share between threads.

    Args:
        keys: where they are kept.
        owner: context of the store.
        erased: tells which of some dossiers the log says are erased.

    Attributes:
        remains: what may be left of keys that were destroyed.
    """

    def __init__(
        self,
        keys: KeyStore,
        owner: bytes,
        erased: Callable[[Collection[bytes]], set[bytes]],
    ) -> None:
        self._keys, self.remains = keys, keys.remains
        self._owner = owner
        self._erased = erased
        self._kept: OrderedDict[bytes, DataKey] = OrderedDict()
        self._new: dict[bytes, tuple[DataKey, bytes]] = {}
        self._owed: set[bytes] = set()
        self._settled: set[bytes] = set()
        self._made = 0  # keys, since they were last filled up
        self._proven: set[bytes] = set()  # looked for by readers, in the log
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Return the type only."""
        return "Vault()"

    # Records

    def begin(self, dossiers: Collection[DossierId]) -> None:
        """Find or make the keys of dossiers that begin.

        One that has a key already was begun before, and that commit failed, or did not
        tell; another server may be about to use that key. Or it was made ahead.

        Args:
            dossiers: which.

        Raises:
            TamperedError: a key does not unwrap.
            UnavailableError: the key store does not answer.
        """
        new, kept = self._new, self._kept
        with self._lock:
            wanted = {each for each in dossiers if each not in new and each not in kept}
        if wanted:
            for name in wanted - self._keys.find(list(wanted)):
                new[name] = self._keys.wrapping.make(name)

    def seal(self, record: Record, dossier: DossierId | None) -> bytes:
        """Write a record of a dossier.

        Args:
            record: which.
            dossier: whose; ``None`` for what is of none.

        Raises:
            TamperedError: the dossier's key is missing, or it was not begun.
            UnavailableError: the key store does not answer.

        Secret: the result
        """
        if dossier is None:
            return encode(record)
        key = self._sealing(dossier)
        request = record.request
        digest = request and replace(_NOBODY, digest=request.digest)
        said = encode(Record(at=Micros(0), event=record.event, request=digest))
        event = Sealed(
            dossier=dossier,
            content=datakeys.sealed(key, said, self._place(b"event", dossier)),
        )
        told = None if request is None else replace(request, digest=b"")
        return encode(Record(at=record.at, event=event, request=told))

    def open(self, payload: bytes) -> Record:
        """Read a record.

        Returns:
            What was written; with its ``Sealed`` event as it is, if the key is missing.
            Whoever folds it has to see an event that erases its dossier.

        Raises:
            TamperedError: it is no record, or does not open.
            UnavailableError: the key store does not answer.
        """
        record = decode(payload)
        if not isinstance(record.event, Sealed):
            return record
        dossier = record.event.dossier
        key = self._key(dossier) if record.event.content else None  # else a stub
        if key is None:
            return record
        place = self._place(b"event", dossier)
        said = decode(datakeys.opened(key, record.event.content, place))
        if isinstance(said.event, Sealed):
            raise TamperedError
        request = record.request
        if request is not None:
            if said.request is None:
                raise TamperedError
            request = replace(request, digest=said.request.digest)
        return Record(at=record.at, event=said.event, request=request)

    def flush(self) -> None:
        """Keep the keys that were made and not kept yet, in one commit.

        Raises:
            UnavailableError: the key store does not answer, the commit failed, or
                somebody else began one of the dossiers meanwhile.
        """
        if not self._new:
            return
        self._keys.add({name: wrapped for name, (_, wrapped) in self._new.items()})
        self._made += len(self._new)
        for name, (key, _) in self._new.items():
            self._keep(name, key)
        self._new = {}

    def drop(self) -> None:
        """Forget the keys that were made for what was then not appended."""
        self._new = {}

    def tidy(self, least: int) -> None:
        """Fill up the keys made since the last time, and let no journal tell of each."""
        if fill_up(self._keys, self._made, least):
            self._made = 0

    # Details

    def shut(self, dossier: DossierId, details: bytes) -> bytes:
        """Seal the details of an entry about a case.

        Raises:
            TamperedError: the case's key is missing.
            UnavailableError: the key store does not answer.

        Secret: details
        """
        key = self._sealing(dossier)
        blob = datakeys.sealed(key, details, self._place(b"details", dossier))
        return _MARK + dossier + blob

    def details(self, content: bytes) -> bytes | None:
        """Open the details of an entry.

        Returns:
            The details; ``None`` if the log says that their dossier is erased.

        Raises:
            TamperedError: they do not open.
            UnavailableError: the key store or the database does not answer.
        """
        dossier = dossier_of_details(content)
        if dossier is None:
            return content
        key = self._key(dossier)
        if key is None:
            self.require_erased({dossier})
            return None
        blob = content[len(_MARK) + _ID_SIZE :]
        return datakeys.opened(key, blob, self._place(b"details", dossier))

    # Snapshots

    def new_snapshot(self) -> tuple[bytes, DataKey, bytes]:
        """Make the key of a snapshot; return its name, itself, and wrapped."""
        name = secrets.token_bytes(_ID_SIZE)
        return name, *self._keys.wrapping.make(name)

    def keep_snapshot(self, name: bytes, wrapped: bytes) -> None:
        """Keep the key of a snapshot.

        Raises:
            UnavailableError: the key store does not answer, or the commit failed.
        """
        self._keys.add({name: wrapped}, snapshot=True)

    def snapshots(self) -> list[bytes]:
        """Return the names of the snapshots that have a key: see ``KeyStore``."""
        return self._keys.snapshots()

    def destroy_snapshots(
        self, names: Collection[bytes], *, late: bool = False
    ) -> None:
        """Destroy keys of snapshots: see ``KeyStore``."""
        self._keys.destroy_snapshots(names, late=late)

    def snapshot(self, name: bytes) -> DataKey | None:
        """Return the key of a snapshot; ``None`` once it was destroyed.

        Raises:
            TamperedError: it does not unwrap.
            UnavailableError: the key store does not answer.
        """
        wrapped = self._keys.read(name, snapshot=True)
        return None if wrapped is None else self._keys.wrapping.open(wrapped, name)

    def seal_part(self, key: DataKey, name: bytes, part: bytes) -> bytes:
        """Seal a part of a snapshot.

        Secret: part
        """
        return datakeys.sealed(key, part, self._place(b"snapshot", name))

    def open_part(self, key: DataKey, name: bytes, part: bytes) -> bytes:
        """Open a part of a snapshot.

        Raises:
            TamperedError: it does not verify.
        """
        return datakeys.opened(key, part, self._place(b"snapshot", name))

    # Erasure

    def require_erased(self, dossiers: Collection[bytes]) -> None:
        """Refuse keys that are missing although nothing in the log erased them.

        Raises:
            TamperedError: there are such.
            UnavailableError: a database does not answer.
        """
        left = set(dossiers) - self._settled - self._owed - self._proven
        if left:
            self._proven |= self._erased(left)
        if left := left - self._proven:
            there = self._keys.find(list(left), proven=True)  # another machine had not
            raise UnavailableError if there else TamperedError

    def owe(self, erased: Collection[bytes]) -> list[bytes]:
        """Note which dossiers the log says are erased; return those that are new.

        Their keys are used no more, and destroyed by ``settle``.
        """
        if len(erased) == len(self._settled) + len(self._owed):
            return []
        new = [each for each in erased if each not in self._settled | self._owed]
        with self._lock:
            self._owed.update(new)
            for name in new:
                self._kept.pop(name, None)
        return new

    @property
    def owes(self) -> bool:
        """Whether there are keys to be destroyed."""
        return bool(self._owed)

    def settle(self) -> None:
        """Destroy the keys of what is erased, and what is left of them, if it can be.

        Raises:
            UnavailableError: the key store does not answer, or the commit failed.
        """
        if self._owed:
            self._keys.destroy(with_idle(self._keys, self._owed))
            self._settled |= self._owed
            self._owed = set()
        self.remains.remove()

    def verify(self, pace: Callable[[], object] = lambda: None) -> set[bytes]:
        """Unwrap every key, and keep some of them at hand.

        Args:
            pace: called for each.

        Returns:
            The dossiers that have one.

        Raises:
            TamperedError: a key does not unwrap.
            UnavailableError: the key store does not answer.
        """
        wrapping, found = self._keys.wrapping, set[bytes]()
        for name, wrapped in self._keys.all():
            pace()
            if not (wrapping.is_idle(name) or wrapping.is_cover(name)):
                found.add(name)
                key = wrapping.open(wrapped, name)
                if len(self._kept) < MAX_KEPT:  # or those used last would go
                    self._keep(name, key)
        return found

    def close(self) -> None:
        """Close the key store."""
        self._keys.close()

    def _sealing(self, dossier: bytes) -> DataKey:
        """Return the key that seals what is said of a dossier now.

        Raises:
            TamperedError: there is none.
            UnavailableError: the key store does not answer, or is behind what it was.
        """
        made = self._new.get(dossier)
        key = self._key(dossier) if made is None else made[0]
        if key is None:
            there = self._keys.find([dossier], proven=True)  # another machine had not
            raise UnavailableError if there else TamperedError
        return key

    def _key(self, dossier: bytes) -> DataKey | None:
        """Return the durable key of a dossier.

        ``None`` if there is none, or shall not be. One that was made for what is to be
        appended opens nothing: another server may have begun the same.
        """
        with self._lock:
            if dossier in self._owed or dossier in self._settled:
                return None
            if (key := self._kept.get(dossier)) is not None:
                self._kept.move_to_end(dossier)
                return key
        if (wrapped := self._keys.read(dossier)) is None:
            return None
        key = self._keys.wrapping.open(wrapped, dossier)
        self._keep(dossier, key)
        return key

    def _keep(self, dossier: bytes, key: DataKey) -> None:
        with self._lock:
            if dossier not in self._owed and dossier not in self._settled:
                self._kept[dossier] = key
                if len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)

    def _place(self, kind: bytes, name: bytes) -> bytes:
        return self._owner + context(kind, name)


def dossier_of_details(content: bytes) -> DossierId | None:
    """Return whose key the details of an entry need; ``None`` for nobody's.

    Raises:
        TamperedError: they are cut.
    """
    if content[:1] != _MARK:
        return None
    dossier = content[len(_MARK) : len(_MARK) + _ID_SIZE]
    if len(dossier) != _ID_SIZE:
        raise TamperedError
    return DossierId(dossier)
