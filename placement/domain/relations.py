"""What one group means to somebody affiliated with another, and what follows from it.

R1 to R4, R7 and R8 rest on nothing but the relation and on how a group is found: present
in an area, or by one of its people who is placed. So what they give is worked out once a
relation, and is kept with it until a link changes.

Source: docs/rules.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from placement.domain.terms import FactId, GroupToken, Verdict

Chain = tuple[FactId, ...]

_CONFLICT, _REVIEW = Verdict.CONFLICT, Verdict.REVIEW


@dataclass(frozen=True, slots=True)
class Gives:
    """What a rule gives, if a group is found.

    Attributes:
        rule: its id.
        verdict: what it says.
        links: the links between the groups that it rests on.
        at_most: what inference allows.
    """

    rule: str
    verdict: Verdict
    links: Chain
    at_most: Verdict = _CONFLICT


Given: TypeAlias = Iterator[Gives]


@dataclass(frozen=True, kw_only=True)
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

    @property
    def reaches(self) -> bool:
        """Whether a presence of the group reaches into near municipalities (R9)."""
        return any(gives.verdict is _CONFLICT for gives in self.present)

    @cached_property
    def present(self) -> tuple[Gives, ...]:
        """What follows if the group has a base in an area, or is active there."""
        return (*_r1(self, _CONFLICT), *_r2_present(self), *_r7(self), *_r8(self))

    @cached_property
    def occasional(self) -> tuple[Gives, ...]:
        """What follows if the group is in an area now and then."""
        return (*_r1(self, _REVIEW), *_r2_occasional(self), *_r7(self), *_r8(self))

    @cached_property
    def placed(self) -> tuple[Gives, ...]:
        """What follows if somebody of the group is placed in an area."""
        return (*_r3(self, _CONFLICT), *_r4(self, _REVIEW), *_r7(self), *_r8(self))

    @cached_property
    def housed(self) -> tuple[Gives, ...]:
        """What follows if somebody of the group is placed in the same house."""
        return (*_r3(self, _CONFLICT), *_r4(self, _CONFLICT), *_r7(self), *_r8(self))

    @cached_property
    def provided(self) -> tuple[Gives, ...]:
        """What follows if somebody of the group is in another house of the provider."""
        return tuple(_r3(self, _REVIEW))

    @cached_property
    def back_placed(self) -> tuple[Gives, ...]:
        """What follows for them, if the one to whom the group means this is placed (P6)."""
        return (*_r4(self, _REVIEW), *_symmetric(self))

    @cached_property
    def back_housed(self) -> tuple[Gives, ...]:
        """The same, in the same house."""
        return (*_r4(self, _CONFLICT), *_symmetric(self))


UNRELATED = Relation()


class Related:
    """What is related to somebody affiliated with a group.

    Attributes:
        relations: what every related group means to that person.
        loud: the groups among them whose presence reaches into near municipalities.
    """

    def __init__(self, relations: Mapping[GroupToken, Relation]) -> None:
        self.relations = relations
        self.loud = frozenset(
            group for group, relation in relations.items() if relation.reaches
        )


# The rules. Each says what it gives; none knows where the group was found.


def _r1(relation: Relation, verdict: Verdict) -> Given:
    """R1: a group of own is present."""
    if relation.own is not None:
        yield Gives("R1", verdict, relation.own)


def _r2_present(relation: Relation) -> Given:
    """R2: a rival, or a distant rival, has a base here, or is active."""
    for war, rival, at_most in (
        (relation.war, relation.rival, _CONFLICT),
        (relation.distant_war, relation.distant, _REVIEW),
    ):
        if war is not None:
            yield Gives("R2", _CONFLICT, war, at_most)
        elif rival is not None:
            yield Gives("R2", _REVIEW, rival)


def _r2_occasional(relation: Relation) -> Given:
    """R2: a rival, or a distant rival, is here now and then."""
    for rival in (relation.rival, relation.distant):
        if rival is not None:
            yield Gives("R2", _REVIEW, rival)


def _r3(relation: Relation, verdict: Verdict) -> Given:
    """R3: a member of a rival is placed here, or with the same provider elsewhere."""
    for rival, at_most in ((relation.rival, _CONFLICT), (relation.distant, _REVIEW)):
        if rival is not None:
            yield Gives("R3", verdict, rival, at_most)


def _r4(relation: Relation, verdict: Verdict) -> Given:
    """R4: a member of a group of own is placed here; kinship is symmetric."""
    if relation.own is not None:
        yield Gives("R4", verdict, relation.own)


def _r7(relation: Relation) -> Given:
    """R7: an ally of a rival or of own, or a rival of an ally, is here."""
    yield from _inferred("R7", relation.allied or relation.own_allied)


def _r8(relation: Relation) -> Given:
    """R8: a sister faction, or the other side of a split, is here."""
    yield from _inferred("R8", relation.sister or relation.split)


def _symmetric(relation: Relation) -> Given:
    """R7, R8: what holds for whoever is placed as it does for the household."""
    yield from _inferred("R7", relation.own_allied)
    yield from _inferred("R8", relation.split)


def _inferred(rule: str, links: Chain | None) -> Given:
    if links is not None:
        yield Gives(rule, _REVIEW, links, _REVIEW)


def joined(sets: Sequence[AbstractSet[GroupToken]]) -> AbstractSet[GroupToken]:
    """Join sets of groups, to look for them among those of an area.

    No frozenset is made: Python goes through all of one, however few there are in the area.
    """
    return sets[0] if len(sets) == 1 else set[GroupToken]().union(*sets)
