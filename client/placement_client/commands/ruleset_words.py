"""What rulesets and shadow runs look like: as objects, and to people."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.table import Table

from placement.api.v1.ruleset_service_pb2 import (
    MovedPlacement,
    RulesetShadow,
    RulesetState,
    RulesetSummary,
)
from placement.errors import TamperedError
from placement_client.commands.finding_words import verdict_word
from placement_client.commands.report import counted, table
from placement_client.days import stockholm_time
from placement_client.rendering import Json, enum_name, to_json

_NONE = "-"


def summary_data(ruleset: RulesetSummary) -> Json:
    """Return a ruleset as an object; what does not apply is ``null``."""
    shadow = ruleset.shadow if ruleset.HasField("shadow") else None
    return {
        **to_json(ruleset),
        "expires_at": _instant(ruleset, "expires_at"),
        "adopted_at": _instant(ruleset, "adopted_at"),
        "shadow": None if shadow is None else to_json(shadow),
    }


def _instant(ruleset: RulesetSummary, name: str) -> object:
    return to_json(ruleset)[name] if getattr(ruleset, name) else None


def summaries(rulesets: Iterable[RulesetSummary]) -> Table:
    """Lay rulesets out, one a line."""
    rows = [
        (
            each.version,
            _state(each),
            each.ruleset_id.hex() or _NONE,
            _since(each),
            each.proposed_by or _NONE,
            each.approved_by or _NONE,
        )
        for each in rulesets
    ]
    return table(
        ("Version", "State", "Ruleset", "In force since", "By", "Approved by"), rows
    )


def summary_rows(ruleset: RulesetSummary) -> Table:
    """Lay one ruleset out, a field a line."""
    rows: list[tuple[str, object]] = [
        ("Version", ruleset.version),
        ("State", _state(ruleset)),
        ("Ruleset", ruleset.ruleset_id.hex() or _NONE),
        ("Rules", ruleset.rules.hex()),
        ("Proposed by", ruleset.proposed_by or _NONE),
        ("Approved by", ruleset.approved_by or _NONE),
        ("In force since", _since(ruleset)),
    ]
    if ruleset.expires_at:
        rows.append(("Lapses", stockholm_time(ruleset.expires_at)))
    return table(("Field", "Value"), rows)


def _state(ruleset: RulesetSummary) -> str:
    return enum_name(RulesetState.DESCRIPTOR, ruleset.state).replace("_", " ").lower()


def _since(ruleset: RulesetSummary) -> str:
    return stockholm_time(ruleset.adopted_at) if ruleset.adopted_at else _NONE


def shadow_words(shadow: RulesetShadow) -> list[str | Table]:
    """Say what a shadow run found."""
    was = "was" if shadow.weighed == 1 else "were"
    said = f"{counted(shadow.weighed, 'placement', 'placements')} {was} weighed."
    if not shadow.shifts:
        return [said + " None would be worth anything else."]
    rows = [
        (verdict_word(each.before), verdict_word(each.after), each.count)
        for each in shadow.shifts
    ]
    return [said, table(("Now", "Then", "Placements"), rows)]


def moved_rows(moved: Iterable[MovedPlacement]) -> Table:
    """Lay the cases out that would be worth something else."""
    rows = [
        (each.case_handle.hex(), verdict_word(each.before), verdict_word(each.after))
        for each in moved
    ]
    return table(("Case", "Now", "Then"), rows)


def differences(old: str, new: str) -> list[Json]:
    """Return what two rulesets say differently, key by key.

    Raises:
        TamperedError: one of them is no TOML.
    """
    try:
        before, after = (dict(_flat(tomllib.loads(each))) for each in (old, new))
    except ValueError as error:
        raise TamperedError from error
    return [
        {"key": key, "before": before.get(key), "after": after.get(key)}
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def difference_rows(found: Iterable[Json]) -> Table:
    """Lay differences out, one a line."""
    rows = [
        (each["key"], _said(each["before"]), _said(each["after"])) for each in found
    ]
    return table(("Key", "In force", "Proposed"), rows)


def _said(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or _NONE
    return _NONE if value is None else str(value)


def _flat(data: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, object]]:
    for key, value in data.items():
        path = f"{name}.{key}" if name else key
        if isinstance(value, dict):
            yield from _flat(value, path)
        else:
            yield path, value
