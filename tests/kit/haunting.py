"""A stage with phantom stays, and commands about them by short names."""

from dataclasses import replace
from typing import Any

from kit.commands import COORDINATOR, asked, fresh
from kit.drawn import phantom, phantoms
from kit.steps import Stage, _place
from kit.world import NOW, token
from placement.domain.decide import haunting
from placement.domain.phantoms import Phantom
from placement.domain.terms import GroupSize, LiftGround, Micros

LONG = Micros(NOW * 2)


def haunt(stage: Stage, *stays: Phantom) -> None:
    """Let these phantoms be there, and no others."""
    found = phantoms(*stays)
    moment = replace(stage.court.moment, phantoms=lambda *_: found)
    stage.court.moment = moment


def rival_there(stage: Stage, area: str = "2480", **given: Any) -> bytes:
    """Return the case of h, of A, where a phantom of its rival B stands in an area."""
    stage.rivalry("A", "B")
    stage.affiliation("h", "A")
    haunt(stage, phantom("B", area, NOW, gone=LONG, **given))
    return stage.case("h").handle


def lift(case: bytes, seen: bytes, **given: Any) -> haunting.LiftPhantoms:
    """Lift what stands in a case's way, as ``explain`` showed it."""
    return haunting.LiftPhantoms(
        **asked(COORDINATOR, given),
        **_place(given),
        case=case,
        ground=LiftGround.URGENT,
        seen=seen,
        change=given.get("change") or fresh(),
    )


def size(group: str, to: GroupSize = GroupSize.LARGE, **given: Any):
    """Say how large a group is."""
    return haunting.SizeGroup(
        **asked(COORDINATOR, given),
        group=token(group),
        size=to,
        change=given.get("change") or fresh(),
    )
