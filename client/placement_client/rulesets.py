"""Calls about rulesets: what is in force, what was, and how another gets there."""

from collections.abc import Iterator
from typing import Final

import grpc

from placement.api.v1 import ruleset_service_pb2 as wire
from placement.api.v1.ruleset_service_pb2_grpc import RulesetServiceStub
from placement_client.audits import stream
from placement_client.calls import Writes

RULES_BYTES: Final = 32
"""Length of the digest that an approval names."""


class RulesetCalls:
    """The calls of ``RulesetService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = RulesetServiceStub(channel)
        self._writes = writes

    def propose(self, content: str) -> wire.ProposeRulesetResponse:
        """Let a ruleset wait for a second person."""
        request = wire.ProposeRulesetRequest(content=content)
        return self._writes.make(self._stub.ProposeRuleset, request)

    def shadow(self, ruleset_id: bytes) -> Iterator[wire.ShadowRulesetResponse]:
        """Weigh all that stands by a ruleset that waits, part by part."""
        request = wire.ShadowRulesetRequest(ruleset_id=ruleset_id)
        return stream(self._stub.ShadowRuleset, request)

    def approve(self, ruleset_id: bytes, rules: bytes) -> wire.ApproveRulesetResponse:
        """Put a ruleset into force, as it was shown.

        Args:
            ruleset_id: which.
            rules: the digest it was shown with, 32 bytes.
        """
        request = wire.ApproveRulesetRequest(ruleset_id=ruleset_id, rules=rules)
        return self._writes.make(self._stub.ApproveRuleset, request)

    def withdraw(self, ruleset_id: bytes) -> wire.WithdrawRulesetResponse:
        """Let a ruleset wait no longer."""
        request = wire.WithdrawRulesetRequest(ruleset_id=ruleset_id)
        return self._writes.make(self._stub.WithdrawRuleset, request)

    def list_all(self) -> wire.ListRulesetsResponse:
        """List what was in force, the oldest first, and what waits."""
        request = wire.ListRulesetsRequest()
        return self._writes.patience.call(self._stub.ListRulesets, request)

    def show(self, ruleset_id: bytes) -> wire.ShowRulesetResponse:
        """Show a ruleset; without an id the one that the store was made with."""
        request = wire.ShowRulesetRequest(ruleset_id=ruleset_id)
        return self._writes.patience.call(self._stub.ShowRuleset, request)
