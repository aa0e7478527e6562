"""A request to each method about phantom stays that holds, in a town."""

from typing import Any

from kit.drawn import phantom, phantoms
from kit.grouping import registered
from kit.placing import belongs, explained, question_of
from kit.town import Town, fresh
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import phantom_service_pb2 as wire
from placement.api.v1 import types_pb2 as types
from placement.app import micros

AREA = "2480"


def haunt(town: Town, case: bytes, area: str = AREA) -> bytes:
    """Let a phantom stand in a case's way, and in nobody else's; return its group."""
    group = registered(town)
    belongs(town, case, group)
    now = micros()
    there = phantom(group, area, now, gone=now * 2)
    found = phantoms(there)
    town.served.app.engine._haunting.of = lambda *_: found
    return group


def lifting(town: Town, who: str = "coordinator") -> wire.LiftPhantomsRequest:
    """Return a request that lifts what stands in a new case's way."""
    case = town.opened("worker")
    haunt(town, case)
    about: dict[str, Any] = question_of(case, AREA, types.Window(start_day=town.today))
    town.done(
        "worker",
        "CheckPlacement",
        town.question(AREA, case_handle=case),
        check.CheckPlacementResponse,
    )
    asks = who if who in {"coordinator", "second"} else "coordinator"
    return wire.LiftPhantomsRequest(
        request_id=fresh(),
        seen=explained(town, asks, **about).seen,
        ground=wire.LIFT_GROUND_URGENT,
        **about,
    )


HAUNTING = {
    "LiftPhantoms": lifting,
    "SizeGroup": lambda town, who: wire.SizeGroupRequest(
        request_id=fresh(), group=registered(town), size=wire.GROUP_SIZE_LARGE
    ),
}
"""By method: makes a request that is answered, if its caller may."""
