"""From replies about rulesets to responses; see ``render``."""

from collections.abc import Iterable
from typing import Any

from placement.api.v1 import ruleset_service_pb2 as wire
from placement.domain.decide.rulesets import Rulesets, RulesetView
from placement.domain.decide.shadows import Moved, Shadowed
from placement.domain.rule_events import RulesetShadowed, Shift
from placement.rpc.render import VERDICTS, written_ids
from placement.service.batch import Answer


def proposed(answer: Answer) -> wire.ProposeRulesetResponse:
    """Render a ruleset that waits."""
    (key,) = written_ids(answer)
    return wire.ProposeRulesetResponse(ruleset_id=key, revision=answer.revision)


def approved(answer: Answer) -> wire.ApproveRulesetResponse:
    """Render from when on a ruleset is in force."""
    return wire.ApproveRulesetResponse(revision=answer.revision)


def withdrawn(answer: Answer) -> wire.WithdrawRulesetResponse:
    """Render that a ruleset waits no longer."""
    return wire.WithdrawRulesetResponse(revision=answer.revision)


def shadowed(
    answer: Answer, *, total: int, person: str, done: bool
) -> wire.ShadowRulesetResponse:
    """Render a part of a shadow run.

    Args:
        answer: to a slice.
        total: how many placements there are to weigh.
        person: whose run it is.
        done: it was the last slice.
    """
    reply: Any = answer.reply
    found: Shadowed = reply
    part = wire.ShadowRulesetResponse(
        weighed=found.weighed, total=total, moved=map(_moved, found.moved)
    )
    if done:
        part.shadow.CopyFrom(_shadow(person, found.weighed, found.shifts))
    return part


def listed(answer: Answer) -> wire.ListRulesetsResponse:
    """Render all rulesets."""
    reply: Any = answer.reply
    found: Rulesets = reply
    return wire.ListRulesetsResponse(rulesets=map(_summary, found.views))


def shown(answer: Answer) -> wire.ShowRulesetResponse:
    """Render one ruleset, with what it says."""
    reply: Any = answer.reply
    view: RulesetView = reply
    return wire.ShowRulesetResponse(
        ruleset=_summary(view), content=view.proposed.content
    )


def _moved(moved: Moved) -> wire.MovedPlacement:
    return wire.MovedPlacement(
        case_handle=moved.case,
        before=VERDICTS[moved.before],
        after=VERDICTS[moved.after],
    )


def _shadow(person: str, weighed: int, shifts: Iterable[Shift]) -> wire.RulesetShadow:
    return wire.RulesetShadow(
        person=person,
        weighed=weighed,
        shifts=[
            wire.VerdictShift(
                before=VERDICTS[each.before],
                after=VERDICTS[each.after],
                count=each.count,
            )
            for each in shifts
        ],
    )


def _summary(view: RulesetView) -> wire.RulesetSummary:
    said = view.proposed
    summary = wire.RulesetSummary(
        ruleset_id=said.id,
        version=said.version,
        rules=said.rules,
        state=_state(view),
        proposed_by=said.person,
    )
    if view.kept is not None:
        summary.approved_by = view.kept.adopted.person
        summary.adopted_at = view.kept.at
        summary.revision = view.kept.revision
    elif summary.state == wire.RULESET_STATE_WAITING:
        summary.expires_at = said.expires_at
    shadow: RulesetShadowed | None = view.shadowed
    if shadow is not None:
        found = _shadow(shadow.person, shadow.weighed, shadow.shifts)
        summary.shadow.CopyFrom(found)
    return summary


def _state(view: RulesetView) -> wire.RulesetState.ValueType:
    if view.in_force:
        return wire.RULESET_STATE_IN_FORCE
    waits = view.proposed.id and not view.kept
    return wire.RULESET_STATE_WAITING if waits else wire.RULESET_STATE_PAST
