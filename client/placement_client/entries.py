"""Entries of the access log as they come over the wire: read, opened, held together.

A server hands out the canonical bytes of an entry, and its details beside them. Nothing
of that is believed: the bytes must be the one form of an entry, and the details must be
those that the entry committed to.

Invariants:
    * ``opened`` returns nothing that does not verify;
    * that an entry stands in the log at all, a proof says, and not this room.

Example::

    read = opened(response.entry)
    merkle.verify_inclusion(read.leaf_hash, read.index, size, hashes, root)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from placement.api.v1.audit_service_pb2 import LogEntry
from placement.audit import details as details_
from placement.audit.details import Outline
from placement.audit.entry import ANSWERED, Entry, parse
from placement.audit.merkle import leaf_hash
from placement.errors import TamperedError

_IDLE: Final = Entry(
    at=0,
    kind="ALTERATION",
    action="IDLE",
    person="service-0",
    organisation="service",
    role="service",
    certificate=bytes(32),
    outcome=ANSWERED,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry that was read, with what of its details an auditor may see.

    Attributes:
        index: its place in the log, from 0, as the server says.
        leaf_hash: of its leaf, 32 bytes.
        entry: its fields.
        outline: from its details; ``None`` once the law took them.
    """

    index: int
    leaf_hash: bytes
    entry: Entry
    outline: Outline | None


def opened(sent: LogEntry) -> Opened:
    """Read an entry, and hold its details against its commitment.

    Raises:
        TamperedError: the bytes are no entry's, or the details are not those that it
            committed to, or they hide what every auditor may see.
    """
    entry = parse(sent.entry)
    outline = None
    if sent.details:
        outline = details_.opened(sent.details, entry.details).outline
        # Only the law takes an outline, and then there are no details at all.
        if outline is None:
            raise TamperedError
    return Opened(sent.index, leaf_hash(sent.entry), entry, outline)


def is_idle(read: Opened) -> bool:
    """Tell whether an entry only says that nothing happened.

    What says so has one form: the service's own, and it names nothing. Whatever else
    calls itself idle is an entry like others, and shown.
    """
    entry = read.entry
    return read.outline in {None, Outline()} and entry == replace(
        _IDLE,
        at=entry.at,
        revision=entry.revision,
        ruleset=entry.ruleset,
        rules=entry.rules,
        details=entry.details,
    )


class Order:
    """Reads entries that come in the order of the log, each once.

    Args:
        after: index of the last one that came before; -1 if none did.

    Attributes:
        last: index of the newest so far, or -1.
    """

    def __init__(self, after: int = -1) -> None:
        self.last = after

    def read(self, sent: Iterable[LogEntry]) -> Sequence[Opened]:
        """Read the next entries.

        Raises:
            TamperedError: one does not verify, or comes again, or too late.
        """
        read = []
        for each in sent:
            if each.index <= self.last:
                raise TamperedError
            read.append(opened(each))
            self.last = each.index
        return read
