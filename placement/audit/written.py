"""What an entry wrote to the log of events, as one hash; part of its matter.

So the tree over the access log vouches for every event, too: nobody can change, add or
take away a fact without an entry that says so.

::

    first     8      revision of the first event
    count     4      how many, at least 1
    digest    32     SHA-256 over 02 and the SHA-256 of each of them
    form      1      02

So an event that was erased and compacted needs no more than its hash for the others to be
vouched for. In entries from before there is no last byte, and the digest is over all
events, each behind its length in 4 bytes.

>>> written = Written.of(7, [b"event"])
>>> Written.parse(written.render()) == written
True
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from placement.errors import TamperedError

FIRST: Final = 1
SECOND: Final = 2

_FORM: Final = struct.Struct(">QI32s")
_MARK: Final = bytes((SECOND,))  # no length begins so: an event is far shorter
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Written:
    """Some events in a row; the module says what each field means."""

    first: int
    count: int
    digest: bytes
    form: int = SECOND

    @classmethod
    def of(cls, first: int, events: Iterable[bytes]) -> Self:
        """Hash events.

        Secret: events
        """
        return cls.over(first, [sha256(event).digest() for event in events])

    @classmethod
    def over(cls, first: int, hashes: Sequence[bytes]) -> Self:
        """Hash events of which there may be the SHA-256 alone, 32 bytes each."""
        digest = sha256(_MARK + b"".join(hashes)).digest()
        return cls(first, len(hashes), digest)

    @classmethod
    def before(cls, first: int, events: Iterable[bytes]) -> Self:
        """Hash events as entries in the first form did.

        Secret: events
        """
        count, found = 0, sha256()
        for event in events:
            found.update(_LENGTH.pack(len(event)) + event)
            count += 1
        return cls(first, count, found.digest(), FIRST)

    def render(self) -> bytes:
        """Return the bytes; none for no events."""
        if not self.count:
            return b""
        content = _FORM.pack(self.first, self.count, self.digest)
        return content + _MARK if self.form == SECOND else content

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read what ``render`` returned; ``None`` for no events.

        Raises:
            TamperedError: it is nothing of the kind.
        """
        if not content:
            return None
        fields, mark = content[: _FORM.size], content[_FORM.size :]
        if len(fields) != _FORM.size or mark not in {b"", _MARK}:
            raise TamperedError
        first, count, digest = _FORM.unpack(fields)
        written = cls(first, count, digest, SECOND if mark else FIRST)
        if not written.count:
            raise TamperedError
        return written
