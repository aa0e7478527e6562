"""One class a service; each method is parse, submit, render."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final, TypeAlias

import grpc.aio

from placement.api.v1 import check_service_pb2 as check_wire
from placement.api.v1 import pseudonym_service_pb2 as pseudonym_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceServicer
from placement.api.v1.pseudonym_service_pb2_grpc import PseudonymServiceServicer
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceServicer
from placement.domain.decide.previews import Planned
from placement.rpc import (
    parse,
    parse_groups,
    parse_lives,
    parse_placements,
    parse_registry,
    render,
    render_groups,
    render_lives,
    render_placements,
)
from placement.rpc.desk import CALL, Desk
from placement.service.custodian import Custodian

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
PREVIEWED: Final = 16
"""Placements that are weighed twice in one step of a preview."""


class Pseudonyms(PseudonymServiceServicer):
    """The custodian's service."""

    def __init__(self, desk: Desk, custodian: Custodian) -> None:
        self._desk = desk
        self._custodian = custodian

    async def Evaluate(
        self, request: pseudonym_wire.EvaluateRequest, context: Context
    ) -> pseudonym_wire.EvaluateResponse:
        """Evaluate what was admitted and paid for."""
        find = partial(asyncio.to_thread, self._custodian.under, request.key_id)
        under = await self._desk.prepare(find)
        read = partial(parse.evaluate, held=under is not None)
        answer = await self._desk.ask(read, request)
        # Refused by now, if there is no such key.
        custodian = under or self._custodian
        elements: Any = answer.reply
        return render.evaluated(await asyncio.to_thread(custodian.evaluate, elements))


class Checks(CheckServiceServicer):
    """The municipalities' service.

    Args:
        desk: asks the engine.
        contact_of: whom a municipality phones, by its code.
    """

    def __init__(self, desk: Desk, contact_of: Callable[[str], str]) -> None:
        self._desk = desk
        self._contact_of = contact_of

    async def OpenCase(
        self, request: check_wire.OpenCaseRequest, context: Context
    ) -> check_wire.OpenCaseResponse:
        """Open a case."""
        return render.opened(await self._desk.ask(parse.open_case, request))

    async def ShowCase(
        self, request: check_wire.ShowCaseRequest, context: Context
    ) -> check_wire.ShowCaseResponse:
        """Show one of the caller's own cases."""
        answer = await self._desk.ask(parse.show_case, request)
        contact = self._contact_of(CALL.get().caller.organisation)
        return render.shown(answer, contact)

    async def CloseCase(
        self, request: check_wire.CloseCaseRequest, context: Context
    ) -> check_wire.CloseCaseResponse:
        """Close a case."""
        return render.closed(await self._desk.ask(parse.close_case, request))

    async def CheckPlacement(
        self, request: check_wire.CheckPlacementRequest, context: Context
    ) -> check_wire.CheckPlacementResponse:
        """Answer whether places are safe."""
        answer = await self._desk.ask(parse.check, request)
        contact = self._contact_of(CALL.get().caller.organisation)
        return render.checked(answer, contact)


