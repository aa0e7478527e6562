"""The frozen records: every kind of fact, the case, the placement, the attestation.

Nothing here is ever changed in place; the state replaces a record by a new one and the
log keeps both.
"""

from dataclasses import dataclass

from placement.domain.terms import (
    AffiliationRole,
    AreaCode,
    Basis,
    CaseHandle,
    Day,
    EndCause,
    FacilityToken,
    FactId,
    FindingKey,
    Grade,
    GroupToken,
    Micros,
    PlacementState,
    PresenceKind,
    ProviderToken,
    Reason,
    Scheme,
    SubjectId,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What all graded facts have in common.

    Attributes:
        id: 16 random bytes.
        valid_from: first day it was true; ``None`` when unknown.
        valid_to: first day it was no longer true; ``None`` while it stands.
        recorded_at: when the service learnt it.
        author: person id of the coordinator who recorded it.
        region: the police region that owns it.
        scheme: the scheme of the grade as given.
        given: the grade as given, for example ``2B``.
        grade: the same, normalised.
        review_by: last day it stands without a review; ``None`` when never reviewed.
        reason: why it was recorded.
        approved: a second coordinator stood behind it, or none is needed.
        retracted: it was never true, or nobody stood behind it; inert.
        replaces: the fact that it was recorded instead of, or ``None``.
    """

    id: FactId
    valid_from: Day | None = None
    valid_to: Day | None = None
    recorded_at: Micros
    author: str
    region: str
    scheme: Scheme
    given: str
    grade: Grade
    review_by: Day | None = None
    reason: Reason
    approved: bool = True
    retracted: bool = False
    replaces: FactId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation(Fact):
    """A subject belongs, or belonged, to a group; acts whatever its dates."""

    subject: SubjectId
    group: GroupToken
    role: AffiliationRole
    left_on: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faction(Fact):
    """A group is part of a parent group.

    Attributes:
        child: the faction.
        parent: what it is part of.
        inherits_rivalry: the parent's rivalries are the child's too.
    """

    child: GroupToken
    parent: GroupToken
    inherits_rivalry: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivalry(Fact):
    """Two groups are at war; stored once, ``low`` < ``high``.

    Attributes:
        low: the lower token.
        high: the higher token.
        severity: 1 to 3.
        last_violence_on: informs people, changes no verdict.
    """

    low: GroupToken
    high: GroupToken
    severity: int
    last_violence_on: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alliance(Fact):
    """Two groups help one another; stored once, ``low`` < ``high``."""

    low: GroupToken
    high: GroupToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence(Fact):
    """A group stands in an area."""

    group: GroupToken
    area: AreaCode
    kind: PresenceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat(Fact):
    """A group or a subject threatens a subject; exactly one source is set.

    Attributes:
        target: who is threatened.
        source_group: the threatening group, or ``None``.
        source_subject: the threatening subject, or ``None``.
        severity: 1 to 3; informs people, changes no verdict.
    """

    target: SubjectId
    source_group: GroupToken | None = None
    source_subject: SubjectId | None = None
    severity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Located(Fact):
    """A threatening subject is in an area."""

    subject: SubjectId
    area: AreaCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie(Fact):
    """A subject's own danger area: former home, family, trial.

    Attributes:
        subject: whose.
        area: where.
        danger: the area itself is a danger.
    """

    subject: SubjectId
    area: AreaCode
    danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAs(Fact):
    """Two subjects are one person; has no valid time, counts until undone."""

    low: SubjectId
    high: SubjectId


Link = Faction | Rivalry | Alliance
AnyFact = (
    Affiliation
    | Faction
    | Rivalry
    | Alliance
    | Presence
    | Threat
    | Located
    | Tie
    | SameAs
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A municipality's matter.

    Attributes:
        handle: 16 random bytes, opaque to everybody.
        organisation: the municipality's code.
        reference: the municipality's own case number.
        basis: on whose word it was opened.
        members: the household, the leaving subject first.
        opened_at: when.
        assessed_at: when a coordinator assessed it; ``None`` before.
        assessed_by: that coordinator's person id; empty before.
        children: positions in ``members`` that are children; never leaves the police.
        closed_at: when it was closed or consent was withdrawn; ``None`` while open.
    """

    handle: CaseHandle
    organisation: str
    reference: str
    basis: Basis
    members: tuple[SubjectId, ...]
    opened_at: Micros
    assessed_at: Micros | None = None
    assessed_by: str = ""
    children: tuple[int, ...] = ()
    closed_at: Micros | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A household stands, or is held, in an area.

    Attributes:
        id: 16 random bytes.
        case: whose.
        area: where.
        facility: the house, or ``None``.
        valid_from: first day.
        valid_to: first day after; ``None`` is open.
        state: where in its life.
        expires_at: when a hold lapses; ``None`` for everything else.
        extended: the hold was extended, which is done once.
        moved_in_on: the day the household moved in; ``None`` before.
        verdict: what the place was worth when it was last weighed; ``None`` before.
        seen: the findings behind that.
        permit: what it was held or confirmed under, or ``None``.
        cause: why it is over; ``None`` before.
    """

    id: FactId
    case: CaseHandle
    area: AreaCode
    facility: FacilityToken | None = None
    valid_from: Day
    valid_to: Day | None = None
    state: PlacementState
    expires_at: Micros | None = None
    extended: bool = False
    moved_in_on: Day | None = None
    verdict: Verdict | None = None
    seen: tuple[FindingKey, ...] = ()
    permit: FactId | None = None
    cause: EndCause | None = None

    @property
    def over(self) -> bool:
        """Whether it has left its life, and no longer counts for good."""
        return self.state in (PlacementState.ENDED, PlacementState.ABORTED)

    def live(self, now: Micros) -> bool:
        """Tell whether it counts: ACTIVE, or HELD and not expired."""
        if self.state is PlacementState.HELD:
            return self.expires_at is not None and now < self.expires_at
        return self.state is PlacementState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A police region reviewed the picture of some areas on a day (Coverage).

    Attributes:
        id: 16 random bytes.
        region: the attesting region, or ``national``.
        areas: what it covers.
        reviewed_on: the day.
    """

    id: FactId
    region: str
    areas: tuple[AreaCode, ...]
    reviewed_on: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A registered group under one of its names.

    Attributes:
        token: 16 random bytes.
        fingerprint: 32 bytes, HMAC of the normalised name under the label key.
        label: the name, sealed so that only coordinators' clients open it.
        key: id of the label key, 16 bytes; empty if the client named none.
    """

    token: GroupToken
    fingerprint: bytes
    label: bytes
    key: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """A registered house of a provider, in one area."""

    token: FacilityToken
    provider: ProviderToken
    area: AreaCode


def pair_of(link: Link) -> frozenset[GroupToken]:
    """Return the two groups that a link joins; one, if they were merged."""
    if isinstance(link, Faction):
        return frozenset((link.child, link.parent))
    return frozenset((link.low, link.high))
