"""From requests about rulesets to commands; see ``parse``."""

from placement.api.v1 import ruleset_service_pb2 as wire
from placement.domain.decide import rulesets, shadows
from placement.domain.terms import FactId
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh


def propose_ruleset(
    request: wire.ProposeRulesetRequest, origin: Origin
) -> rulesets.ProposeRuleset:
    """Read a ruleset's file; what it says is looked at when it is decided."""
    return rulesets.ProposeRuleset(
        **common(request, origin), ruleset=FactId(fresh()), text=request.content
    )


def shadow_ruleset(
    request: wire.ShadowRulesetRequest,
    origin: Origin,
    part: shadows.Slice | None = None,
) -> shadows.ShadowRuleset:
    """Read which ruleset to weigh by.

    Args:
        request: names it.
        origin: of the request.
        part: what to weigh; ``None`` begins.
    """
    return shadows.ShadowRuleset(
        caller=origin.caller, ruleset=_id(request.ruleset_id), slice=part
    )


def approve_ruleset(
    request: wire.ApproveRulesetRequest, origin: Origin
) -> rulesets.ApproveRuleset:
    """Read which ruleset to adopt, and what it was shown as."""
    return rulesets.ApproveRuleset(
        **common(request, origin),
        ruleset=_id(request.ruleset_id),
        rules=forms.sized(request.rules, forms.DIGEST_SIZE, "rules"),
    )


def withdraw_ruleset(
    request: wire.WithdrawRulesetRequest, origin: Origin
) -> rulesets.WithdrawRuleset:
    """Read which ruleset shall wait no longer."""
    return rulesets.WithdrawRuleset(
        **common(request, origin), ruleset=_id(request.ruleset_id)
    )


def list_rulesets(
    request: wire.ListRulesetsRequest, origin: Origin
) -> rulesets.ListRulesets:
    """Read nothing: everybody who may list them sees all."""
    del request
    return rulesets.ListRulesets(caller=origin.caller)


def show_ruleset(
    request: wire.ShowRulesetRequest, origin: Origin
) -> rulesets.ShowRuleset:
    """Read which ruleset to show."""
    key = request.ruleset_id
    return rulesets.ShowRuleset(caller=origin.caller, ruleset=_id(key) if key else None)


def _id(value: bytes) -> FactId:
    return FactId(forms.token(value, "ruleset_id"))
