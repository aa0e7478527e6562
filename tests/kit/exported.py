"""An export of a small access log, honest until a test changes it."""

from collections.abc import Collection, Iterable
from pathlib import Path

from placement_client.bundle_writing import Exporter, Taken, write
from placement_client.credentials import Holder
from placement_client.trust import Policy

from kit.access_log import AT, AccessLog
from kit.certs import Pair
from placement.api.v1 import audit_service_pb2 as audit
from placement.audit import span

FIRST, END, SIZE = 3, 10, 13
HIDDEN = frozenset({4, 7})
"""Entries that the filter does not select: of another municipality."""
HOLDER = Holder("auditor", "imy", "au-01")


def pieces(
    log: AccessLog,
    first: int = FIRST,
    end: int = END,
    hidden: Collection[int] = HIDDEN,
    erased: Collection[int] = (),
) -> list[audit.ExportEntriesResponse]:
    """Return what an honest server sends."""
    size = len(log.entries)
    made = span.make(first, end - first, size, log._subtree)
    leaves = [
        audit.ExportLeaf(leaf_hash=log._leaves[index])
        if index in hidden
        else audit.ExportLeaf(
            entry=log.entries[index].entry,
            details=b"" if index in erased else log.entries[index].details,
        )
        for index in range(first, end)
    ]
    head = audit.ExportHead(
        note=log.note(size, cosigned=True),
        first=first,
        count=end - first,
        before=made.before,
    )
    after = [audit.Subtree(level=level, hash=found) for level, found in made.after]
    return [
        audit.ExportEntriesResponse(head=head),
        *(
            audit.ExportEntriesResponse(leaves=audit.ExportLeaves(leaves=some))
            for some in (leaves[:3], leaves[3:])
        ),
        audit.ExportEntriesResponse(end=audit.ExportEnd(after=after)),
    ]


def policy(log: AccessLog, quorum: int = 1) -> Policy:
    """Pin the log and its witness."""
    pinned = Policy.parse(log.log_key, log.witness_key, str(quorum))
    assert pinned is not None
    return pinned


def exporter(log: AccessLog, pair: Pair, **changes: object) -> Exporter:
    """Return who exports."""
    given = {
        "holder": HOLDER,
        "certificate": pair.certificate,
        "key": pair.key,
        "policy": policy(log),
        "exported_at": AT,
        "purpose": "incident",
        "matter": "TSN 7",
        "filter": audit.EntryFilter(
            organisation="1480", first_index=FIRST, end_index=END
        ),
    }
    return Exporter(**{**given, **changes})


def export(
    path: Path,
    log: AccessLog,
    pair: Pair,
    sent: Iterable[audit.ExportEntriesResponse] | None = None,
    **changes: object,
) -> Taken:
    """Write a bundle."""
    who = exporter(log, pair, **changes)
    pinned = policy(log)
    given = pieces(log) if sent is None else sent
    return write(path, given, who, pinned.checkpoint, told=lambda _done, _total: None)
