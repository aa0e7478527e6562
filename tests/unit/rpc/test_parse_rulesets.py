"""Requests about rulesets become commands, field by field."""

from dataclasses import replace

import pytest
from kit.commands import NATIONAL

from placement.access import Action
from placement.api.v1 import ruleset_service_pb2 as wire
from placement.domain.decide.shadows import Slice
from placement.errors import InvalidInputError
from placement.rpc import parse_rulesets as parse

REQUEST, KEY, RULES = b"r" * 16, b"k" * 16, b"d" * 32
PART = Slice(placements=(b"p" * 16,), weighed=3, shifts=(), done=False)


@pytest.fixture
def national(origin):
    return replace(origin, caller=NATIONAL)


def test_a_proposal(national):
    """The file as it stands, and a fresh id; the digest names the content."""
    request = wire.ProposeRulesetRequest(request_id=REQUEST, content="# text")
    got, again = (parse.propose_ruleset(request, national) for _ in range(2))

    assert (got.action, got.caller, got.text) == (
        Action.RULESET_PROPOSE,
        NATIONAL,
        "# text",
    )
    assert len(got.ruleset) == 16
    assert got.ruleset != again.ruleset
    assert got.digest == again.digest


def test_an_approval(national):
    """Of which ruleset, shown as what."""
    request = wire.ApproveRulesetRequest(
        request_id=REQUEST, ruleset_id=KEY, rules=RULES
    )
    got = parse.approve_ruleset(request, national)

    assert (got.action, got.ruleset, got.rules) == (Action.RULESET_APPROVE, KEY, RULES)


def test_the_others(national):
    """A withdrawal, a shadow run that begins or goes on, a list, one of it."""
    request = wire.ShadowRulesetRequest(ruleset_id=KEY)
    withdraw = wire.WithdrawRulesetRequest(request_id=REQUEST, ruleset_id=KEY)
    show = wire.ShowRulesetRequest

    assert parse.withdraw_ruleset(withdraw, national).ruleset == KEY
    assert parse.shadow_ruleset(request, national).slice is None
    assert parse.shadow_ruleset(request, national, PART).slice == PART
    assert parse.list_rulesets(wire.ListRulesetsRequest(), national).caller == NATIONAL
    assert parse.show_ruleset(show(ruleset_id=KEY), national).ruleset == KEY
    assert parse.show_ruleset(show(), national).ruleset is None


@pytest.mark.parametrize(
    ("form", "request_of", "field"),
    [
        (parse.propose_ruleset, wire.ProposeRulesetRequest(), "request_id"),
        (parse.shadow_ruleset, wire.ShadowRulesetRequest(), "ruleset_id"),
        (
            parse.approve_ruleset,
            wire.ApproveRulesetRequest(request_id=REQUEST, ruleset_id=KEY),
            "rules",
        ),
        (
            parse.approve_ruleset,
            wire.ApproveRulesetRequest(request_id=REQUEST, rules=RULES),
            "ruleset_id",
        ),
        (
            parse.withdraw_ruleset,
            wire.WithdrawRulesetRequest(request_id=REQUEST),
            "ruleset_id",
        ),
        (parse.show_ruleset, wire.ShowRulesetRequest(ruleset_id=b"x"), "ruleset_id"),
    ],
)
def test_a_bad_field_is_named(national, form, request_of, field):
    """Before anything is decided."""
    with pytest.raises(InvalidInputError) as refused:
        form(request_of, national)

    assert refused.value.field == field
