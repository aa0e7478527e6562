"""Calls about rulesets: they send what they were given, writes under ids."""

from placement.api.v1 import ruleset_service_pb2 as rules

KEY, RULES = bytes([7]) * 16, bytes(range(32))


def test_what_changes_something_goes_under_an_id(wire, session):
    """And the session remembers how far it came."""
    wire.answers |= {
        "ProposeRuleset": rules.ProposeRulesetResponse(ruleset_id=KEY, revision=4),
        "ApproveRuleset": rules.ApproveRulesetResponse(revision=5),
        "WithdrawRuleset": rules.WithdrawRulesetResponse(revision=6),
    }
    calls = session.rulesets
    got = [
        calls.propose("the file").revision,
        calls.approve(KEY, RULES).revision,
        calls.withdraw(KEY).revision,
    ]
    sent = [request for _, request in wire.seen]
    numbers = [request.request_id for request in sent]

    assert (got, session.min_revision) == ([4, 5, 6], 6)
    assert len(set(numbers)) == 3
    assert sent == [
        rules.ProposeRulesetRequest(request_id=numbers[0], content="the file"),
        rules.ApproveRulesetRequest(request_id=numbers[1], ruleset_id=KEY, rules=RULES),
        rules.WithdrawRulesetRequest(request_id=numbers[2], ruleset_id=KEY),
    ]


def test_what_is_only_read(wire, session):
    """A list, one of it, and a run part by part."""
    parts = [rules.ShadowRulesetResponse(weighed=n, total=2) for n in (1, 2)]
    wire.answers |= {
        "ListRulesets": rules.ListRulesetsResponse(),
        "ShowRuleset": rules.ShowRulesetResponse(content="x"),
        "ShadowRuleset": parts,
    }

    assert session.rulesets.list_all() == rules.ListRulesetsResponse()
    assert session.rulesets.show(KEY).content == "x"
    assert list(session.rulesets.shadow(KEY)) == parts
    assert wire.requests("ShowRuleset") == [rules.ShowRulesetRequest(ruleset_id=KEY)]
    assert wire.requests("ShadowRuleset") == [
        rules.ShadowRulesetRequest(ruleset_id=KEY)
    ]
