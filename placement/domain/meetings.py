"""What rules look at: who belongs where, what is seen, whom one would meet."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from placement.domain.facts import Affiliation, Placement, Presence
from placement.domain.relations import Chain, Relation
from placement.domain.terms import Day, FacilityToken, GroupToken, SubjectId


class Belonging(NamedTuple):
    """A person's affiliation as a chain: to whom, since when, resting on what.

    Attributes:
        group: with which group.
        since: first day; ``None`` when unknown.
        chain: the SAME_AS links and the affiliation.
        subject: whose it is; ``None`` of a phantom.
    """

    group: GroupToken
    since: Day | None
    chain: Chain
    subject: SubjectId | None = None

    @classmethod
    def of(cls, fact: Affiliation, chain: Chain) -> "Belonging":
        """Return an affiliation behind the links that lead to whose it is."""
        return cls(fact.group, fact.valid_from, (*chain, fact.id), fact.subject)


class Named(NamedTuple):
    """One of the household who is placed in another case.

    Attributes:
        placement: that places them.
        subject: who.
        chain: the placement, and the SAME_AS links.
        others: those of the household who were not placed with them.
    """

    placement: Placement
    subject: SubjectId
    chain: Chain
    others: AbstractSet[SubjectId]


class Sighting(NamedTuple):
    """A group that means something to the household is present.

    Attributes:
        presence: which group, and how firmly.
        mine: the household's belonging to which it means something.
        relation: what it means.
    """

    presence: Presence
    mine: Belonging
    relation: Relation

    def chain(self, links: Chain) -> Chain:
        """Return what a finding rests on, with the links between the groups."""
        return (*self.mine.chain, *links, self.presence.id)


class Meeting(NamedTuple):
    """The household would meet somebody placed, and one means something to the other.

    Attributes:
        mine: the household's belonging.
        stay: the placed person's belonging; its chain begins with the placement.
        facility: the house where that person is placed, or ``None``.
        ours: what the placed person's group means to the household.
        theirs: what the household's group means to the placed person (P6).
        phantom: nobody is placed there (R15).
        within: the placed person is of the household, too.
    """

    mine: Belonging
    stay: Belonging
    facility: FacilityToken | None
    ours: Relation
    theirs: Relation
    phantom: bool = False
    within: bool = False

    def chain(self, links: Chain) -> Chain:
        """Return what a finding rests on, with the links between the groups."""
        return (*self.mine.chain, *links, *self.stay.chain)
