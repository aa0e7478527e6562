"""Rulesets on the wire: what a town of two national coordinators does with them."""

import re
from collections.abc import Callable
from typing import Any

from kit.town import Town, fresh
from placement.api.v1 import ruleset_service_pb2 as rules
from placement.domain.ruleset_keys import version_of

Make = Callable[[Town, str], Any]


def content(town: Town, **numbers: Any) -> str:
    """Return a ruleset file that is newer than what is in force, and says the same.

    But for some keys; of keys of one name the first is changed.
    """
    now = town.served.app.engine.ruleset
    year, month, number = version_of(now.version)
    text = now.content.replace(now.version, f"{year}-{month:02}-{number + 1}")
    for name, value in numbers.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text, count=1)
        assert count == 1, name
    return text


def proposing(town: Town, **numbers: Any) -> rules.ProposeRulesetRequest:
    return rules.ProposeRulesetRequest(
        request_id=fresh(), content=content(town, **numbers)
    )


def proposed(town: Town, **numbers: Any) -> rules.RulesetSummary:
    """Propose a ruleset as the national unit's first coordinator."""
    key = town.done(
        "national",
        "ProposeRuleset",
        proposing(town, **numbers),
        rules.ProposeRulesetResponse,
    ).ruleset_id
    return shown(town, key).ruleset


def listed(town: Town, who: str = "auditor") -> list[rules.RulesetSummary]:
    answer = town.done(
        who, "ListRulesets", rules.ListRulesetsRequest(), rules.ListRulesetsResponse
    )
    return list(answer.rulesets)


def shown(town: Town, key: bytes = b"") -> rules.ShowRulesetResponse:
    answer: rules.ShowRulesetResponse = town.done(
        "auditor",
        "ShowRuleset",
        rules.ShowRulesetRequest(ruleset_id=key),
        rules.ShowRulesetResponse,
    )
    return answer


def shadowed(town: Town, key: bytes) -> list[rules.ShadowRulesetResponse]:
    request = rules.ShadowRulesetRequest(ruleset_id=key)
    return town.stream(
        "national", "ShadowRuleset", request, rules.ShadowRulesetResponse
    )


def approving(summary: rules.RulesetSummary) -> rules.ApproveRulesetRequest:
    return rules.ApproveRulesetRequest(
        request_id=fresh(), ruleset_id=summary.ruleset_id, rules=summary.rules
    )


def adopted(town: Town, **numbers: Any) -> int:
    """Have a ruleset adopted; return from which revision on it is in force."""
    summary = proposed(town, **numbers)
    shadowed(town, summary.ruleset_id)
    revision: int = town.done(
        "national-second",
        "ApproveRuleset",
        approving(summary),
        rules.ApproveRulesetResponse,
    ).revision
    return revision


def waiting(town: Town) -> rules.RulesetSummary:
    """Return a ruleset that waits and can be approved: one that does, or a new one."""
    now = version_of(town.served.app.engine.ruleset.version)
    for each in listed(town):
        known = each.state == rules.RULESET_STATE_WAITING and each.HasField("shadow")
        if known and version_of(each.version) > now:
            return each
    made = proposed(town)
    shadowed(town, made.ruleset_id)
    return made


RULING: dict[str, Make] = {
    "ProposeRuleset": lambda town, who: proposing(town),
    "ShadowRuleset": lambda town, who: rules.ShadowRulesetRequest(
        ruleset_id=waiting(town).ruleset_id
    ),
    "ApproveRuleset": lambda town, who: approving(waiting(town)),
    "WithdrawRuleset": lambda town, who: rules.WithdrawRulesetRequest(
        request_id=fresh(), ruleset_id=waiting(town).ruleset_id
    ),
    "ListRulesets": lambda town, who: rules.ListRulesetsRequest(),
    "ShowRuleset": lambda town, who: rules.ShowRulesetRequest(
        ruleset_id=waiting(town).ruleset_id
    ),
}
"""By method: makes a request that is answered, if its caller may."""
