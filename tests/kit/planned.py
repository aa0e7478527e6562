"""Facts as rows of a sheet say them, and what a dry run makes of them."""

from collections.abc import Iterable
from typing import Any

from placement_client.sheets.planning import Plan, Planned, Registry, plan

from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2
from placement.api.v1.types_pb2 import Fact

TODAY = 20_000
A, B, C = (bytes([n]) * 16 for n in (1, 2, 3))
STANDING = review.FACT_STATE_STANDING


def rivalry(
    severity: int = 1, pair: tuple[bytes, bytes] = (A, B), **frame: Any
) -> Fact:
    """Return a rivalry."""
    said = types_pb2.Rivalry(group_a=pair[0], group_b=pair[1], severity=severity)
    return Fact(rivalry=said, **frame)


def faction(child: bytes, parent: bytes, **frame: Any) -> Fact:
    """Return a faction."""
    said = types_pb2.Faction(child=child, parent=parent)
    return Fact(faction=said, **frame)


def presence(area: str = "0180", **frame: Any) -> Fact:
    """Return a base."""
    said = types_pb2.Presence(group=A, area=area, kind=types_pb2.PRESENCE_KIND_BASE)
    return Fact(presence=said, **frame)


def known(
    fact: Fact, state: Any = STANDING, key: bytes = b"f" * 16, replaces: bytes = b""
) -> review.RecordedFact:
    """Return a fact on record."""
    return review.RecordedFact(
        fact_id=key, fact=fact, state=state, changed_revision=7, replaces=replaces
    )


def planned(*facts: Any, registry: Iterable[review.RecordedFact] = ()) -> Plan:
    """Return the plan of a sheet that says some facts."""
    rows = enumerate(facts, 2)
    return plan(rows, Registry(registry, TODAY), bytes(32))


def only(fact: Any, *registry: review.RecordedFact) -> Planned:
    """Return the one row of a sheet's plan."""
    (found,) = planned(fact, registry=registry).rows
    return found
