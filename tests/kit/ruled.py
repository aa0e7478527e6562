"""Rulesets that are proposed, shadowed and adopted, by short names."""

import re
from typing import Any

import pytest

from kit.commands import AUDITOR, NATIONAL, asked, coordinator, fresh
from kit.world import NOW, RULESET, token
from placement.access import Caller
from placement.domain.areas import Areas
from placement.domain.decide import rulesets, shadows
from placement.domain.decide.command import Command
from placement.domain.events import Record
from placement.domain.rule_events import (
    RulesetAdopted,
    RulesetProposed,
    RulesetShadowed,
)
from placement.domain.ruleset import Ruleset, parse_ruleset
from placement.domain.ruleset_reading import Fault, RulesetError, read_keys
from placement.domain.terms import Micros

OTHER = coordinator("national", "co-10")
NEWER = "2026-12-1"


def text(version: str = NEWER, **numbers: Any) -> str:
    """Return a ruleset file: the default one with a version, and some keys changed.

    A key is named by its own name; of keys of one name the first is changed.
    """
    content = RULESET.content.replace(RULESET.version, version)
    for name, value in numbers.items():
        content, count = re.subn(
            rf"(?m)^{name} = .*$", f"{name} = {value}", content, count=1
        )
        assert count == 1, name
    return content


def faults(content: str, areas: Areas = RULESET.table) -> tuple[Fault, ...]:
    """Return what is wrong with a ruleset file."""
    with pytest.raises(RulesetError) as caught:
        read_keys(content, areas)
    return caught.value.faults


def ruleset(version: str = NEWER, **numbers: Any) -> Ruleset:
    return parse_ruleset(text(version, **numbers), RULESET.table)


def propose(content: str | None = None, **given: Any) -> rulesets.ProposeRuleset:
    return rulesets.ProposeRuleset(
        **asked(NATIONAL, given),
        ruleset=given.get("ruleset") or fresh(),
        text=text() if content is None else content,
    )


def shadow(
    key: bytes,
    *placements: bytes,
    caller: Caller = NATIONAL,
    weighed: int = 0,
    shifts: tuple[Any, ...] = (),
    done: bool = True,
) -> shadows.ShadowRuleset:
    part = shadows.Slice(
        placements=placements, weighed=weighed, shifts=shifts, done=done
    )
    return shadows.ShadowRuleset(caller=caller, ruleset=key, slice=part)


def plan(key: bytes, caller: Caller = NATIONAL) -> shadows.ShadowRuleset:
    return shadows.ShadowRuleset(caller=caller, ruleset=key)


def approve(key: bytes, rules: bytes, **given: Any) -> rulesets.ApproveRuleset:
    return rulesets.ApproveRuleset(**asked(OTHER, given), ruleset=key, rules=rules)


def withdraw(key: bytes, **given: Any) -> rulesets.WithdrawRuleset:
    return rulesets.WithdrawRuleset(**asked(OTHER, given), ruleset=key)


def list_(caller: Caller = AUDITOR) -> rulesets.ListRulesets:
    return rulesets.ListRulesets(caller=caller)


def show(key: bytes | None = None, caller: Caller = AUDITOR) -> rulesets.ShowRuleset:
    return rulesets.ShowRuleset(caller=caller, ruleset=key)


def adoption(content: str | None = None) -> tuple[Command, ...]:
    """Return the commands that put a ruleset into force, in order."""
    file = text() if content is None else content
    said = parse_ruleset(file, RULESET.table)
    key = token(said.version)
    return (
        propose(file, ruleset=key),
        shadow(key),
        approve(key, said.digest),
    )


def adopted_elsewhere(content: str) -> tuple[Record, ...]:
    """Return what a server of another release wrote when it adopted a ruleset."""
    key = token("elsewhere")
    return tuple(
        Record(at=NOW, event=event)
        for event in (
            RulesetProposed(
                id=key,
                person="co-01",
                expires_at=Micros(NOW + 1),
                version="2030-01-1",
                content=content,
                rules=bytes(32),
            ),
            RulesetShadowed(id=key, person="co-01", weighed=0, shifts=()),
            RulesetAdopted(id=key, person="co-02", rules=bytes(32)),
        )
    )
