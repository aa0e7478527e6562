"""The anchor: the last head that a server saw durable, in a file beside no database.

Every record vouches for those before it, and the head for all of them; but a copy of
the whole database, older than the log, verifies. What shows it is something that was
not put back with it. A server writes the head down after each commit, before anybody is
answered, and at the start the log has to continue from there. So a database that was put
back, cut, swapped or forked is refused, and so is one whose disk lost what it had said
was written.

The file holds two slots of 4 KiB, which are written in turn, so that a torn write never
takes the one before it. After a rotation both are: an older slot never speaks for one
whose key a database that was put back does not have::

    magic, 16 | epoch, 4 | length, 4 | blob | zeros

The blob seals revision, 8 | leaves, 8 | what the head's row seals | zeros, in the context
store id | schema | "anchor" | epoch. It has one length whatever it holds, so that nobody
without the keys sees how much was written, or when: ticks hide that in the database.

Put the file on another disk than the database: whoever puts both back together is seen
by the witnesses alone.
"""

import os
import struct
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from placement.crypto.files import write_file
from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import Sealer, context
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.store.chain import ChainError
from placement.store.head import Head
from placement.store.log import Store

SLOT: Final = 4096  # bytes
_MAGIC: Final = b"placement anchor"
_FIXED: Final = struct.Struct(f">{len(_MAGIC)}sII")
_NUMBERS: Final = struct.Struct(">QQ")
_SEALED: Final = 2300  # bytes, sealed without a rest; the largest head has 2,144
_BLOB: Final = 2333  # bytes
_MODE: Final = 0o600
_WAY: Final = (
    " docs/operations.md, under Older databases, says what to do; where it has to be"
    " served all the same, two officers say so: `placement-server older`."
)


def digest_of(path: Path) -> bytes | None:
    """Return SHA-256 over an anchor's file, whatever it is; ``None`` if there is none.

    No two writes make the same file, even of one head.

    Raises:
        UnavailableError: it can't be read.
    """
    try:
        return sha256(path.read_bytes()).digest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError().because("The anchor can't be read.") from error


class Anchor:
    """The file of one server and one store; used by one thread.

    Args:
        path: of the file.
        store: whose heads it holds.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._ring: KeyRing = store.ring
        self._owner = store.owner
        self._slot = 0
        self._kept: Head | None = None
        self._epochs = [0, 0]  # that the slots are sealed under; 0 is none

    def create(self, head: Head) -> None:
        """Make the file.

        Raises:
            ConflictError: there is one already.
            UnavailableError: it can't be written.
        """
        self._write(head, replace=False)

    def replace(self, head: Head) -> None:
        """Put another head into its place, however old, or make the file.

        Raises:
            UnavailableError: it can't be written.
        """
        self._write(head, replace=True)

    def read(self) -> Head:
        """Return the head that was kept last.

        Raises:
            TamperedError: it is another store's, was altered, or is of an epoch that
                the store does not have.
            UnavailableError: the file is not there, or can't be read.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            raise UnavailableError().because(
                "The anchor is not there: nothing shows that the database is the newest."
                + _WAY
            ) from None
        except OSError as error:
            raise UnavailableError().because(
                "The anchor can't be read: see its rights, and the disk."
            ) from error
        found: list[tuple[int, int, int, int, Head]] = []
        epochs = [0, 0]
        for slot in (0, 1):
            read = _read(content[slot * SLOT : (slot + 1) * SLOT])
            if read is None:
                continue
            epoch, blob = read
            sealer = self._sealer(epoch)
            with suppress(TamperedError):
                head = _unpacked(sealer.open(blob, context=self._place(epoch)))
                far = head.revision, head.leaves, head.published
                found.append((*far, slot, head))
                epochs[slot] = epoch
        if not found:
            why = "is another store's, or was altered" if content else "is empty"
            raise TamperedError().because(f"The anchor {why}.{_WAY}")
        *_, slot, head = max(found, key=lambda each: each[:4])
        self._slot, self._kept, self._epochs = slot, head, epochs
        return head

    def keep(self, head: Head) -> None:
        """Write down that a head is durable; on the disk when this returns.

        Both slots, if one of them is of another epoch, or was torn.

        Raises:
            UnavailableError: the file is not there, or can't be written.
        """
        epoch, _ = self._ring.active(Purpose.HEAD)
        if head == self._kept and self._epochs == [epoch, epoch]:
            return
        self._put(head)
        if self._epochs != [epoch, epoch]:
            self._put(head)

    def _put(self, head: Head) -> None:
        """Write the slot whose turn it is."""
        slot = 1 - self._slot
        epoch, content = self._sealed(head)
        try:
            descriptor = os.open(self._path, os.O_WRONLY)
            try:
                written = os.pwrite(descriptor, content, slot * SLOT)
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise UnavailableError().because("The anchor can't be written.") from error
        if written != SLOT:
            raise UnavailableError().because("The anchor can't be written.")
        self._slot, self._kept = slot, head
        self._epochs[slot] = epoch

    def _write(self, head: Head, *, replace: bool) -> None:
        epoch, content = self._sealed(head)
        try:
            write_file(self._path, content * 2, mode=_MODE, replace=replace)
        except FileExistsError as error:
            raise ConflictError from error
        except OSError as error:
            raise UnavailableError().because("The anchor can't be written.") from error
        self._slot, self._kept, self._epochs = 0, head, [epoch, epoch]

    def _sealed(self, head: Head) -> tuple[int, bytes]:
        """Return a slot, and the epoch it is sealed under."""
        epoch, sealer = self._ring.active(Purpose.HEAD)
        numbers = _NUMBERS.pack(head.revision, head.leaves)
        payload = (numbers + head.content()).ljust(_SEALED, b"\0")
        blob = sealer.seal(payload, context=self._place(epoch))
        fixed = _FIXED.pack(_MAGIC, epoch, len(blob))
        return epoch, (fixed + blob).ljust(SLOT, b"\0")

    def _sealer(self, epoch: int) -> Sealer:
        """Return what opens a slot.

        Raises:
            TamperedError: the store does not have that epoch, so it is older than the
                slot; not to open it would be to forget what it says.
        """
        try:
            return self._ring.sealer(Purpose.HEAD, epoch)
        except TamperedError as error:
            error.because(
                f"The anchor is of newer keys: the database is older than what was served.{_WAY}"
            )
            raise

    def _place(self, epoch: int) -> bytes:
        return self._owner + context(b"anchor", epoch)


