"""What an entry wrote to the log of events, as one hash; part of its matter.

So the tree over the access log vouches for every event, too: nobody can change, add or
take away a fact without an entry that says so.

::

    first     8      revision of the first event
    count     4      how many, at least 1
    digest    32     SHA-256 over all of them, each behind its length in 4 bytes

>>> written = Written.of(7, [b"event"])
>>> Written.parse(written.render()) == written
True
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from placement.errors import TamperedError

_FORM: Final = struct.Struct(">QI32s")
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Written:
    """Some events in a row; the module says what each field means."""

    first: int
    count: int
    digest: bytes

    @classmethod
    def of(cls, first: int, events: Iterable[bytes]) -> Self:
        """Hash events.

        Secret: events
        """
        count, found = 0, sha256()
        for event in events:
            found.update(_LENGTH.pack(len(event)) + event)
            count += 1
        return cls(first, count, found.digest())

    def render(self) -> bytes:
        """Return the bytes; none for no events."""
        if not self.count:
            return b""
        return _FORM.pack(self.first, self.count, self.digest)

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read what ``render`` returned; ``None`` for no events.

        Raises:
            TamperedError: it is nothing of the kind.
        """
        if not content:
            return None
        if len(content) != _FORM.size:
            raise TamperedError
        written = cls(*_FORM.unpack(content))
        if not written.count:
            raise TamperedError
        return written
