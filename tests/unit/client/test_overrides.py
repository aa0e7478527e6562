"""Overrides are sent as they were given; what is signed was shown whole."""

import pytest
from kit.asked import CASE, NOON

from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.types_pb2 import Window
from placement.errors import TamperedError

SEEN = bytes(range(32))
PLACE, DAYS = Candidate(area="1480"), Window(start_day=20_000, end_day=20_010)


def test_an_override_is_proposed(wire, session):
    """Case, place, days, ground and the day to look again reach the wire."""
    given = placement.ProposeOverrideResponse(
        revision=9, override_id=CASE, expires_at=NOON
    )
    wire.answers["ProposeOverride"] = given
    got = session.overrides.propose(
        CASE, PLACE, DAYS, ground=placement.OVERRIDE_GROUND_CARE, follow_up=20_005
    )
    (request,) = wire.requests("ProposeOverride")
    request_id, request.request_id = request.request_id, b""

    assert (got, len(request_id), session.min_revision) == (given, 16, 9)
    assert request == placement.ProposeOverrideRequest(
        case_handle=CASE,
        candidate=PLACE,
        window=DAYS,
        ground=placement.OVERRIDE_GROUND_CARE,
        follow_up_day=20_005,
    )


def shown(seen):
    explained = registry.ExplainPlacementResponse(verdict=3, seen=seen)
    return registry.ShowOverrideResponse(case_handle=CASE, explained=explained)


def test_an_override_is_shown(wire, session):
    """By its id; nothing is written."""
    wire.answers["ShowOverride"] = shown(SEEN)
    got = session.overrides.show(CASE)

    assert got == shown(SEEN)
    assert wire.requests("ShowOverride") == [
        registry.ShowOverrideRequest(override_id=CASE)
    ]


@pytest.mark.parametrize("seen", [b"", SEEN[1:], SEEN + b"0"])
def test_an_override_that_cannot_be_signed_is_none(wire, session, seen):
    """A signature names a digest of 32 bytes."""
    wire.answers["ShowOverride"] = shown(seen)

    with pytest.raises(TamperedError):
        session.overrides.show(CASE)


def test_an_override_is_signed_for_what_was_seen(wire, session):
    """The digest goes with the id."""
    given = registry.SignOverrideResponse(revision=10, expires_at=NOON)
    wire.answers["SignOverride"] = given
    got = session.overrides.sign(CASE, seen=SEEN)
    (request,) = wire.requests("SignOverride")
    request_id, request.request_id = request.request_id, b""

    assert (got, len(request_id), session.min_revision) == (given, 16, 10)
    assert request == registry.SignOverrideRequest(override_id=CASE, seen=SEEN)
