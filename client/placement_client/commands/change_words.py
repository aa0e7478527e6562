"""What a change does to one fact, for people and for programs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from placement.api.v1.registry_service_pb2 import ChangeItem, ReleasedPlace
from placement.api.v1.types_pb2 import FactReason
from placement_client.commands.finding_words import (
    Names,
    place_data,
    place_words,
    verdict_word,
)
from placement_client.days import iso_day
from placement_client.rendering import enum_name, to_json

_EFFECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "made_firm": "become firm",
        "retracted": "be retracted",
        "erased": "be erased for good (placement erase approve)",
        "extract": "be told to the person (placement extract show)",
        "provider_goes_on": "let the provider go on; its houses answer as others do",
    }
)
_UNKNOWN: Final = "do what this version does not know"


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
        case {"effect": "regraded", "to": {"scheme": scheme, "given": given}}:
            words = f"be graded {given} ({scheme})"
        case {"effect": "renewed", "review_by_day": day, "reason": reason}:
            words = f"stand until {day} ({reason})"
        case {"effect": "made_firm", "replaces": old}:
            words = f"become firm, instead of {old}"
        case {"effect": "merged", "groups": [one, other]}:
            words = f"let {one} and {other} be one group"
        case {"effect": "unmerged", "groups": [one, other]}:
            words = f"let {one} and {other} be two groups again"
        case {"effect": "extract"}:
            words = f"{words}, request {item.extract}"
        case {"effect": "released"}:
            words = _released_words(item.released)
        case _:
            pass
    return words


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
