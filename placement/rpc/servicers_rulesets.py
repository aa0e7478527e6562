"""The rulesets' service: parse, submit, render."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, TypeAlias

import grpc.aio

from placement.api.v1 import ruleset_service_pb2 as wire
from placement.api.v1.ruleset_service_pb2_grpc import RulesetServiceServicer
from placement.domain.decide.shadows import MAX_SLICE, Shadowed, Slice
from placement.domain.terms import FactId
from placement.rpc import parse_rulesets as parse
from placement.rpc import render_rulesets as render
from placement.rpc.desk import CALL, Desk

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Rulesets(RulesetServiceServicer):
    """The service of those who make the rules, and of those who read them.

    Args:
        desk: asks the engine.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ProposeRuleset(
        self, request: wire.ProposeRulesetRequest, context: Context
    ) -> wire.ProposeRulesetResponse:
        """Let a ruleset wait."""
        return render.proposed(await self._desk.ask(parse.propose_ruleset, request))

    async def ShadowRuleset(
        self, request: wire.ShadowRulesetRequest, context: Context
    ) -> AsyncIterator[wire.ShadowRulesetResponse]:
        """Weigh all that stands, a slice at a time, so that nobody else waits for it."""
        reply: Any = (await self._desk.ask(parse.shadow_ruleset, request)).reply
        plan: tuple[FactId, ...] = reply
        found = Shadowed(weighed=0, shifts=(), moved=())
        for start in range(0, max(len(plan), 1), MAX_SLICE):
            end = start + MAX_SLICE
            part = Slice(
                placements=plan[start:end],
                weighed=found.weighed,
                shifts=found.shifts,
                done=end >= len(plan),
            )
            read = partial(parse.shadow_ruleset, part=part)
            answer = await self._desk.ask(read, request)
            reply = answer.reply
            found = reply
            person = CALL.get().caller.person
            yield render.shadowed(
                answer, total=len(plan), person=person, done=part.done
            )

    async def ApproveRuleset(
        self, request: wire.ApproveRulesetRequest, context: Context
    ) -> wire.ApproveRulesetResponse:
        """Put a ruleset into force."""
        return render.approved(await self._desk.ask(parse.approve_ruleset, request))

    async def WithdrawRuleset(
        self, request: wire.WithdrawRulesetRequest, context: Context
    ) -> wire.WithdrawRulesetResponse:
        """Let a ruleset wait no longer."""
        return render.withdrawn(await self._desk.ask(parse.withdraw_ruleset, request))

    async def ListRulesets(
        self, request: wire.ListRulesetsRequest, context: Context
    ) -> wire.ListRulesetsResponse:
        """List them."""
        return render.listed(await self._desk.ask(parse.list_rulesets, request))

    async def ShowRuleset(
        self, request: wire.ShowRulesetRequest, context: Context
    ) -> wire.ShowRulesetResponse:
        """Show one."""
        return render.shown(await self._desk.ask(parse.show_ruleset, request))
