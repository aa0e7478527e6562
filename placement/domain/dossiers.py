"""Which dossier an event belongs to; said before it is applied.

A *dossier* is what can be erased at once: a fact, with all that happened to it; a case,
with its placements, permits, alerts and questions; the rows that were staged for an
import; or the pairs of a changeover. Whatever an event of a dossier says is sealed under the dossier's own key and
goes with it. So an event that says something about somebody has to be in the table
below; a test holds that every event is in it, or known to say nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from placement.domain.alerts import Alerts
from placement.domain.changeover import Changeover
from placement.domain.changeover_events import (
    ChangeoverBegun,
    ChangeoverEnded,
    ChangeoverKept,
    ChangeoverSaid,
    CustodianNamed,
    PairsKept,
    PairsOffered,
)
from placement.domain.erasure_events import DossiersErased, Sealed
from placement.domain.events import (
    Asked,
    CaseAssessed,
    CaseClosed,
    CaseOpened,
    ChangeApproved,
    ChangeProposed,
    CoverageAttested,
    Evaluated,
    Event,
    FacilityRegistered,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    PlacementRecorded,
    ReleaseSigned,
    RequestKept,
)
from placement.domain.extract_events import ExtractAsked, ExtractGranted
from placement.domain.facts import Placement
from placement.domain.group_events import (
    ExchangeKeyPublished,
    ExchangeKeyWithdrawn,
    GroupNamed,
    GroupRegistered,
    GroupsMerged,
    GroupsUnmerged,
    LabelKeyHandedOver,
    LabelRenewed,
    RotationBegun,
    RotationEnded,
)
from placement.domain.haunt_events import GroupSized, LiftKept, PhantomsLifted
from placement.domain.idle_events import Idled
from placement.domain.import_events import (
    ImportApproved,
    ImportBegun,
    ImportCancelled,
    ImportFinished,
    ImportKept,
    ImportStaged,
    ImportTaken,
)
from placement.domain.life_events import (
    ChangeDropped,
    ChangeRejected,
    ChangeWithdrawn,
    ContestWithdrawn,
    FactContested,
    FactRenewed,
    FactsKept,
    FactStepsKept,
    Previewed,
)
from placement.domain.permits import Permit
from placement.domain.roll_events import AffiliationsKept, RollBegun
from placement.domain.rule_events import (
    RulesetAdopted,
    RulesetFounded,
    RulesetKept,
    RulesetProposed,
    RulesetShadowed,
    RulesetWithdrawn,
)
from placement.domain.stay_events import (
    AgendaKept,
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertHandedOver,
    AlertKept,
    AlertRaised,
    AlertSeen,
    DayPassed,
    HoldConfirmed,
    HoldExtended,
    MovedIn,
    OverrideSigned,
    PermitGiven,
    PlacementWeighed,
    ProviderStopped,
    Reevaluated,
    RulesFollowed,
    SweepBegun,
)
from placement.domain.terms import DossierId, FactId


class Known(Protocol):
    """What has to be known of a state."""

    placements: dict[FactId, Placement]
    permits: dict[FactId, Permit]
    alerts: Alerts
    changes: dict[FactId, ChangeProposed]
    changeover: Changeover


def dossier_of(event: Event, known: Known) -> DossierId | None:
    """Return the dossier of an event; ``None`` if it is of none.

    Raises:
        KeyError: it speaks of something that isn't there.
    """
    find = _DOSSIERS[type(event)]
    return None if find is None else find(event, known)


def begun_by(event: Event, known: Known) -> DossierId | None:
    """Return the dossier that an event begins; ``None`` if it begins none.

    Raises:
        KeyError: it speaks of something that isn't there.
    """
    match event:
        case ChangeoverBegun(dossier=dossier):  # it says itself nothing of anybody
            return dossier or None
        case FactRecorded() | CaseOpened() | ImportStaged(position=0):
            return dossier_of(event, known)
        case PairsKept(first=True):
            return dossier_of(event, known)
        case _:
            return None


def _of_offer(event: PairsOffered, known: Known) -> DossierId | None:
    del event
    begun = known.changeover.begun
    if begun is None:
        raise KeyError
    return begun.dossier or None


def _of_fact(
    event: FactEnded
    | FactRetracted
    | FactRegraded
    | FactRenewed
    | FactContested
    | ContestWithdrawn,
    _: Known,
) -> DossierId:
    return DossierId(event.id)


def _of_case(event: CaseAssessed | CaseClosed, _: Known) -> DossierId:
    return DossierId(event.handle)


def _of_placement(
    event: PlacementEnded | HoldExtended | HoldConfirmed | MovedIn | PlacementWeighed,
    known: Known,
) -> DossierId:
    return DossierId(known.placements[event.id].case)


def _of_permit(event: OverrideSigned | ReleaseSigned, known: Known) -> DossierId:
    return DossierId(known.permits[event.id].case)


def _of_alert(
    event: AlertSeen
    | AlertAcknowledged
    | AlertHandedOver
    | AlertEscalated
    | AlertClosed,
    known: Known,
) -> DossierId:
    return DossierId(known.alerts[event.id].case)


def _of_change(event: ChangeProposed, known: Known) -> DossierId | None:
    """Return the case of a release, or of a lift; what a change does to facts is of many dossiers."""
    match event.amendments:
        case (ReleaseSigned() as signed,):
            return _of_permit(signed, known)
        case (PhantomsLifted() as lifted,):
            return DossierId(lifted.case)
        case _:
            return None


def _of_decision(
    event: ChangeApproved | ChangeDropped, known: Known
) -> DossierId | None:
    return _of_change(known.changes[event.id], known)


_Find = Callable[[Any, Known], DossierId | None]
_DOSSIERS: Final[Mapping[type[Event], _Find | None]] = {
    FactRecorded: lambda event, _: DossierId(event.fact.id),
    FactEnded: _of_fact,
    FactRetracted: _of_fact,
    FactRegraded: _of_fact,
    FactRenewed: _of_fact,
    FactContested: _of_fact,
    ContestWithdrawn: _of_fact,
    CaseOpened: lambda event, _: DossierId(event.case.handle),
    CaseAssessed: _of_case,
    CaseClosed: _of_case,
    Asked: lambda event, _: DossierId(event.case),
    PlacementRecorded: lambda event, _: DossierId(event.placement.case),
    PlacementEnded: _of_placement,
    HoldExtended: _of_placement,
    HoldConfirmed: _of_placement,
    MovedIn: _of_placement,
    PlacementWeighed: _of_placement,
    PermitGiven: lambda event, _: DossierId(event.permit.case),
    OverrideSigned: _of_permit,
    AlertRaised: lambda event, _: DossierId(event.alert.case),
    AlertSeen: _of_alert,
    AlertAcknowledged: _of_alert,
    AlertHandedOver: _of_alert,
    AlertEscalated: _of_alert,
    AlertClosed: _of_alert,
    ChangeProposed: _of_change,
    ChangeApproved: _of_decision,
    ChangeRejected: _of_decision,
    ChangeWithdrawn: _of_decision,
    ImportStaged: lambda event, _: DossierId(event.id),
    # A pair is of as many dossiers as speak of that person; so all of them are in one,
    # which is written anew without those who are gone.
    PairsOffered: _of_offer,
    PairsKept: lambda event, _: event.dossier or None,
    # What follows says nothing of anybody: groups, houses, rules, days, ids, counts.
    CoverageAttested: None,
    GroupRegistered: None,
    GroupNamed: None,
    GroupsMerged: None,
    GroupsUnmerged: None,
    ExchangeKeyPublished: None,
    ExchangeKeyWithdrawn: None,
    LabelKeyHandedOver: None,
    RotationBegun: None,
    LabelRenewed: None,
    RotationEnded: None,
    FacilityRegistered: None,
    GroupSized: None,
    CustodianNamed: None,
    ChangeoverSaid: None,
    ChangeoverBegun: None,
    ChangeoverEnded: None,
    Evaluated: None,
    Previewed: None,
    ImportBegun: None,
    ImportFinished: None,
    ImportApproved: None,
    ImportCancelled: None,
    ImportTaken: None,
    RulesetFounded: None,
    RulesetProposed: None,
    RulesetShadowed: None,
    RulesetAdopted: None,
    RulesetWithdrawn: None,
    ProviderStopped: None,
    DayPassed: None,
    SweepBegun: None,
    RulesFollowed: None,
    Reevaluated: None,
    Idled: None,
    DossiersErased: None,
    Sealed: None,
    # Of whom an extract is can't be read from it.
    ExtractAsked: None,
    ExtractGranted: None,
    # In snapshots only, which have a key of their own.
    RequestKept: None,
    AlertKept: None,
    LiftKept: None,
    AgendaKept: None,
    FactsKept: None,
    FactStepsKept: None,
    RollBegun: None,
    AffiliationsKept: None,
    RulesetKept: None,
    ImportKept: None,
    ChangeoverKept: None,
}
