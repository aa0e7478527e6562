"""What is kept about one person, and which of it is told; gathered, not decided.

Invariants:
    * nothing is found but under the subjects that were named: a link that says that
      another number is the same person's leads nowhere, since it may be wrong;
    * of a region's facts and cases none is found for another one;
    * who approves names the digest of what they were shown, so that nothing is told that
      came, or changed, after somebody looked;
    * who else a fact or a case speaks of is left to nobody who renders it: facts about
      others are not gathered, threats by the person and where they are because of them
      included, since those point at who is threatened.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from placement.access import NATIONAL, Caller
from placement.domain.decide.command import Moment
from placement.domain.decide.seeing import digest_of
from placement.domain.decide.weighing import region_of
from placement.domain.facts import Affiliation, Case, Placement, SameAs, Threat, Tie
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    DossierId,
    FactId,
    Micros,
    SubjectId,
)

OwnFact = Affiliation | Tie | Threat | SameAs
"""What can be told to the person it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCase:
    """A case of the person.

    Attributes:
        case: it.
        is_first: the person is the one who leaves.
        placements: what was held and placed for it, oldest first.
    """

    case: Case
    is_first: bool
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept about a person, as far as one region has it.

    Attributes:
        facts: about them.
        cases: of theirs.
    """

    facts: tuple[OwnFact, ...]
    cases: tuple[OwnCase, ...]

    @property
    def releasable(self) -> frozenset[DossierId]:
        """What is told only if it is released."""
        facts = (DossierId(each.id) for each in self.facts)
        others = (each for each in self.cases if not each.is_first)
        return frozenset((*facts, *(DossierId(each.case.handle) for each in others)))

    @property
    def withholdable(self) -> frozenset[DossierId]:
        """What is told unless it is withheld."""
        own = (each for each in self.cases if each.is_first)
        return frozenset(DossierId(each.case.handle) for each in own)

    def told(
        self,
        released: AbstractSet[DossierId],
        withheld: AbstractSet[DossierId],
        approved_at: Micros,
    ) -> "Kept":
        """Return what is told when some of it is released, and some withheld.

        A case that was opened later is withheld: nobody could say so of it.
        """
        cases = (self.withholdable - withheld) | released
        return replace(
            self,
            facts=tuple(each for each in self.facts if DossierId(each.id) in released),
            cases=tuple(
                each
                for each in self.cases
                if DossierId(each.case.handle) in cases
                and each.case.opened_at <= approved_at
            ),
        )


def kept_of(
    state: State, subjects: Iterable[SubjectId], region: str, moment: Moment
) -> Kept:
    """Gather what is kept about a person.

    Args:
        state: as it stands.
        subjects: every number of the person that was named.
        region: whose facts and cases; of the national unit, everybody's.
        moment: by whose table of areas a municipality is of a region.
    """
    wanted = sorted(subjects)
    facts = {
        fact.id: fact
        for subject in wanted
        for index in (
            state.affiliations,
            state.ties,
            state.threats_against,
            state.same_as,
        )
        for fact in index.of(subject)
        if region in {fact.region, NATIONAL}
    }
    handles = {
        handle: None
        for subject in wanted
        for handle in state.cases_of.get(subject, ())
        if _is_of(state, handle, region, moment)
    }
    return Kept(
        facts=tuple(facts.values()),
        cases=tuple(_own(state, handle, wanted) for handle in handles),
    )


def _is_of(state: State, handle: CaseHandle, region: str, moment: Moment) -> bool:
    polices = region_of(moment, AreaCode(state.cases[handle].organisation))
    return region in {polices, NATIONAL}


def _own(state: State, handle: CaseHandle, subjects: Iterable[SubjectId]) -> OwnCase:
    case = state.cases[handle]
    return OwnCase(
        case=case,
        is_first=case.members[0] in subjects,
        placements=tuple(state.stays.ever_of(handle)),
    )


def seen_of(state: State, caller: Caller, change: FactId, kept: Kept) -> bytes:
    """Return the digest of what somebody is shown of a person (docs/protocol.md).

    Args:
        state: as it stands.
        caller: who is shown it.
        change: the extract that it is shown for.
        kept: what is shown.
    """
    return digest_of(
        (
            caller.organisation.encode(),
            caller.person.encode(),
            change,
            *(part for fact in kept.facts for part in _fact_parts(state, fact.id)),
            *(part for own in kept.cases for part in _case_parts(own)),
        )
    )


def _fact_parts(state: State, fact: FactId) -> Iterator[bytes]:
    """Yield which fact it is, and when it changed last: whatever it says is of then."""
    yield fact
    yield str(state.histories.changed(fact)).encode()


def _case_parts(own: OwnCase) -> Iterator[bytes]:
    """Yield what is told of a case, and of each placement."""
    case = own.case
    yield case.handle
    yield f"{own.is_first} {case.assessed_at} {case.closed_at}".encode()
    for each in own.placements:
        yield each.id
        days = f"{each.valid_from} {each.valid_to} {each.moved_in_on}"
        yield f"{each.state} {days}".encode()
