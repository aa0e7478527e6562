"""Rulesets over the wire: each method, and a run in slices."""

import pytest
from kit.placing import cover
from kit.ruling import RULING, proposed, shadowed, waiting
from kit.town import Town, fresh

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import ruleset_service_pb2 as wire
from placement.api.v1 import types_pb2 as types

KINDS = {
    "ProposeRuleset": wire.ProposeRulesetResponse,
    "WithdrawRuleset": wire.WithdrawRulesetResponse,
    "ListRulesets": wire.ListRulesetsResponse,
    "ShowRuleset": wire.ShowRulesetResponse,
    "ApproveRuleset": wire.ApproveRulesetResponse,
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        cover(town)
        yield town


def place(town, count):
    """Place so many cases."""
    for _ in range(count):
        stay = registry.StandingPlacement(
            case_handle=town.opened("worker"),
            area="2480",
            window=types.Window(start_day=town.today - 1),
        )
        request = registry.RecordPlacementsRequest(
            request_id=fresh(), placements=[stay]
        )
        town.done(
            "national", "RecordPlacements", request, registry.RecordPlacementsResponse
        )


@pytest.mark.parametrize("method", KINDS)
def test_each_method_is_answered(town, method):
    """By the national unit's second coordinator."""
    request = RULING[method](town, "national-second")
    got = town.done("national-second", method, request, KINDS[method])

    assert got.ListFields()


def test_a_run_is_made_in_slices(town):
    """Nobody placed is one; the last alone has the whole."""
    for more, slices in ((0, [0]), (16, [16]), (1, [16, 17])):
        place(town, more)
        key = proposed(town).ruleset_id
        parts = shadowed(town, key)

        assert [each.weighed for each in parts] == slices
        assert {each.total for each in parts} == {slices[-1]}
        assert [each.HasField("shadow") for each in parts] == [
            *[False] * (len(slices) - 1),
            True,
        ]
        assert waiting(town).HasField("shadow")
