"""Which option stands behind a field that an error names.

Errors name fields as the wire does: ``endings[0].valid_to_day``. A person typed
``--on``. The innermost word of the field that one of the command's options answers to
is the one; an option that the command lacks is never named.

Example:
    >>> from typing import Annotated
    >>> typed = Annotated[str, OptionInfo()]
    >>> on = inspect.Parameter("on", inspect.Parameter.KEYWORD_ONLY, annotation=typed)
    >>> option_of([on], "endings[0].valid_to_day")
    '--on'
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, get_args

from typer.models import ArgumentInfo, OptionInfo

# A field's word, without place and "_day", and the options that may stand behind it
# under another name than the word's own.
_OPTIONS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "amendments": ("fact",),
        "areas": ("area",),
        "candidates": ("area",),
        "case_handle": ("case",),
        "case_handles": ("case",),
        "change_id": ("change",),
        "children": ("child",),
        "decision_id": ("decision",),
        "endings": ("fact", "placement"),
        "contests": ("fact",),
        "fact_id": ("fact",),
        "fact_ids": ("fact",),
        "facts": ("file", "fact_file"),
        "first_index": ("first",),
        "from": ("start",),
        "group": ("by_group", "name"),
        "group_a": ("group",),
        "group_b": ("group",),
        "groups": ("name",),
        "grpc_timeout": ("deadline",),
        "parts": ("tell",),
        "person": ("by_person",),
        "placement_id": ("placement",),
        "placement_ids": ("placement",),
        "regradings": ("fact",),
        "renewals": ("fact",),
        "released_ids": ("release",),
        "resume_token": ("resume",),
        "review_by": ("until",),
        "reviewed_on": ("on",),
        "seen_revisions": ("seen",),
        "to": ("end",),
        "valid_from": ("start",),
        "valid_to": ("on", "end"),
        "withheld_ids": ("withhold",),
        "witnesses": ("witness",),
    }
)
_PLACE: Final = re.compile(r"\[[0-9]+\]")
# The phrase says where contexts come from; most often none was typed.
_NEVER: Final = frozenset({"context"})


# What no option stands behind, since the context names it.
_SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "custodian_key": "The custodian's key",
        "exchange_key": "The exchange key",
        "label_key": "The label key",
        "log_key": "The log's key",
        "rotation": "The replacing of the label key",
    }
)
_FILES: Final = frozenset({"--file", "--fact-file"})
# What may be given several times, so that its place tells which one is meant.
_MANY: Final = frozenset({"--area", "--child", "FACT", "PLACEMENT"})
_PERSON: Final = re.compile(r"identifiers\[([0-9]+)\]")


def named(field: str, option: str) -> str:
    """Return what people call a field.

    Args:
        field: as an error names it.
        option: the option or argument behind it; empty if there is none.
    """
    if person := _PERSON.fullmatch(field):
        number = int(person[1])
        whose = "the leaving person" if not number else f"person {number + 1}"
        return f"{field} (the number of {whose})"
    if not option:
        return _SAID.get(field, field)
    # Of a file the path is the name; of a plain word it does no harm.
    if option in _FILES or field.replace("-", "_").isidentifier():
        return f"{field} ({option})"
    place = _PLACE.search(field)
    if place and option in _MANY:
        return f"{option} number {int(place[0][1:-1]) + 1}"
    return option


def option_of(parameters: Sequence[inspect.Parameter], field: str) -> str:
    """Return the option or argument behind a field; empty if there is none.

    Args:
        parameters: the command's, annotated as for the parser.
        field: as an error names it.
    """
    known = {each.name: each for each in parameters if each.name not in _NEVER}
    for part in reversed(_PLACE.sub("", field).replace("-", "_").split(".")):
        word = part.removesuffix("_day")
        for name in (word, *_OPTIONS.get(word, ())):
            if name in known:
                return _typed(known[name])
    return ""


def _typed(parameter: inspect.Parameter) -> str:
    """Return a parameter as people type it."""
    for info in get_args(parameter.annotation):
        if isinstance(info, ArgumentInfo):
            return (info.metavar or parameter.name.upper()).removesuffix("...")
        if isinstance(info, OptionInfo):
            # Beside a type, the parser takes the first word for a name as well.
            first = info.default if isinstance(info.default, str) else ""
            names = (first, *(info.param_decls or ()))
            given = next((each for each in names if each.startswith("--")), "")
            return given or f"--{parameter.name.replace('_', '-')}"
    return ""
