"""What a snapshot keeps of affiliations: columns, and tables of what many share."""

from dataclasses import dataclass

from placement.domain.terms import (
    AffiliationRole,
    Day,
    FactId,
    Grade,
    GroupToken,
    Micros,
    Reason,
    Scheme,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollSource:
    """Who recorded affiliations; ``Affiliation`` says what each is."""

    author: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollWeight:
    """What affiliations are worth; likewise."""

    scheme: Scheme
    given: str
    grade: Grade
    reason: Reason
    role: AffiliationRole
    approved: bool
    retracted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollRarity:
    """What few affiliations have.

    Attributes:
        row: which, among those of one event.
        valid_to: as in the fact.
        left_on: as in the fact.
        replaces: as in the fact.
        retracted_at: when it was retracted, if it was.
    """

    row: int
    valid_to: Day | None
    left_on: Day | None
    replaces: FactId | None
    retracted_at: Micros | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBegun:
    """In a snapshot only: what the affiliations behind it name by number, from 0 on.

    A table that is too long for one event is gone on with by the next.

    Attributes:
        rows: how many affiliations there are.
        sources: who recorded them.
        weights: what they are worth.
        groups: their groups.
    """

    rows: int
    sources: tuple[RollSource, ...] = ()
    weights: tuple[RollWeight, ...] = ()
    groups: tuple[GroupToken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliationsKept:
    """In a snapshot only: some affiliations, in the order in which they were recorded.

    Attributes:
        ids: 16 bytes each.
        subjects: 32 bytes each.
        sources: numbers of who recorded them.
        weights: numbers of what they are worth.
        groups: numbers of their groups.
        recorded_at: microseconds after the one before, or before it.
        revisions: in which each was recorded, less that of the one before.
        since: the day behind which the next two count, from 1 on; 0 is ``None``.
        valid_from: first days.
        review_by: days of their reviews.
        rarities: what few have.
    """

    ids: bytes
    subjects: bytes
    sources: tuple[int, ...]
    weights: tuple[int, ...]
    groups: tuple[int, ...]
    recorded_at: tuple[int, ...]
    revisions: tuple[int, ...]
    since: int
    valid_from: tuple[int, ...]
    review_by: tuple[int, ...]
    rarities: tuple[RollRarity, ...]


RollEvent = RollBegun | AffiliationsKept
