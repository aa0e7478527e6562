"""What one group means to somebody who is affiliated with another."""

from dataclasses import dataclass

from placement.domain.terms import FactId

Chain = tuple[FactId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What one group means to somebody affiliated with another.

    Each attribute is the chain of links that makes it so, or ``None``.

    Attributes:
        own: the same family, or a half kept after a split (R1, R4).
        war: a rival with a rivalry of severity 3 (R2).
        rival: a rival of any severity (R2, R3).
        distant_war: as ``war`` for a distant rival; REVIEW at most.
        distant: as ``rival`` for a distant rival; REVIEW at most.
        allied: R7, without what rests on ``own``.
        own_allied: R7, allied with a group of own; symmetric between placed persons.
        sister: another faction of the same parent (R8).
        split: the other side of a split (R8).
    """

    own: Chain | None = None
    war: Chain | None = None
    rival: Chain | None = None
    distant_war: Chain | None = None
    distant: Chain | None = None
    allied: Chain | None = None
    own_allied: Chain | None = None
    sister: Chain | None = None
    split: Chain | None = None


UNRELATED = Relation()
