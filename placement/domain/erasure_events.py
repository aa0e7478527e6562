"""What happens when the law takes something."""

from dataclasses import dataclass

from placement.domain.life_events import StepKind
from placement.domain.terms import DossierId, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAgreed:
    """A second coordinator stood behind an erasure; ``id`` is the dossier's."""

    id: DossierId


@dataclass(frozen=True, slots=True, kw_only=True)
class YearCount:
    """How often one thing is counted of one kind of fact, of a region in a year.

    Attributes:
        year: which.
        region: whose facts they are.
        kind: of which kind, as an index of ``tallies.KINDS``.
        step: steps of this kind are counted.
        reason: renewals for this reason are; with neither, facts that were kept.
        count: how many.
    """

    year: int
    region: str
    kind: int
    step: StepKind | None
    reason: Reason | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DossiersErased:
    """Facts and cases were erased; nobody has their keys any more.

    Attributes:
        dossiers: which.
        counts: what reports go on to count of them.
    """

    dossiers: tuple[DossierId, ...]
    counts: tuple[YearCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Something that a dossier's key seals, as the log keeps it.

    In a fold it stands for what nobody can open any more.

    Attributes:
        dossier: whose.
        content: a record, sealed.
    """

    dossier: DossierId
    content: bytes


ErasureEvent = DossiersErased | Sealed
