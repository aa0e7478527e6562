"""What happened: the only things that change a state, in the order of the log."""

from dataclasses import dataclass
from typing import Final

from placement.domain.changeover_events import ChangeoverEvent
from placement.domain.erasure_events import ErasureAgreed, ErasureEvent
from placement.domain.extract_events import ExtractAgreed, ExtractEvent
from placement.domain.facts import (
    AnyFact,
    Attestation,
    Case,
    Facility,
    Placement,
)
from placement.domain.group_events import GroupEvent, MergeEvent
from placement.domain.haunt_events import HauntAmendment, HauntEvent
from placement.domain.import_events import ImportEvent
from placement.domain.life_events import FactRenewed, LifeEvent
from placement.domain.roll_events import RollEvent
from placement.domain.rule_events import RuleEvent
from placement.domain.stay_events import StayEvent
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    Day,
    DossierId,
    EndCause,
    FactId,
    Grade,
    Micros,
    PlacementState,
    ProviderToken,
    Revision,
    Scheme,
)

_NOBODY: Final = DossierId(b"")
_UNTOLD: Final = Revision(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """A municipality opened a case."""

    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAssessed:
    """A coordinator attested that the facts about a case's members are recorded."""

    handle: CaseHandle
    person: str
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed:
    """A case was closed, or consent withdrawn."""

    handle: CaseHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRecorded:
    """A coordinator stated a fact.

    Attributes:
        fact: it.
        import_id: the import whose row it was, or ``None``.
    """

    fact: AnyFact
    import_id: FactId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactEnded:
    """A fact stopped being true on a day.

    Attributes:
        id: which.
        valid_to: the first day it was no longer true.
        person: who said so; empty in a change, which says it.
        import_id: the import whose row said so, or ``None``.
    """

    id: FactId
    valid_to: Day
    person: str = ""
    import_id: FactId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRetracted:
    """A fact was never true."""

    id: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRegraded:
    """A fact's source was graded anew."""

    id: FactId
    scheme: Scheme
    given: str
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSigned:
    """A second coordinator stood behind a release; ``id`` is the permit's."""

    id: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLifted:
    """A region no longer stops a provider; it may go on if no other one does.

    Attributes:
        id: the provider.
        region: whose stop is lifted; empty before each region had its own.
    """

    id: ProviderToken
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementEnded:
    """A placement left its life: ENDED or ABORTED, from a day on."""

    id: FactId
    state: PlacementState
    valid_to: Day
    cause: EndCause | None = None


FactAmendment = FactEnded | FactRetracted | FactRegraded | FactRenewed
Amendment = (
    FactAmendment
    | PlacementEnded
    | ReleaseSigned
    | ProviderLifted
    | MergeEvent
    | ErasureAgreed
    | HauntAmendment
    | ExtractAgreed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProposed:
    """A change waits for a second person.

    Attributes:
        id: 16 random bytes.
        person: who proposes; can't approve.
        region: whose it is.
        expires_at: when it lapses.
        records: facts that are recorded but soft until approved.
        amendments: what takes effect on approval.
        revision: that it was proposed in; 0 in the log, where its place tells.
    """

    id: FactId
    person: str
    region: str
    expires_at: Micros
    records: tuple[FactId, ...]
    amendments: tuple[Amendment, ...]
    revision: Revision = _UNTOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeApproved:
    """A second coordinator stood behind a change."""

    id: FactId
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRecorded:
    """A placement stands, whoever made it."""

    placement: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageAttested:
    """A region attested that it reviewed the picture of some areas."""

    attestation: Attestation


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityRegistered:
    """A facility got its token."""

    facility: Facility


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A check was admitted; ``areas`` are those charged to the budgets."""

    case: CaseHandle
    organisation: str
    person: str
    areas: tuple[AreaCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Blinded elements were admitted for evaluation."""

    organisation: str
    person: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which request an event belongs to, so that a retry finds its answer.

    Attributes:
        organisation: the caller's.
        person: the caller's.
        id: 16 bytes, chosen by the client.
        digest: SHA-256 of the request's content.
        made: ids that the request made, in order.
    """

    organisation: str
    person: str
    id: bytes
    digest: bytes
    made: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKept:
    """In a snapshot only: a request that was answered before it.

    Attributes:
        request: the request.
        revision: of its answer.
        dossier: with which its digest goes, or empty.
    """

    request: Request
    revision: Revision
    dossier: DossierId = _NOBODY


Event = (
    CaseOpened
    | CaseAssessed
    | CaseClosed
    | FactRecorded
    | FactEnded
    | FactRetracted
    | FactRegraded
    | ChangeProposed
    | ChangeApproved
    | PlacementRecorded
    | PlacementEnded
    | CoverageAttested
    | FacilityRegistered
    | Asked
    | Evaluated
    | RequestKept
    | RuleEvent
    | GroupEvent
    | StayEvent
    | LifeEvent
    | ImportEvent
    | ErasureEvent
    | HauntEvent
    | ExtractEvent
    | ChangeoverEvent
    | RollEvent
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of the log.

    Attributes:
        at: when it happened.
        event: what happened.
        request: set on the last record of a request.
    """

    at: Micros
    event: Event
    request: Request | None = None
