"""Extracts: commands by short names, and requests to a served town."""

from typing import Any

from kit.commands import COORDINATOR, SECOND, asked, fresh
from kit.town import Town
from kit.town import fresh as drawn
from kit.world import subject
from placement.api.v1 import extract_service_pb2 as wire
from placement.domain.decide import extracts

PSEUDONYM = b"somebody whom an extract is about".ljust(32)[:32]


def propose_extract(*who: str, **given: Any) -> extracts.ProposeExtract:
    return extracts.ProposeExtract(
        **asked(COORDINATOR, given),
        subjects=tuple(map(subject, who or ("h",))),
        cases=given.get("cases", ()),
        ground=given.get("ground", "OWN_REQUEST"),
        reference=given.get("reference", "A 12/2026"),
        change=given.get("change") or fresh(),
    )


def show_extract(
    change: bytes, *who: str, caller: Any = SECOND
) -> extracts.ShowExtract:
    subjects = tuple(map(subject, who or ("h",)))
    return extracts.ShowExtract(caller=caller, change=change, subjects=subjects)


def approve_extract(change: bytes, *who: str, **given: Any) -> extracts.ApproveExtract:
    return extracts.ApproveExtract(
        **asked(SECOND, given),
        change=change,
        subjects=tuple(map(subject, who or ("h",))),
        released=given.get("released", ()),
        withheld=given.get("withheld", ()),
        parts=given.get("parts", ()),
        seen=given.get("seen", bytes(32)),
    )


def seen_extract(court: Any, change: bytes, *who: str, **given: Any) -> Any:
    """Look at an extract; return the approval of what is shown, if anything is."""
    caller = given.get("caller", SECOND)
    shown = court.decide(show_extract(change, *who, caller=caller)).outcome
    seen = getattr(getattr(shown, "reply", None), "seen", bytes(32))
    return approve_extract(change, *who, seen=seen, **given)


def read_extract(
    change: bytes, *who: str, caller: Any = COORDINATOR
) -> extracts.ReadExtract:
    subjects = tuple(map(subject, who or ("h",)))
    return extracts.ReadExtract(caller=caller, change=change, subjects=subjects)


def proposing(*pseudonyms: bytes, **given: Any) -> wire.ProposeExtractRequest:
    """Return a request for an extract."""
    values = {
        "request_id": drawn(),
        "pseudonyms": pseudonyms or (PSEUDONYM,),
        "ground": wire.EXTRACT_GROUND_OWN_REQUEST,
        "reference": "A 12/2026",
    }
    return wire.ProposeExtractRequest(**(values | given))


def proposed(town: Town, *pseudonyms: bytes, **given: Any) -> bytes:
    """Propose an extract; return the change's id."""
    request = proposing(*pseudonyms, **given)
    answer = town.done(
        "coordinator", "ProposeExtract", request, wire.ProposeExtractResponse
    )
    return bytes(answer.change_id)


def approving(
    change: bytes, *pseudonyms: bytes, **given: Any
) -> wire.ApproveExtractRequest:
    """Return a request that stands behind an extract."""
    return wire.ApproveExtractRequest(
        request_id=drawn(),
        change_id=change,
        pseudonyms=pseudonyms or (PSEUDONYM,),
        **given,
    )


def shown(
    town: Town, change: bytes, *pseudonyms: bytes, who: str = "second"
) -> wire.ShowExtractResponse:
    """Look at an extract."""
    request = wire.ShowExtractRequest(
        change_id=change, pseudonyms=pseudonyms or (PSEUDONYM,)
    )
    answer = town.done(who, "ShowExtract", request, wire.ShowExtractResponse)
    assert isinstance(answer, wire.ShowExtractResponse)
    return answer


def granted(town: Town, *pseudonyms: bytes, **given: Any) -> bytes:
    """Have an extract proposed, looked at and approved; return its id."""
    change = proposed(town, *pseudonyms)
    seen = shown(town, change, *pseudonyms).seen
    request = approving(change, *pseudonyms, seen=seen, **given)
    town.done("second", "ApproveExtract", request, wire.ApproveExtractResponse)
    return change


def _waiting(town: Town, what: str) -> bytes:
    """Return an extract that waits, the same again: how many there may be is few."""
    known: dict[str, bytes] = town.__dict__.setdefault("extracts", {})
    if known.get(what) not in town.state().changes:
        known[what] = proposed(town)
    return known[what]


def _readable(town: Town) -> bytes:
    """Return an extract that can be read by the second coordinator, likewise."""
    known: dict[str, bytes] = town.__dict__.setdefault("extracts", {})
    if "read" not in known:
        known["read"] = granted(town)
    return known["read"]


EXTRACTING = {
    "ProposeExtract": lambda town, who: proposing(),
    "ShowExtract": lambda town, who: wire.ShowExtractRequest(
        change_id=_waiting(town, "show"), pseudonyms=[PSEUDONYM]
    ),
    "ApproveExtract": lambda town, who: approving(
        change := _waiting(town, "approve"), seen=shown(town, change).seen
    ),
    "ReadExtract": lambda town, who: wire.ReadExtractRequest(
        change_id=_readable(town), pseudonyms=[PSEUDONYM]
    ),
}
"""By method: makes a request that is answered, if its caller may."""
