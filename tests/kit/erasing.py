"""Erasures: commands by short names, and requests to a served town."""

from typing import Any

from kit.commands import COORDINATOR, SECOND, asked, fresh
from kit.town import Town
from kit.town import fresh as drawn
from placement.api.v1 import erasure_service_pb2 as wire
from placement.api.v1 import registry_service_pb2 as registry
from placement.domain.decide import erasures
from placement.domain.terms import Day

YEARS = 1500
"""Days ago; whatever ended then is past its retention."""


def list_expired(caller: Any = COORDINATOR, after: Any = None) -> erasures.ListExpired:
    return erasures.ListExpired(caller=caller, after=after, scope=bytes(32))


def propose_erasure(*dossiers: bytes, **given: Any) -> erasures.ProposeErasure:
    return erasures.ProposeErasure(
        **asked(COORDINATOR, given),
        dossiers=dossiers,
        change=given.get("change") or fresh(),
    )


def approve_erasure(change: bytes, **given: Any) -> erasures.ApproveErasure:
    return erasures.ApproveErasure(**asked(SECOND, given), change=change)


def old_fact(town: Town, area: str = "2480") -> bytes:
    """Record a presence that ended long ago; return its id."""
    fact = town.fact_of(
        presence=town.presence(area=area),
        valid_from_day=Day(town.today - YEARS - 9),
        valid_to_day=Day(town.today - YEARS),
    )
    answer = town.done(
        "coordinator", "RecordFacts", town.record(fact), registry.RecordFactsResponse
    )
    (found,) = answer.fact_ids
    return bytes(found)


def proposed(town: Town, *ids: bytes) -> bytes:
    """Propose an erasure; return the change's id."""
    request = wire.ProposeErasureRequest(request_id=drawn(), ids=ids)
    answer = town.done(
        "coordinator", "ProposeErasure", request, wire.ProposeErasureResponse
    )
    return bytes(answer.change_id)


ERASING = {
    "ListExpired": lambda town, who: wire.ListExpiredRequest(),
    "ProposeErasure": lambda town, who: wire.ProposeErasureRequest(
        request_id=drawn(), ids=[old_fact(town)]
    ),
    "ApproveErasure": lambda town, who: wire.ApproveErasureRequest(
        request_id=drawn(), change_id=proposed(town, old_fact(town))
    ),
}
"""By method: makes a request that is answered, if its caller may."""
