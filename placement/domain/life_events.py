"""What happens to a fact after it was recorded: kept, doubted, not stood behind."""

from dataclasses import dataclass
from enum import IntEnum

from placement.domain.terms import Day, FactId, Micros, Reason, Revision, Scheme


class Doubt(IntEnum):
    """Why a fact is contested: coded, no free text."""

    OUTDATED = 1  # it may no longer be true
    MISTAKEN = 2  # it may never have been true
    MISTAKEN_PERSON = 3  # it may be about somebody else
    SOURCE = 4  # its source may be worth less
    DISPUTED = 5  # whoever it is about says that it is wrong


class StepKind(IntEnum):
    """What happened to a fact."""

    RECORDED = 1
    APPROVED = 2
    ENDED = 3
    RETRACTED = 4
    REGRADED = 5
    RENEWED = 6
    CONTESTED = 7
    UNCONTESTED = 8
    REJECTED = 9
    WITHDRAWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a fact's life.

    Attributes:
        kind: what happened.
        at: when the service learnt it.
        revision: of the state that holds it.
        person: who did it, or proposed it; empty where an old log does not say.
        second: who approved or rejected it; empty when nobody had to.
        day: the first day it was no longer true, or the new review date.
        scheme: of the new grade.
        given: the new grade as given, or empty.
        reason: why it was recorded, or kept.
        doubt: why it is contested.
    """

    kind: StepKind
    at: Micros
    revision: Revision
    person: str
    second: str = ""
    day: Day | None = None
    scheme: Scheme | None = None
    given: str = ""
    reason: Reason | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRenewed:
    """Somebody looked at a fact again, and it stands until a new review date.

    Attributes:
        id: which.
        review_by: the last day it stands without another look.
        reason: why it is kept.
        person: who did it; empty in a change, which says it.
    """

    id: FactId
    review_by: Day
    reason: Reason
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactContested:
    """Somebody doubts a fact; it counts as before."""

    id: FactId
    doubt: Doubt
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestWithdrawn:
    """Whoever doubted a fact does so no more."""

    id: FactId
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRejected:
    """A second coordinator did not stand behind a change.

    Attributes:
        id: which.
        person: who.
        softly: what it recorded goes on to act softly; not in logs of before, where it
            counts no more.
    """

    id: FactId
    person: str
    softly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWithdrawn:
    """Whoever proposed a change took it back."""

    id: FactId
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsKept:
    """In a snapshot only: in which revisions facts were recorded, in that order."""

    ids: tuple[FactId, ...]
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactStepsKept:
    """In a snapshot only: what happened to a fact after it was recorded."""

    id: FactId
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """Somebody looked at what changes would do, so often."""

    organisation: str
    person: str
    count: int


ChangeDropped = ChangeRejected | ChangeWithdrawn
LifeEvent = (
    FactRenewed
    | FactContested
    | ContestWithdrawn
    | ChangeRejected
    | ChangeWithdrawn
    | FactsKept
    | FactStepsKept
    | Previewed
)