class Registry(RegistryServiceServicer):
    """The coordinators' service.

    Args:
        desk: asks the engine.
        contact_of: whom to phone in a region.
    """

    def __init__(self, desk: Desk, contact_of: Callable[[str], str]) -> None:
        self._desk = desk
        self._contact_of = contact_of

    async def AssessCase(
        self, request: registry_wire.AssessCaseRequest, context: Context
    ) -> registry_wire.AssessCaseResponse:
        """Attest that a case's picture is recorded."""
        return render.assessed(
            await self._desk.ask(parse_registry.assess_case, request)
        )

    async def RecordFacts(
        self, request: registry_wire.RecordFactsRequest, context: Context
    ) -> registry_wire.RecordFactsResponse:
        """Record facts."""
        return render.recorded(
            await self._desk.ask(parse_registry.record_facts, request)
        )

    async def EndFacts(
        self, request: registry_wire.EndFactsRequest, context: Context
    ) -> registry_wire.EndFactsResponse:
        """End facts."""
        return render.ended(await self._desk.ask(parse_registry.end_facts, request))

    async def RetractFacts(
        self, request: registry_wire.RetractFactsRequest, context: Context
    ) -> registry_wire.RetractFactsResponse:
        """Propose that facts were never true."""
        return render.retracted(
            await self._desk.ask(parse_registry.retract_facts, request)
        )

    async def RegradeFacts(
        self, request: registry_wire.RegradeFactsRequest, context: Context
    ) -> registry_wire.RegradeFactsResponse:
        """Propose new grades."""
        return render.regraded(
            await self._desk.ask(parse_registry.regrade_facts, request)
        )

    async def AmendFacts(
        self, request: registry_wire.AmendFactsRequest, context: Context
    ) -> registry_wire.AmendFactsResponse:
        """End facts and record others instead."""
        return render_lives.amended(
            await self._desk.ask(parse_lives.amend_facts, request)
        )

    async def RenewFacts(
        self, request: registry_wire.RenewFactsRequest, context: Context
    ) -> registry_wire.RenewFactsResponse:
        """Say that facts stand."""
        return render_lives.renewed(
            await self._desk.ask(parse_lives.renew_facts, request)
        )

    async def ContestFacts(
        self, request: registry_wire.ContestFactsRequest, context: Context
    ) -> registry_wire.ContestFactsResponse:
        """Doubt facts."""
        answer = await self._desk.ask(parse_lives.contest_facts, request)
        return registry_wire.ContestFactsResponse(revision=answer.revision)

    async def ProposeFacts(
        self, request: registry_wire.ProposeFactsRequest, context: Context
    ) -> registry_wire.ProposeFactsResponse:
        """Propose facts again."""
        return render_lives.proposed(
            await self._desk.ask(parse_lives.propose_facts, request)
        )

    async def RejectChange(
        self, request: registry_wire.RejectChangeRequest, context: Context
    ) -> registry_wire.RejectChangeResponse:
        """End somebody else's change."""
        answer = await self._desk.ask(parse_lives.reject_change, request)
        return render_lives.rejected(answer)

    async def WithdrawChange(
        self, request: registry_wire.WithdrawChangeRequest, context: Context
    ) -> registry_wire.WithdrawChangeResponse:
        """End an own change."""
        answer = await self._desk.ask(parse_lives.withdraw_change, request)
        return registry_wire.WithdrawChangeResponse(revision=answer.revision)

    async def ApproveChange(
        self, request: registry_wire.ApproveChangeRequest, context: Context
    ) -> registry_wire.ApproveChangeResponse:
        """Put a change into force."""
        return render.approved(
            await self._desk.ask(parse_registry.approve_change, request)
        )

    async def ListChanges(
        self, request: registry_wire.ListChangesRequest, context: Context
    ) -> registry_wire.ListChangesResponse:
        """List what waits."""
        return render.changes(
            await self._desk.ask(parse_registry.list_changes, request)
        )

    async def ShowChange(
        self, request: registry_wire.ShowChangeRequest, context: Context
    ) -> registry_wire.ShowChangeResponse:
        """Show what a change would do."""
        answer = await self._desk.ask(parse_registry.show_change, request)
        return render_placements.change(answer, self._contact_of)

    async def PreviewChange(
        self, request: registry_wire.PreviewChangeRequest, context: Context
    ) -> AsyncIterator[registry_wire.PreviewChangeResponse]:
        """Show what a change would do, a slice at a time, so that nobody waits long."""
        answer = await self._desk.ask(parse_lives.preview, request)
        yield render_lives.planned(answer)
        reply: Any = answer.reply
        plan: Planned = reply
        imagined = None
        for start in range(0, len(plan.placements), PREVIEWED):
            some = plan.placements[start : start + PREVIEWED]
            weigh = parse_lives.preview_slice
            answer = await self._desk.ask(weigh, (plan.sketch, some, imagined))
            found: Any = answer.reply
            imagined = found.imagined
            yield render_lives.foreseen(answer, plan)

    async def AttestCoverage(
        self, request: registry_wire.AttestCoverageRequest, context: Context
    ) -> registry_wire.AttestCoverageResponse:
        """Attest a region's picture."""
        return render.attested(
            await self._desk.ask(parse_registry.attest_coverage, request)
        )

    async def RegisterGroups(
        self, request: registry_wire.RegisterGroupsRequest, context: Context
    ) -> registry_wire.RegisterGroupsResponse:
        """Register groups."""
        return render_groups.registered_groups(
            await self._desk.ask(parse_groups.register_groups, request)
        )

    async def ListGroups(
        self, request: registry_wire.ListGroupsRequest, context: Context
    ) -> registry_wire.ListGroupsResponse:
        """List a page of groups."""
        return render_groups.listed_groups(
            await self._desk.ask(parse_groups.list_groups, request)
        )

    async def RegisterFacilities(
        self, request: registry_wire.RegisterFacilitiesRequest, context: Context
    ) -> registry_wire.RegisterFacilitiesResponse:
        """Register facilities."""
        return render.registered_facilities(
            await self._desk.ask(parse_registry.register_facilities, request)
        )

    async def RecordPlacements(
        self, request: registry_wire.RecordPlacementsRequest, context: Context
    ) -> registry_wire.RecordPlacementsResponse:
        """Record placements that stand."""
        return render.recorded_placements(
            await self._desk.ask(parse_registry.record_placements, request)
        )

    async def EndPlacements(
        self, request: registry_wire.EndPlacementsRequest, context: Context
    ) -> registry_wire.EndPlacementsResponse:
        """End placements."""
        return render.ended_placements(
            await self._desk.ask(parse_registry.end_placements, request)
        )

    async def ExplainPlacement(
        self, request: registry_wire.ExplainPlacementRequest, context: Context
    ) -> registry_wire.ExplainPlacementResponse:
        """Show what a place is worth to a case, and why."""
        answer = await self._desk.ask(parse_placements.explain_placement, request)
        return render_placements.explained(answer, self._contact_of)

    async def ReleasePlace(
        self, request: registry_wire.ReleasePlaceRequest, context: Context
    ) -> registry_wire.ReleasePlaceResponse:
        """Release a place."""
        return render_placements.released(
            await self._desk.ask(parse_placements.release_place, request)
        )

    async def ShowOverride(
        self, request: registry_wire.ShowOverrideRequest, context: Context
    ) -> registry_wire.ShowOverrideResponse:
        """Show an override that waits."""
        answer = await self._desk.ask(parse_placements.show_override, request)
        return render_placements.override(answer, self._contact_of)

    async def SignOverride(
        self, request: registry_wire.SignOverrideRequest, context: Context
    ) -> registry_wire.SignOverrideResponse:
        """Sign a municipality's override."""
        return render_placements.signed(
            await self._desk.ask(parse_placements.sign_override, request)
        )

    async def StopProvider(
        self, request: registry_wire.StopProviderRequest, context: Context
    ) -> registry_wire.StopProviderResponse:
        """Stop a provider."""
        return render_placements.stopped(
            await self._desk.ask(parse_placements.stop_provider, request)
        )
