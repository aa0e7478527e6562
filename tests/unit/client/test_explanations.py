"""Calls about one place: they send what they were given, writes under ids."""

import pytest
from kit.asked import CASE, CHANGE

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.types_pb2 import Verdict, Window
from placement.errors import TamperedError

PLACE = Candidate(area="1480", facility=bytes([3]) * 16)
WINDOW = Window(start_day=20_000)
SEEN = bytes(range(32))


def test_a_place_is_explained(wire, session):
    """A case, a place, some days."""
    answer = registry.ExplainPlacementResponse(
        verdict=Verdict.VERDICT_REVIEW, seen=SEEN
    )
    wire.answers["ExplainPlacement"] = answer

    assert session.explanations.explain(CASE, PLACE, WINDOW) == answer
    assert wire.requests("ExplainPlacement") == [
        registry.ExplainPlacementRequest(
            case_handle=CASE, candidate=PLACE, window=WINDOW
        )
    ]


@pytest.mark.parametrize("seen", [b"", SEEN[:31], SEEN + b"x"])
def test_an_explanation_that_no_release_could_name_is_none(wire, session, seen):
    """A digest has 32 bytes."""
    wire.answers["ExplainPlacement"] = registry.ExplainPlacementResponse(seen=seen)

    with pytest.raises(TamperedError):
        session.explanations.explain(CASE, PLACE, WINDOW)


def test_a_place_is_released(wire, session):
    """For what was seen."""
    answer = registry.ReleasePlaceResponse(revision=4, change_id=CHANGE)
    wire.answers["ReleasePlace"] = answer
    got = session.explanations.release(CASE, PLACE, WINDOW, seen=SEEN)
    (request,) = wire.requests("ReleasePlace")
    request_id, request.request_id = request.request_id, b""

    assert got == answer
    assert len(request_id) == 16
    assert request == registry.ReleasePlaceRequest(
        case_handle=CASE, candidate=PLACE, window=WINDOW, seen=SEEN
    )


def test_a_provider_is_stopped_and_may_go_on(wire, session):
    """One method, two words."""
    wire.answers["StopProvider"] = registry.StopProviderResponse(revision=4)
    session.explanations.stop_provider(CASE)
    session.explanations.lift_provider(CASE)
    first, second = wire.requests("StopProvider")

    assert (first.provider, first.lift) == (CASE, False)
    assert (second.provider, second.lift) == (CASE, True)
    assert first.request_id != second.request_id
