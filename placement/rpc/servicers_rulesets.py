"""The rulesets' service: parse, submit, render."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, TypeAlias

import grpc.aio

from placement.api.v1 import ruleset_service_pb2 as wire
from placement.api.v1.ruleset_service_pb2_grpc import RulesetServiceServicer
from placement.domain.decide.shadows import MAX_SLICE, Shadowed, slice_of
from placement.rpc import parse_rulesets as parse
from placement.rpc import render_rulesets as render
from placement.rpc.desk import CALL, Desk
from placement.service.batch import Answer

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
        answer = await self._desk.ask(parse.shadow_ruleset, request)
        found = _found(answer)
        plan, end = found.plan, MAX_SLICE
        person = CALL.get().caller.person
        show = partial(render.shadowed, total=len(plan), person=person)
        while end < len(plan):
            yield show(answer, done=False)
            part = slice_of(plan, end, found)
            read = partial(parse.shadow_ruleset, part=part)
            answer = await self._desk.ask(read, request)
            found, end = _found(answer), end + MAX_SLICE
        yield show(answer, done=True)

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


def _found(answer: Answer) -> Shadowed:
    reply: Any = answer.reply
    found: Shadowed = reply
    return found
