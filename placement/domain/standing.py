"""What stands in time: placements, permits, alerts, stopped providers, what is due.

The part of the state that ``StayEvent`` and the events of placements change.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import assert_never

from placement.domain.agenda import Agenda
from placement.domain.alerts import Alerts
from placement.domain.events import (
    PlacementEnded,
    PlacementRecorded,
    ProviderLifted,
)
from placement.domain.facts import Facility, Placement
from placement.domain.idle_events import Idled
from placement.domain.permits import Permit
from placement.domain.stay_events import (
    AgendaKept,
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertEvent,
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
    StayEvent,
    SweepBegun,
)
from placement.domain.stays import Stays
from placement.domain.terms import (
    AlertState,
    CaseHandle,
    FacilityToken,
    FactId,
    Micros,
    PlacementState,
    ProviderToken,
    Revision,
)

_Change = HoldExtended | HoldConfirmed | MovedIn | PlacementWeighed | PlacementEnded


class Standing:
    """What stands in time.

    Args:
        facilities: by token.

    Attributes:
        stays: placements.
        permits: by id.
        alerts: all of them.
        agenda: what is due.
        stopped: providers that are stopped, and the regions that stopped each.
    """

    def __init__(self, facilities: Mapping[FacilityToken, Facility]) -> None:
        self.stays = Stays(facilities)
        self.permits: dict[FactId, Permit] = {}
        self.alerts = Alerts()
        self.agenda = Agenda()
        self.stopped: dict[ProviderToken, frozenset[str]] = {}
        self._permits_of: dict[CaseHandle, dict[FactId, None]] = {}

    def permits_of(self, case: CaseHandle) -> Iterator[Permit]:
        """Yield the permits of a case, in the order they were asked for."""
        return (self.permits[each] for each in self._permits_of.get(case, ()))

    def apply(
        self,
        event: StayEvent | PlacementRecorded | PlacementEnded,
        revision: Revision,
        at: Micros,
    ) -> None:
        """Fold one event in.

        Args:
            event: what happened.
            at: when.
            revision: of the state that holds it.

        Raises:
            KeyError: it speaks of something that isn't there.
        """
        match event:
            case PlacementRecorded(placement=placement):
                self._place(placement)
            case (
                HoldExtended()
                | HoldConfirmed()
                | MovedIn()
                | PlacementWeighed()
                | PlacementEnded()
            ):
                self._place(_changed(self.stays.by_id[event.id], event))
            case PermitGiven(permit=permit):
                self.permits[permit.id] = permit
                self._permits_of.setdefault(permit.case, {})[permit.id] = None
            case OverrideSigned():
                self._sign(event)
            case ProviderStopped(provider=provider, region=region):
                regions = self.stopped.get(provider, frozenset())
                self.stopped[provider] = regions | {region}
            case (
                DayPassed()
                | SweepBegun()
                | RulesFollowed()
                | Reevaluated()
                | AgendaKept()
            ):
                self._schedule(event, at)
            case Idled():
                pass
            case _:
                self._alert(event, revision, at)

    def _place(self, placement: Placement) -> None:
        self.stays.put(placement)
        if placement.permit is not None:
            permit = self.permits[placement.permit]
            self.permits[permit.id] = replace(permit, used=True)

    def forget(self, cases: AbstractSet[CaseHandle]) -> list[Placement]:
        """Remove what belongs to cases; return their placements."""
        for case in cases:
            for permit in self._permits_of.pop(case, ()):
                del self.permits[permit]
        if cases:
            self.alerts.forget(cases)
        return [each for case in cases for each in self.stays.forget(case)]

    def lift(self, event: ProviderLifted) -> None:
        """Let a provider go on as far as one region is concerned."""
        left = self.stopped.pop(event.id, frozenset()) - {event.region}
        if left:
            self.stopped[event.id] = left

    def sign_release(self, permit_id: FactId, region: str, person: str) -> None:
        """Let a release cover something, with a second coordinator behind it.

        Raises:
            KeyError: there is none.
        """
        self.permits[permit_id] = replace(
            self.permits[permit_id],
            signed=True,
            signed_by_organisation=region,
            signed_by=person,
        )

    def _sign(self, event: OverrideSigned) -> None:
        self.permits[event.id] = replace(
            self.permits[event.id],
            signed=True,
            signed_by_organisation=event.organisation,
            signed_by=event.person,
            expires_at=event.expires_at,
            verdict=event.verdict,
            floor=event.floor,
            seen=event.seen,
        )

    def _schedule(
        self,
        event: DayPassed | SweepBegun | RulesFollowed | Reevaluated | AgendaKept,
        at: Micros,
    ) -> None:
        match event:
            case DayPassed(day=day):
                self.agenda.day = day
            case SweepBegun():
                return
            case RulesFollowed(rules=rules):
                self.agenda.follow(rules, at)
            case Reevaluated(until=until, after=after, done=done):
                self.agenda.work_off(until, after, done=done)
            case AgendaKept(day=day, rules=rules, ruled_at=ruled_at):
                self.agenda.day, self.agenda.rules = day, rules
                self.agenda.ruled_at = ruled_at
                self.agenda.keep(event.due, further=event.further)
            case _ as never:
                assert_never(never)

    def _alert(self, event: AlertEvent, revision: Revision, at: Micros) -> None:
        change = partial(self.alerts.change, revision=revision, changed_at=at)
        match event:
            case AlertRaised(alert=alert):
                self.alerts.raise_(alert, revision, at)
            case AlertKept(alert=alert):
                self.alerts.put(alert)
            case AlertSeen(id=key):
                change(key, seen=True, told=revision, told_at=at)
            case AlertAcknowledged(id=key, person=person, region=region):
                change(
                    key,
                    state=AlertState.ACKNOWLEDGED,
                    owner=person,
                    owner_region=region,
                )
            case AlertHandedOver(id=key, region=region, acknowledge_by=by):
                known = self.alerts[key]
                escalated = known.state is AlertState.ESCALATED
                change(
                    key,
                    state=AlertState.ESCALATED if escalated else AlertState.RAISED,
                    owner="",
                    owner_region="",
                    regions=tuple(sorted({*known.regions, region})),
                    acknowledge_by=by,
                )
            case AlertEscalated(id=key):
                change(key, state=AlertState.ESCALATED)
            case AlertClosed(id=key, closing=closing):
                change(
                    key,
                    state=AlertState.CLOSED,
                    closing=closing,
                    told=revision,
                    told_at=at,
                )
            case _ as never:
                assert_never(never)

    def records(self) -> Iterator[StayEvent | PlacementRecorded]:
        """Yield events whose fold equals this, in an order in which they can apply."""
        for permit in self.permits.values():
            yield PermitGiven(permit=permit)
        for placement in self.stays.by_id.values():
            yield PlacementRecorded(placement=placement)
        for provider, regions in sorted(self.stopped.items()):
            for region in sorted(regions):
                yield ProviderStopped(provider=provider, region=region)
        for alert in self.alerts:
            yield AlertKept(alert=alert)

    def schedule(self) -> Iterator[AgendaKept]:
        """Yield the last events of a snapshot: what is due, and nothing else is."""
        agenda = self.agenda
        for number, due in enumerate(agenda.pieces()):
            yield AgendaKept(
                day=agenda.day,
                rules=agenda.rules,
                ruled_at=agenda.ruled_at,
                due=due,
                further=number > 0,
            )


def _changed(placement: Placement, event: _Change) -> Placement:
    match event:
        case HoldExtended(expires_at=expires_at):
            return replace(placement, expires_at=expires_at, extended=True)
        case HoldConfirmed(verdict=verdict, seen=seen, permit=permit):
            return replace(
                placement,
                state=PlacementState.ACTIVE,
                expires_at=None,
                verdict=verdict,
                seen=seen,
                permit=permit or placement.permit,
            )
        case MovedIn(day=day, verdict=verdict, seen=seen, permit=permit):
            return replace(
                placement,
                moved_in_on=day,
                verdict=verdict,
                seen=seen,
                permit=permit or placement.permit,
            )
        case PlacementWeighed(verdict=verdict, seen=seen):
            return replace(placement, verdict=verdict, seen=seen)
        case PlacementEnded(state=state, valid_to=valid_to, cause=cause):
            return replace(placement, state=state, valid_to=valid_to, cause=cause)
        case _ as never:
            assert_never(never)
