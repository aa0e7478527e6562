"""What an extract holds, as an object: the one thing that both of its files are made of.

Groups are named as far as this machine can; a token is never written, since it means
nothing to the person and would be the same in the next one's extract.
"""

from collections.abc import Iterable
from typing import Final

from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1.check_service_pb2 import Basis
from placement.api.v1.types_pb2 import AffiliationRole, PlacementState, Verdict
from placement_client.areas import areas
from placement_client.commands.finding_words import Names
from placement_client.days import iso_day, iso_instant, stockholm_day
from placement_client.extracts import Extract
from placement_client.rendering import Json, day_of, enum_name

WITHHELD: Final = (
    "Parts may be withheld where the law allows it: to protect somebody else, to "
    "prevent or investigate crime. This sentence stands in every extract, whether "
    "anything is withheld or not."
)
"""What every extract says, whatever is in it."""


def extract_data(extract: Extract, names: Names) -> dict[str, object]:
    """Return an extract as an object.

    Args:
        extract: as it was read.
        names: of groups, as far as they are known.
    """
    entries = sorted(extract.entries, key=lambda each: each.at)
    return {**head_data(extract.head, names), "entries": list(map(_entry, entries))}


def head_data(head: wire.ExtractHead, names: Names) -> dict[str, object]:
    """Return what is kept, as an object."""
    return {
        "reference": head.reference,
        "ground": enum_name(wire.ExtractGround.DESCRIPTOR, head.ground),
        "region": head.region,
        **_at(head.at),
        "note": WITHHELD,
        "facts": [_fact(each, names) for each in head.facts],
        "cases": [_case(each) for each in head.cases],
        "erased_cases": [each.hex() for each in head.erased_cases],
    }


def _fact(fact: wire.ExtractFact, names: Names) -> Json:
    kind = fact.WhichOneof("statement") or ""
    return {
        "fact_id": fact.fact_id.hex(),
        "kind": kind,
        "since": day_of(fact, "valid_from_day"),
        "until": day_of(fact, "valid_to_day"),
        "recorded_on": _on(fact.recorded_at),
        "retracted": fact.retracted,
        **_statement(fact, kind, names),
    }


def _statement(fact: wire.ExtractFact, kind: str, names: Names) -> Json:
    match kind:
        case "affiliation":
            said = fact.affiliation
            return {
                "group": names.get(said.group),
                "role": enum_name(AffiliationRole.DESCRIPTOR, said.role),
                "left_on": day_of(said, "left_on_day"),
            }
        case "tie":
            return {**_area(fact.tie.area), "danger": fact.tie.danger}
        case "threat":
            return {"severity": fact.threat.severity}
        case _:
            return {}


def _case(case: wire.ExtractCase) -> Json:
    return {
        "case_handle": case.case_handle.hex(),
        "municipality": case.municipality,
        "municipality_name": areas().name(case.municipality),
        "reference": case.reference,
        "basis": enum_name(Basis.DESCRIPTOR, case.basis),
        "is_first": case.is_first,
        "opened_on": _on(case.opened_at),
        "assessed_on": _on(case.assessed_at),
        "closed_on": _on(case.closed_at),
        "stays": list(map(_stay, case.stays)),
    }


def _stay(stay: wire.ExtractStay) -> Json:
    return {
        **_area(stay.area),
        "in_facility": stay.in_facility,
        "since": iso_day(stay.window.start_day),
        "until": day_of(stay.window, "end_day"),
        "state": enum_name(PlacementState.DESCRIPTOR, stay.state),
        "moved_in": day_of(stay, "moved_in_day"),
    }


def _entry(entry: wire.ExtractEntry) -> Json:
    return {
        **_at(entry.at),
        "action": entry.action,
        "role": entry.role,
        "organisation": entry.organisation,
        "purpose": entry.purpose,
        "answered": entry.answered,
        "case_handle": entry.case_handle.hex(),
        "answers": list(_answers(entry.answers)),
    }


def _answers(answers: Iterable[wire.ExtractAnswer]) -> Iterable[Json]:
    for each in answers:
        verdict = enum_name(Verdict.DESCRIPTOR, each.verdict)
        yield {**_area(each.area), "verdict": verdict}


def _area(code: str) -> dict[str, object]:
    return {"area": code, "area_name": areas().name(code)}


def _on(micros: int) -> str | None:
    return iso_day(stockholm_day(micros)) if micros else None


def _at(micros: int) -> dict[str, object]:
    return {"at": iso_instant(micros), "on": _on(micros)}
