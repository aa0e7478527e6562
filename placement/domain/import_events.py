"""What happens to imports: begun, staged, finished, approved, taken over, cancelled."""

from dataclasses import dataclass
from enum import IntEnum

from placement.domain.facts import AnyFact
from placement.domain.terms import Day, FactId, Micros, Revision


class ImportState(IntEnum):
    """Where an import is in its life."""

    OPEN = 1  # rows are being staged
    WAITING = 2  # for a second person
    APPROVED = 3  # its rows are taken over, slice by slice
    DONE = 4
    CANCELLED = 5
    LAPSED = 6  # nobody finished or approved it in time


class RowRefusal(IntEnum):
    """Why a row of an approved import was not taken over: coded, no free text."""

    INVALID = 1  # by the ruleset that is in force now
    CONTRADICTION = 2  # it doubles a fact, or ends one that has ended
    CHANGED = 3  # the fact that it speaks of changed since the import was made
    ABSENT = 4  # there is no such fact any more


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFact:
    """The fact that a row states, as it was when it was staged."""

    fact: AnyFact


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedEnd:
    """The fact that a row ends.

    Attributes:
        id: which.
        valid_to: the first day it was no longer true.
        seen: the revision in which the importer saw it last changed; 0 is any.
    """

    id: FactId
    valid_to: Day
    seen: Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRow:
    """A row: it states a fact, ends one, or does both in one step.

    Attributes:
        record: what it states, or ``None``.
        end: what it ends, or ``None``; at least one of the two is set.
    """

    record: StagedFact | None = None
    end: StagedEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBegun:
    """Somebody begins to stage rows.

    Attributes:
        id: 16 random bytes.
        person: who; can't approve it.
        region: whose facts they will be.
        rows: how many are to come.
        expires_at: when it lapses, unless it is finished.
    """

    id: FactId
    person: str
    region: str
    rows: int
    expires_at: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStaged:
    """Some rows of an import; they are inert.

    Attributes:
        id: the import's.
        position: of the first of them, from 0.
        rows: they.
        digest: 32 bytes, over all rows up to the last of these.
    """

    id: FactId
    position: int
    rows: tuple[StagedRow, ...]
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFinished:
    """All rows are there; a second person may look at them.

    Attributes:
        id: the import's.
        expires_at: when it lapses, unless it is approved.
    """

    id: FactId
    expires_at: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportApproved:
    """A second coordinator stands behind all rows; they are taken over from here on."""

    id: FactId
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCancelled:
    """It is over; nothing of it took effect."""

    id: FactId
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTaken:
    """A slice of rows was taken over.

    Attributes:
        id: the import's.
        until: how many rows were looked at so far.
        refused: positions of those in the slice that were not taken over.
        reasons: why, in that order.
    """

    id: FactId
    until: int
    refused: tuple[int, ...] = ()
    reasons: tuple[RowRefusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPart:
    """Where some staged rows stand in the log.

    Attributes:
        position: of the first of them.
        revision: of the event that has them.
        digest: over all rows up to the last of these.
    """

    position: int
    revision: Revision
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKept:
    """An import as it stands; in a snapshot, and in the state.

    Attributes:
        begun: that it was.
        state: where in its life; that it lapsed is seen by its time.
        parts: its rows; none once nothing more can become of them.
        staged: how many rows there are so far; once they are erased, how many of them
            were looked at.
        digest: over all of them; empty once they are erased.
        expires_at: when it lapses, while it is open or waits.
        approved_by: the second person; empty before.
        taken: how many rows were looked at.
        refused: positions of those that were not taken over.
        reasons: why, in that order.
        changed_at: when the last of this happened.
        further: in a snapshot, of parts and refused rows a piece behind the ones in the
            record before.
    """

    begun: ImportBegun
    state: ImportState
    parts: tuple[StagedPart, ...]
    staged: int
    digest: bytes
    expires_at: Micros
    approved_by: str
    taken: int
    refused: tuple[int, ...]
    reasons: tuple[RowRefusal, ...]
    changed_at: Micros
    further: bool = False


ImportEvent = (
    ImportBegun
    | ImportStaged
    | ImportFinished
    | ImportApproved
    | ImportCancelled
    | ImportTaken
    | ImportKept
)
