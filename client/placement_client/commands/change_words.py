"""What a change does to one fact, for people and for programs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from placement.api.v1.phantom_service_pb2 import GroupSize, LiftGround
from placement.api.v1.registry_service_pb2 import (
    Change,
    ChangeItem,
    ChangeKind,
    ReleasedPlace,
)
from placement.api.v1.types_pb2 import FactReason
from placement_client.commands.finding_words import (
    Names,
    place_data,
    place_words,
    verdict_word,
)
from placement_client.commands.report import counted
from placement_client.days import iso_day
from placement_client.rendering import enum_name, to_json

_EFFECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "made_firm": "become firm",
        "retracted": "be retracted",
        "erased": "be erased for good (placement erase approve)",
        "extract": "be told to the person (placement extract show)",
        "provider_goes_on": "let the provider go on, unless another region stopped it, too",
    }
)
_PAIRS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "merged": "let {} and {} be one group",
        "unmerged": (
            "let {} and {} be two groups again, unless another region merged them, too"
        ),
    }
)
_UNKNOWN: Final = "do what this version does not know"
_KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        ChangeKind.CHANGE_KIND_RECORD: "make {facts} count fully",
        ChangeKind.CHANGE_KIND_AMEND: "put {facts} in the place of others",
        ChangeKind.CHANGE_KIND_END: "end {facts}",
        ChangeKind.CHANGE_KIND_RETRACT: "retract {facts}",
        ChangeKind.CHANGE_KIND_REGRADE: "grade {facts} anew",
        ChangeKind.CHANGE_KIND_RENEW: "let {facts} stand longer",
        ChangeKind.CHANGE_KIND_MERGE: "let two groups be one",
        ChangeKind.CHANGE_KIND_UNMERGE: "let one group be two again",
        ChangeKind.CHANGE_KIND_RELEASE: "release a place",
        ChangeKind.CHANGE_KIND_PROVIDER_GOES_ON: "let a provider go on",
        ChangeKind.CHANGE_KIND_PLACEMENT_END: "end {placements}",
        ChangeKind.CHANGE_KIND_LIFT: "lift phantom stays for a case",
        ChangeKind.CHANGE_KIND_GROUP_SIZE: "say how large a group is",
        ChangeKind.CHANGE_KIND_ERASE: "erase {dossiers} for good",
        ChangeKind.CHANGE_KIND_EXTRACT: "tell a person what is kept about them",
    }
)


def kind_words(change: Change) -> str:
    """Say what a change would do, as a whole: how many facts, not which."""
    amended = change.amendments
    # What replaces a fact is counted once.
    facts = change.records or amended
    return _KINDS.get(change.kind, _UNKNOWN).format(
        facts=counted(facts, "fact", "facts"),
        placements=counted(amended, "placement", "placements"),
        dossiers=counted(amended, "fact or case", "facts or cases"),
    )


def effect(item: ChangeItem, names: Names) -> dict[str, object]:
    """Return what a change does: its word, and what comes with it.

    Args:
        item: of the change.
        names: of groups, as far as they are known.
    """
    word = item.WhichOneof("effect") or "unknown"
    data: dict[str, object] = {"effect": word}
    match word:
        case "ended_on_day":
            data = {"effect": "ended", "on": iso_day(item.ended_on_day)}
        case "renewed":
            data["review_by_day"] = iso_day(item.renewed.review_by_day)
            data["reason"] = enum_name(FactReason.DESCRIPTOR, item.renewed.reason)
        case "made_firm" if item.replaces:
            data["replaces"] = item.replaces.hex()
        case "regraded":
            data["to"] = to_json(item.regraded)
        case "extract":
            data["reference"] = item.extract
        case "released":
            data["place"] = _released(item.released)
        case "placement_ended":
            stay = item.placement_ended
            data["on"] = iso_day(stay.valid_to_day)
            data["case_handle"] = stay.case_handle.hex()
            data["place"] = place_data(stay.candidate, stay.window)
        case "lifted" | "sized":
            data |= _haunting(item, names)
        case "merged" | "unmerged":
            pair = getattr(item, word)
            groups = (pair.group_a, pair.group_b)
            data["groups"] = [names.get(each, each.hex()) for each in groups]
        case _:
            pass
    return data


def effect_words(item: ChangeItem, data: Mapping[str, object]) -> str:
    """Say an effect in words.

    Args:
        item: of the change.
        data: from ``effect``.
    """
    words = _EFFECTS.get(str(data["effect"]), _UNKNOWN)
    match data:
        case {"effect": "ended", "on": day}:
            words = f"end on {day}"
        case {"effect": "placement_ended", "on": day, "case_handle": case}:
            stay = item.placement_ended
            where = place_words(stay.candidate, stay.window)
            words = f"end on {day} the placement of case {case} in {where}"
        case {"effect": "regraded", "to": {"scheme": scheme, "given": given}}:
            words = f"be graded {given} ({scheme})"
        case {"effect": "renewed", "review_by_day": day, "reason": reason}:
            words = f"stand until {day} ({reason})"
        case {"effect": "made_firm", "replaces": old}:
            words = f"become firm, instead of {old}"
        case {"effect": "merged" | "unmerged" as word, "groups": [one, other]}:
            words = _PAIRS[word].format(one, other)
        case {"effect": "lifted" | "sized"}:
            words = _haunting_words(data)
        case {"effect": "extract"}:
            words = f"{words}, request {item.extract}"
        case {"effect": "released"}:
            words = _released_words(item.released)
        case _:
            pass
    return words


def _haunting(item: ChangeItem, names: Names) -> dict[str, object]:
    if item.HasField("sized"):
        group = item.sized.group
        return {
            "group": names.get(group, group.hex()),
            "size": enum_name(GroupSize.DESCRIPTOR, item.sized.size),
        }
    return {
        "case_handle": item.lifted.case_handle.hex(),
        "area": item.lifted.area,
        "hours": item.lifted.hours,
        "ground": enum_name(LiftGround.DESCRIPTOR, item.lifted.ground),
    }


def _haunting_words(data: Mapping[str, object]) -> str:
    if data["effect"] == "sized":
        return f"let {data['group']} be {data['size']} from the next month on"
    case = f"case {data['case_handle']} in {data['area']}"
    lasts = f"for {data['hours']} hours ({data['ground']})"
    return f"let no phantom stand in the way of {case} {lasts}"


def _released(place: ReleasedPlace) -> dict[str, object]:
    return {
        "case_handle": place.case_handle.hex(),
        **place_data(place.candidate, place.window),
        "verdict": verdict_word(place.verdict),
    }


def _released_words(place: ReleasedPlace) -> str:
    where = place_words(place.candidate, place.window)
    case = f"let case {place.case_handle.hex()} have {where}"
    return f"{case}, despite {verdict_word(place.verdict)}"
