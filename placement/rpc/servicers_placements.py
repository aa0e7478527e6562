"""What a municipality holds and has placed, and alerts: parse, submit, render."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final, TypeAlias

import grpc.aio

from placement.access import Caller, Role
from placement.api.v1 import alert_service_pb2 as alert_wire
from placement.api.v1 import placement_service_pb2 as placement_wire
from placement.api.v1.alert_service_pb2_grpc import AlertServiceServicer
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceServicer
from placement.domain.alerts import Alert
from placement.domain.decide.alerts import Followed, concerns
from placement.domain.terms import Revision
from placement.rpc import parse_placements as parse
from placement.rpc import render_placements as render
from placement.rpc.desk import CALL, Desk
from placement.rpc.render_placements import ContactOf
from placement.service.feed import Feed

MAX_FOLLOWED: Final = 100
"""Alerts in one answer to somebody who watches."""
FOLLOW_EVERY: Final = 0.1
"""Seconds between two looks for what is new."""
ALIVE_EVERY: Final = 5.0
"""Seconds after which whoever watches is told that nothing is new."""

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Placements(PlacementServiceServicer):
    """The municipalities' service for what they hold and have placed.

    Args:
        desk: asks the engine.
        contact_of: whom a municipality phones, by its code.
    """

    def __init__(self, desk: Desk, contact_of: ContactOf) -> None:
        self._desk = desk
        self._contact_of = contact_of

    async def ConfirmHold(
        self, request: placement_wire.ConfirmHoldRequest, context: Context
    ) -> placement_wire.ConfirmHoldResponse:
        """Confirm a hold."""
        answer = await self._desk.ask(parse.confirm_hold, request)
        return render.confirmed(answer, self._contact())

    async def ExtendHold(
        self, request: placement_wire.ExtendHoldRequest, context: Context
    ) -> placement_wire.ExtendHoldResponse:
        """Extend a hold."""
        return render.extended(await self._desk.ask(parse.extend_hold, request))

    async def ReleaseHold(
        self, request: placement_wire.ReleaseHoldRequest, context: Context
    ) -> placement_wire.ReleaseHoldResponse:
        """Give a hold up."""
        answer = await self._desk.ask(parse.release_hold, request)
        return placement_wire.ReleaseHoldResponse(revision=answer.revision)

    async def MoveIn(
        self, request: placement_wire.MoveInRequest, context: Context
    ) -> placement_wire.MoveInResponse:
        """Let a household move in."""
        answer = await self._desk.ask(parse.move_in, request)
        return render.moved_in(answer, self._contact())

    async def MovePlacement(
        self, request: placement_wire.MovePlacementRequest, context: Context
    ) -> placement_wire.MovePlacementResponse:
        """Move a household to the place that is held for it."""
        answer = await self._desk.ask(parse.move_placement, request)
        return render.moved(answer, self._contact())

    async def EndPlacement(
        self, request: placement_wire.EndPlacementRequest, context: Context
    ) -> placement_wire.EndPlacementResponse:
        """End a placement."""
        answer = await self._desk.ask(parse.end_placement, request)
        return placement_wire.EndPlacementResponse(revision=answer.revision)

    async def AbortPlacement(
        self, request: placement_wire.AbortPlacementRequest, context: Context
    ) -> placement_wire.AbortPlacementResponse:
        """End a placement that nobody moved into."""
        answer = await self._desk.ask(parse.abort_placement, request)
        return placement_wire.AbortPlacementResponse(revision=answer.revision)

    async def ProposeOverride(
        self, request: placement_wire.ProposeOverrideRequest, context: Context
    ) -> placement_wire.ProposeOverrideResponse:
        """Ask for a place despite what was answered."""
        return render.proposed(await self._desk.ask(parse.propose_override, request))

    def _contact(self) -> str:
        return self._contact_of(CALL.get().caller.organisation)


class Alerts(AlertServiceServicer):
    """Everybody's service for alerts.

    Args:
        desk: asks the engine.
        feed: what has become of alerts.
        contact_of: whom to phone in a region.
    """

    def __init__(self, desk: Desk, feed: Feed, contact_of: ContactOf) -> None:
        self._desk = desk
        self._feed = feed
        self._contact_of = contact_of

    async def WatchAlerts(
        self, request: alert_wire.WatchAlertsRequest, context: Context
    ) -> AsyncIterator[alert_wire.WatchAlertsResponse]:
        """Send alerts as they are raised and handled."""
        answer = await self._desk.ask(parse.watch_alerts, request)
        caller = CALL.get().caller
        reply: Any = answer.reply
        followed: Followed = reply
        since, told = followed.since, 0.0
        while True:
            # Silence would say that there is nothing; another server may know better.
            self._desk.require_serving()
            wanted = partial(_is_new, caller=caller, since=since)
            changed = self._feed.since(since, wanted, MAX_FOLLOWED)
            since = changed.until if since is None else max(since, changed.until)
            now = time.monotonic()
            if changed.alerts or now - told > ALIVE_EVERY:
                # Behind the last alert an answer without any says that it was the last.
                told = 0.0 if changed.alerts else now
                yield await self._told(changed.alerts, caller, since)
            if len(changed.alerts) < MAX_FOLLOWED:
                await asyncio.sleep(FOLLOW_EVERY)

    async def _told(
        self, alerts: tuple[Alert, ...], caller: Caller, since: Revision
    ) -> alert_wire.WatchAlertsResponse:
        """Render alerts once it stands in the access log that they are told."""
        if alerts:
            await (
                self._desk.identify_again()
            )  # nobody is said to be told who then is refused
            await self._desk.ask(parse.told, [alert.id for alert in alerts])
        return alert_wire.WatchAlertsResponse(
            alerts=[render.alert(each, caller) for each in alerts],
            resume_token=self._desk.bookmark(parse.WATCH_SCOPE, since),
        )

    async def ListAlerts(
        self, request: alert_wire.ListAlertsRequest, context: Context
    ) -> alert_wire.ListAlertsResponse:
        """List alerts that are not closed."""
        answer = await self._desk.ask(parse.list_alerts, request)
        return render.listed(answer, CALL.get().caller)

    async def ShowAlert(
        self, request: alert_wire.ShowAlertRequest, context: Context
    ) -> alert_wire.ShowAlertResponse:
        """Show a coordinator what an alert rests on."""
        answer = await self._desk.ask(parse.show_alert, request)
        return render.shown(answer, self._contact_of)

    async def AcknowledgeAlert(
        self, request: alert_wire.AcknowledgeAlertRequest, context: Context
    ) -> alert_wire.AcknowledgeAlertResponse:
        """Note who has seen an alert."""
        answer = await self._desk.ask(parse.acknowledge_alert, request)
        return alert_wire.AcknowledgeAlertResponse(revision=answer.revision)

    async def HandOverAlert(
        self, request: alert_wire.HandOverAlertRequest, context: Context
    ) -> alert_wire.HandOverAlertResponse:
        """Give an alert to another region."""
        answer = await self._desk.ask(parse.hand_over_alert, request)
        return alert_wire.HandOverAlertResponse(revision=answer.revision)

    async def CloseAlert(
        self, request: alert_wire.CloseAlertRequest, context: Context
    ) -> alert_wire.CloseAlertResponse:
        """Close an alert."""
        answer = await self._desk.ask(parse.close_alert, request)
        return alert_wire.CloseAlertResponse(revision=answer.revision)


def _is_new(alert: Alert, *, caller: Caller, since: Revision | None) -> bool:
    """Tell whether a caller has not been told of an alert as it stands.

    What the police do with it is not a municipality's: that it escalates would tell it
    how bad it is.
    """
    if caller.role is Role.COORDINATOR or since is None:
        return concerns(alert, caller)
    return concerns(alert, caller) and alert.told > since
