"""Which imports there are, and how far each has come.

The part of the state that ``ImportEvent`` changes.

Invariants:
    * staged rows act on nothing: neither rules nor graph nor indexes see them;
    * the state holds where rows stand in the log, 100 bytes for each staged part, and
      never the rows: what 100,000 of them say would weigh more than the registry;
    * how far an approved import has come is part of the state, so whoever folds the log
      goes on at the row behind the last one that was taken over;
    * every import is erased once it is over, and forgotten only then; the state is the
      same whether somebody could still read its rows or not.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from hashlib import sha256
from typing import Final, assert_never

from placement.domain.import_events import (
    ImportApproved,
    ImportBegun,
    ImportCancelled,
    ImportEvent,
    ImportFinished,
    ImportKept,
    ImportStaged,
    ImportState,
    ImportTaken,
    StagedPart,
)
from placement.domain.terms import MICROS_A_DAY, FactId, Micros, Revision

_REMEMBERED: Final = 30 * MICROS_A_DAY
"""How long an import that is over can still be looked at."""
PARTS: Final = 4_000
REFUSED: Final = 50_000
"""How many parts, of some 50 bytes, and refused rows, of 4, one record of a snapshot has."""
_START: Final = b"placement-import-v1"
_STANDS: Final = frozenset(
    {ImportState.OPEN, ImportState.WAITING, ImportState.APPROVED}
)


def first_digest() -> bytes:
    """Return the digest over no rows, 32 bytes."""
    return sha256(_START).digest()


def next_digest(digest: bytes, row: bytes) -> bytes:
    """Return the digest over one more row.

    Args:
        digest: over those before it.
        row: its bytes, as the wire has them.
    """
    return sha256(digest + sha256(row).digest()).digest()


def state_of(known: ImportKept, now: Micros) -> ImportState:
    """Return where an import is in its life at an instant."""
    lapses = known.state in (ImportState.OPEN, ImportState.WAITING)
    return ImportState.LAPSED if lapses and now >= known.expires_at else known.state


def stands(known: ImportKept, now: Micros) -> bool:
    """Tell whether something can still become of an import."""
    return state_of(known, now) in _STANDS


class Imports:
    """The imports of a log, the oldest first.

    Attributes:
        by_id: all that are remembered.
    """

    def __init__(self) -> None:
        self.by_id: dict[FactId, ImportKept] = {}
        self._approved: dict[FactId, None] = {}

    def next(self) -> ImportKept | None:
        """Return the import whose rows are taken over now, the oldest first."""
        key = next(iter(self._approved), None)
        return None if key is None else self.by_id[key]

    def apply(self, event: ImportEvent, revision: Revision, at: Micros) -> None:
        """Fold one event in.

        Args:
            event: what happened.
            revision: of the state that holds it.
            at: when.

        Raises:
            KeyError: it speaks of an import that isn't there, or of rows that don't
                follow on those before.
        """
        match event:
            case ImportBegun():
                self._forget(at)
                self.by_id[event.id] = _begun(event, at)
            case ImportKept(begun=begun):
                before = self.by_id[begun.id] if event.further else None
                self.by_id[begun.id] = (
                    event if before is None else _joined(before, event)
                )
                if event.state is ImportState.APPROVED:
                    self._approved[begun.id] = None
            case ImportApproved(id=key, person=person):
                self._change(key, at, state=ImportState.APPROVED, approved_by=person)
                self._approved[key] = None
            case ImportFinished(id=key, expires_at=expires_at):
                self._change(key, at, state=ImportState.WAITING, expires_at=expires_at)
            case ImportCancelled(id=key):
                self._change(key, at, state=ImportState.CANCELLED, parts=())
            case ImportStaged():
                self._stage(event, revision, at)
            case ImportTaken():
                self._take(event, at)
            case _ as never:
                assert_never(never)

    def _change(self, key: FactId, at: Micros, **changes: object) -> None:
        known = self.by_id[key]
        self.by_id[key] = replace(known, changed_at=at, **changes)  # type: ignore[arg-type]

    def _stage(self, event: ImportStaged, revision: Revision, at: Micros) -> None:
        known = self.by_id[event.id]
        if event.position != known.staged:
            raise KeyError
        part = StagedPart(
            position=event.position, revision=revision, digest=event.digest
        )
        self._change(
            event.id,
            at,
            parts=(*known.parts, part),
            staged=known.staged + len(event.rows),
            digest=event.digest,
        )

    def _take(self, event: ImportTaken, at: Micros) -> None:
        known = self.by_id[event.id]
        done = event.until == known.begun.rows
        self._change(
            event.id,
            at,
            taken=event.until,
            refused=(*known.refused, *event.refused),
            reasons=(*known.reasons, *event.reasons),
            state=ImportState.DONE if done else known.state,
        )
        if done:
            del self._approved[event.id]

    def over(self, now: Micros) -> list[FactId]:
        """Return the imports of which nothing more can become, but rows are kept."""
        return [
            key
            for key, known in self.by_id.items()
            if known.digest and not stands(known, now)
        ]

    def due(self, now: Micros) -> list[FactId]:
        """Return those of them whose rows nobody needs to look at any more."""
        return [
            key
            for key in self.over(now)
            if self.by_id[key].state is not ImportState.DONE
            or self.by_id[key].changed_at < now - _REMEMBERED
        ]

    def erase(self, erased: AbstractSet[bytes], at: Micros) -> None:
        """Forget the rows of imports; how many were taken over stays known."""
        for key in self.by_id.keys() & erased:
            known = self.by_id[FactId(key)]
            self._change(known.begun.id, at, parts=(), staged=known.taken, digest=b"")

    def _forget(self, at: Micros) -> None:
        """Forget what was over, or lapsed, long ago; its rows are erased by then."""
        for key, known in tuple(self.by_id.items()):
            last = max(known.changed_at, known.expires_at)
            if not known.digest and last < at - _REMEMBERED:
                del self.by_id[key]

    def records(self) -> Iterator[ImportKept]:
        """Yield events whose fold equals this."""
        for known in self.by_id.values():
            yield from _pieces(known)


def _pieces(known: ImportKept) -> Iterator[ImportKept]:
    """Cut an import into what one record of a snapshot each shall hold."""
    parts, refused = known.parts, known.refused
    last = max((len(parts) - 1) // PARTS, (len(refused) - 1) // REFUSED, 0)
    for number in range(last + 1):
        rows = slice(number * REFUSED, (number + 1) * REFUSED)
        yield replace(
            known,
            parts=parts[number * PARTS : (number + 1) * PARTS],
            refused=refused[rows],
            reasons=known.reasons[rows],
            further=number > 0,
        )


def _joined(before: ImportKept, piece: ImportKept) -> ImportKept:
    return replace(
        before,
        parts=(*before.parts, *piece.parts),
        refused=(*before.refused, *piece.refused),
        reasons=(*before.reasons, *piece.reasons),
    )


def _begun(event: ImportBegun, at: Micros) -> ImportKept:
    return ImportKept(
        begun=event,
        state=ImportState.OPEN,
        parts=(),
        staged=0,
        digest=first_digest(),
        expires_at=event.expires_at,
        approved_by="",
        taken=0,
        refused=(),
        reasons=(),
        changed_at=at,
    )
