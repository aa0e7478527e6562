"""Older forms of ruleset files: what each of them lacks, and what held in its time.

A log may hold a file of any of these, and what was decided by it is decided again by it.
So what came with a later form stands here as it was before: in code, or not at all.

>>> filled({"format": 3})["budget"]["extract"]["person_day"]
5
>>> without(filled({"format": 3}), 3)["budget"]
{}
"""

from collections.abc import Mapping
from typing import Any, Final

from placement.domain.chances import NONE
from placement.domain.ruleset_keys import FORMAT

_LATER: Final[Mapping[int, Mapping[tuple[str, ...], Mapping[str, Any]]]] = {
    3: {("phantom",): NONE},
    4: {
        ("budget", "extract"): {"person_day": 5, "organisation": 50, "days": 30},
        # Nobody looked for it then; a detector reads the log by the limits of now.
        ("anomaly", "approved_in_turn"): {"allowed": 8, "days": 30},
    },
}
"""What came with each form, under which keys, and what held before."""
OLDER: Final = tuple(form - 1 for form in _LATER)
"""The forms that a log may hold beside that of now."""


def filled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file in the form of now, with what held in its time.

    Args:
        data: a file of an older form; or of that of now, to which nothing is added.
    """
    made = {**data, "format": FORMAT}
    for keys, value in _after(data["format"]):
        inside = made
        for key in keys[:-1]:
            inside[key] = {**inside.get(key, {})}
            inside = inside[key]
        inside[keys[-1]] = value
    return made


def without(data: Mapping[str, Any], form: int) -> dict[str, Any]:
    """Return a file in an older form, without what came later."""
    made = {**data, "format": form}
    for keys, _ in _after(form):
        inside = made
        for key in keys[:-1]:
            inside[key] = {**inside[key]}
            inside = inside[key]
        del inside[keys[-1]]
    return made


def _after(form: int) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    return [
        item for later, keys in _LATER.items() if later > form for item in keys.items()
    ]