def _read(content: bytes) -> tuple[int, bytes] | None:
    """Return epoch and blob of a slot; ``None`` if it is cut, torn or no slot."""
    if len(content) != SLOT:
        return None
    magic, epoch, length = _FIXED.unpack_from(content)
    if magic != _MAGIC or length != _BLOB:
        return None
    return epoch, content[_FIXED.size : _FIXED.size + length]


def _unpacked(payload: bytes) -> Head:
    """Read what a slot seals.

    Raises:
        TamperedError: it is no head.
    """
    revision, leaves = _NUMBERS.unpack_from(payload)
    end = _NUMBERS.size + Head.size(leaves)
    return Head.of(revision, leaves, payload[_NUMBERS.size : end])


class Unanchored:
    """Remembers nothing: for whoever opens a store without serving it."""

    def keep(self, head: Head) -> None:
        """Do nothing."""


def _where(head: Head, seen: Head, error: ChainError) -> str:
    """Say where a database and what was served part."""
    if head.revision < seen.revision or head.leaves < seen.leaves:
        ends = f"{head.revision} events and {head.leaves} entries"
        return f"It ends after {ends}; served were {seen.revision} and {seen.leaves}."
    if head.published < seen.published:
        return (
            f"Its newest checkpoint is of {head.published} entries; one of"
            f" {seen.published} was served."
        )
    return f"It is another from {error.where} on, unless that is damaged."


def require_newest(store: Store, anchor: Anchor | Unanchored) -> None:
    """Refuse a log that does not continue from the anchor; keep where it ends now.

    Raises:
        TamperedError: the database was put back, cut, or grew another way.
        UnavailableError: the database or the file does not answer.
    """
    if isinstance(anchor, Unanchored):
        return
    seen = anchor.read()
    try:
        with store.writing() as log:
            log.require_after(seen)
            head = log.head
    except ChainError as error:
        raise TamperedError().because(
            "The database does not continue from the anchor: it is older than what"
            " was served, or another." + _WAY,
            _where(store.read_head(), seen, error),
        ) from error
    anchor.keep(head)
