"""What a detector of anomalies is shown, and what it tells.

Invariants:
    * an anomaly names no area and no case, only what all entries of a case share.
"""

from dataclasses import dataclass

from placement.audit.details import Outline
from placement.audit.entry import Entry


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as a detector sees it.

    Attributes:
        index: its place in the log.
        entry: what its leaf is the hash of.
        outline: what an auditor may see of its details; empty once the law took them.
        areas: what was asked about, four digits each; empty likewise.
    """

    index: int
    entry: Entry
    outline: Outline
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """What may be misuse.

    Attributes:
        pattern: which; a name in ``PATTERNS``.
        organisation: which all entries share, or empty.
        person: whom all entries share, or empty.
        case: 16 bytes that all entries share, or empty.
        at: when it became one, in microseconds since 1970-01-01T00:00Z.
        count: how many there were; for a share, how many percent.
        limit: how many are allowed.
        entries: indexes of the entries that support it, at most the newest 100.
    """

    pattern: str
    organisation: str
    person: str
    case: bytes
    at: int
    count: int
    limit: int
    entries: tuple[int, ...]
