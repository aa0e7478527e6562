"""What an event can alter the verdict of; said before it is applied.

What is said here may be too much and never too little: the placements that it leads to
are weighed by the rules themselves. That it is not too little is held by a property test
and by the nightly sweep.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol, assert_never

from placement.domain.agenda import Agenda, Touch
from placement.domain.changeover_events import ChangeoverEnded
from placement.domain.erasure_events import DossiersErased, ErasureAgreed
from placement.domain.erasures import Erasures
from placement.domain.events import (
    Amendment,
    CaseAssessed,
    ChangeApproved,
    ChangeProposed,
    CoverageAttested,
    Event,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    PlacementRecorded,
    ProviderLifted,
    ReleaseSigned,
)
from placement.domain.extract_events import ExtractAgreed
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Facility,
    Faction,
    Located,
    Placement,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.haunt_events import GroupSized, PhantomsLifted
from placement.domain.imports import Imports
from placement.domain.life_events import (
    ChangeDropped,
    ChangeRejected,
    ChangeWithdrawn,
    FactRenewed,
)
from placement.domain.rule_events import RulesetAdopted
from placement.domain.shelf import Shelf
from placement.domain.stay_events import (
    DayPassed,
    HoldConfirmed,
    HoldExtended,
    ProviderStopped,
    RulesFollowed,
    SweepBegun,
)
from placement.domain.terms import Day, FacilityToken, FactId, ProviderToken


class Known(Protocol):
    """What has to be known of a state."""

    facts: Shelf
    changes: dict[FactId, ChangeProposed]
    placements: dict[FactId, Placement]
    facilities: dict[FacilityToken, Facility]
    agenda: Agenda
    erasures: Erasures
    imports: Imports


def touched(event: Event, known: Known) -> Iterator[Touch]:
    """Yield what an event touches; nothing if no verdict can change.

    Raises:
        KeyError: it speaks of something that isn't there.
    """
    touch = _TOUCHES.get(type(event))
    return iter(()) if touch is None else touch(event, known)


def _by_recording(event: FactRecorded, known: Known) -> Iterator[Touch]:
    del known
    yield by_fact(event.fact)


def _by_approval(event: ChangeApproved, known: Known) -> Iterator[Touch]:
    change = known.changes[event.id]
    for each in change.records:
        if not known.erasures.gone(each):
            yield by_fact(known.facts[each])
    for amendment in change.amendments:
        yield from _by_amendment(amendment, known)


def _by_dropping(event: ChangeDropped, known: Known) -> Iterator[Touch]:
    change = known.changes[event.id]
    for each in change.records:
        if not known.erasures.gone(each):
            yield by_fact(known.facts[each])


def _by_assessment(event: CaseAssessed, known: Known) -> Iterator[Touch]:
    del known
    yield Touch(cases=(event.handle,))


def _by_placing(event: PlacementRecorded, known: Known) -> Iterator[Touch]:
    yield by_placement(event.placement, known.facilities)


def _by_stay(
    event: PlacementEnded | HoldConfirmed | HoldExtended, known: Known
) -> Iterator[Touch]:
    yield by_placement(known.placements[event.id], known.facilities)


def _by_coverage(event: CoverageAttested, known: Known) -> Iterator[Touch]:
    del known
    yield Touch(covered=event.attestation.areas)


def _by_stop(event: ProviderStopped, known: Known) -> Iterator[Touch]:
    del known
    yield Touch(providers=(event.provider,))


def _by_day(event: DayPassed, known: Known) -> Iterator[Touch]:
    if known.agenda.day:
        yield Touch(first_day=Day(known.agenda.day + 1), last_day=event.day)
    else:  # nobody noticed the days before it
        yield Touch(everything=True)


def _by_sweep(event: SweepBegun, known: Known) -> Iterator[Touch]:
    del event, known
    yield Touch(everything=True, sweep=True)


def _by_rules(event: RulesFollowed, known: Known) -> Iterator[Touch]:
    del event
    if known.agenda.rules:
        yield Touch(everything=True)


def _by_erasure(event: DossiersErased, known: Known) -> Iterator[Touch]:
    """Say the same whether what is erased can still be read or not.

    Servers fold it at different times, and have to agree on what is due. Rows that were
    staged never counted.
    """
    if any(FactId(each) not in known.imports.by_id for each in event.dossiers):
        yield Touch(everything=True)


def _by_adoption(event: RulesetAdopted, known: Known) -> Iterator[Touch]:
    del event, known
    yield Touch(everything=True)


def _by_changeover(event: ChangeoverEnded, known: Known) -> Iterator[Touch]:
    """Say it whether somebody is left or not: that is known once it is applied."""
    del known
    if event.done:
        yield Touch(everything=True)


def _by_amendment(amendment: Amendment, known: Known) -> Iterator[Touch]:
    match amendment:
        case ReleaseSigned() | ErasureAgreed() | ExtractAgreed():
            return
        case GroupSized() | PhantomsLifted():
            return  # nobody who is placed is weighed with phantoms
        case ProviderLifted(id=provider):
            yield Touch(providers=(provider,))
        case PlacementEnded(id=stay):
            # What is not there belongs to a case that is erased, or is a hole.
            if stay in known.placements or not known.erasures.any:
                yield by_placement(known.placements[stay], known.facilities)
        case GroupsMerged(low=low, high=high) | GroupsUnmerged(low=low, high=high):
            yield Touch(kin=(low, high))
        case _:
            if not known.erasures.gone(amendment.id):
                yield by_fact(known.facts[amendment.id])


def by_placement(
    placement: Placement, facilities: Mapping[FacilityToken, Facility]
) -> Touch:
    """Return what a placement touches: itself, and whoever is where it is."""
    providers: tuple[ProviderToken, ...] = ()
    if placement.facility is not None:
        providers = (facilities[placement.facility].provider,)
    return Touch(cases=(placement.case,), places=(placement.area,), providers=providers)


def by_fact(fact: AnyFact) -> Touch:
    """Return what a fact touches, whether it comes, changes or goes."""
    match fact:
        case Affiliation() | Tie():
            return Touch(subjects=(fact.subject,))
        case Faction():
            return Touch(kin=(fact.child, fact.parent))
        case Rivalry() | Alliance():
            return Touch(groups=(fact.low, fact.high))
        case Presence() | Located():
            return Touch(areas=(fact.area,))
        case Threat():
            sources = () if fact.source_subject is None else (fact.source_subject,)
            return Touch(subjects=(fact.target, *sources))
        case SameAs():
            return Touch(subjects=(fact.low, fact.high))
        case _ as never:
            assert_never(never)


_TOUCHES: Final[Mapping[type[Event], Callable[[Any, Known], Iterator[Touch]]]] = {
    FactRecorded: _by_recording,
    FactEnded: _by_amendment,
    FactRetracted: _by_amendment,
    FactRegraded: _by_amendment,
    FactRenewed: _by_amendment,
    ChangeRejected: _by_dropping,
    ChangeWithdrawn: _by_dropping,
    GroupsMerged: _by_amendment,
    GroupsUnmerged: _by_amendment,
    ChangeApproved: _by_approval,
    CaseAssessed: _by_assessment,
    PlacementRecorded: _by_placing,
    PlacementEnded: _by_stay,
    HoldConfirmed: _by_stay,
    HoldExtended: _by_stay,
    CoverageAttested: _by_coverage,
    ProviderStopped: _by_stop,
    DayPassed: _by_day,
    SweepBegun: _by_sweep,
    RulesFollowed: _by_rules,
    RulesetAdopted: _by_adoption,
    DossiersErased: _by_erasure,
    ChangeoverEnded: _by_changeover,
}
