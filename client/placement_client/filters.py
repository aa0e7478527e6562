"""Which entries of the access log are meant: options, and the filter of the wire.

Everything that audit staff search with takes the same options; what is left out
selects everything. Words are written as entries hold them, in any case.

Example:
    >>> selected = Selected(organisation="1480", kind="disclosure", reference="SN 7")
    >>> made = to_filter(selected, today=date(2026, 11, 24))
    >>> written(made)
    {'organisation': '1480', 'kind': 'DISCLOSURE', 'reference': 'given'}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer

from placement.api.v1 import audit_service_pb2 as wire
from placement.api.v1.types_pb2 import Verdict
from placement.audit.checkpoint import MAX_SIZE
from placement.errors import InvalidInputError, TamperedError
from placement_client.actions import action_code, actions_like
from placement_client.days import iso_instant, parse_instant
from placement_client.drafts import enum_number, enum_words, read_token
from placement_client.rendering import enum_name

_VERDICTS: Final = tuple(enum_words(Verdict.DESCRIPTOR))
_INSTANT: Final = "DATE|INSTANT"
_GIVEN: Final = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Options of everything that selects entries; named as the wire's fields are."""

    person: Annotated[str, typer.Option(help="The caller's person id.")] = ""
    organisation: Annotated[str, typer.Option(help="The caller's organisation.")] = ""
    role: Annotated[
        str,
        typer.Option(
            help="The caller's role: caseworker, coordinator, auditor, witness, "
            "operator; service; or officer, who had an older database served."
        ),
    ] = ""
    kind: Annotated[
        str,
        typer.Option(
            help="collection, alteration, consultation, disclosure, combination or "
            "erasure."
        ),
    ] = ""
    action: Annotated[
        str,
        typer.Option(
            help="What was attempted, for example check or lift; another word is "
            "answered with those like it.",
            autocompletion=actions_like,
        ),
    ] = ""
    entry_purpose: Annotated[
        str, typer.Option(help="Why it was attempted, as the entry says.")
    ] = ""
    outcome: Annotated[
        str, typer.Option(help="answered, or the reason of the refusal.")
    ] = ""
    verdict: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="Entries that answered this verdict for at least one place: "
            f"{', '.join(_VERDICTS)}.",
            autocompletion=lambda incomplete: [
                word for word in _VERDICTS if word.startswith(incomplete)
            ],
        ),
    ] = ""
    case_handle: Annotated[
        str,
        typer.Option(
            "--case",
            metavar="HEX",
            help="Of one case, by its handle or by what entries show instead.",
        ),
    ] = ""
    reference: Annotated[
        str,
        typer.Option(help="The municipality's case number; needs --organisation."),
    ] = ""
    decision_id: Annotated[
        str, typer.Option("--decision", metavar="HEX", help="Of one decision.")
    ] = ""
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar=_INSTANT,
            help="First day in Stockholm, or 2026-11-01T12:00:00Z.",
        ),
    ] = ""
    until: Annotated[
        str,
        typer.Option("--to", metavar=_INSTANT, help="First day after, or an instant."),
    ] = ""
    first_index: Annotated[
        int | None,
        typer.Option("--first", min=0, max=MAX_SIZE, help="Index of the first entry."),
    ] = None
    end_index: Annotated[
        int | None,
        typer.Option("--end", min=0, max=MAX_SIZE, help="Index after the last entry."),
    ] = None


def to_filter(selected: Selected, *, today: date) -> wire.EntryFilter:
    """Return the filter that options mean.

    Args:
        selected: the options.
        today: the day it is in Stockholm.

    Raises:
        InvalidInputError: an option can't be read.
    """
    made = wire.EntryFilter(
        person=selected.person,
        organisation=selected.organisation.lower(),
        role=selected.role.lower(),
        kind=selected.kind.upper(),
        action=action_code(selected.action),
        purpose=_word(selected.entry_purpose),
        outcome=_word(selected.outcome),
        reference=selected.reference,
        first_index=selected.first_index,
        end_index=selected.end_index,
    )
    if selected.verdict:
        number = enum_number(Verdict.DESCRIPTOR, selected.verdict, field="verdict")
        made.verdict = Verdict.Value(Verdict.DESCRIPTOR.values_by_number[number].name)
    if selected.case_handle:
        made.case_handle = read_token(selected.case_handle, field="case_handle")
    if selected.decision_id:
        made.decision_id = read_token(selected.decision_id, field="decision_id")
    if selected.since:
        made.since = parse_instant(selected.since, field="since", today=today)
    if selected.until:
        made.until = parse_instant(selected.until, field="until", today=today)
    return made


def written(asked: wire.EntryFilter) -> dict[str, str]:
    """Return a filter in words, one form each, by the names of the wire.

    Of what names a case it is only said that it was given: whoever reads the words may
    know of no case.
    """
    return {
        field.name: _written(field.name, value) for field, value in asked.ListFields()
    }


def read_written(words: Mapping[str, str]) -> wire.EntryFilter:
    """Return the filter that ``written`` put in words.

    Where a case or a reference was given, there is one that nobody has.

    Raises:
        TamperedError: they are other words, or in another order.
    """
    made = wire.EntryFilter()
    try:
        for name, text in words.items():
            setattr(made, name, _READ.get(name, str)(text))
    except (ValueError, AttributeError, InvalidInputError) as error:
        raise TamperedError from error
    if [*written(made).items()] != [*words.items()]:
        raise TamperedError
    return made


def _written(name: str, value: Any) -> str:  # noqa: ANN401 (of any field)
    match name:
        case "case_handle" | "reference":
            return _GIVEN
        case "verdict":
            return enum_name(Verdict.DESCRIPTOR, value)
        case "decision_id":
            return bytes(value).hex()
        case "since" | "until":
            return iso_instant(value)
        case _:
            return str(value)


def _instant(text: str) -> int:
    return parse_instant(text, field="filter", today=date.min)


_READ: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "verdict": lambda text: Verdict.Value(f"VERDICT_{text}"),
        "case_handle": str.encode,
        "decision_id": bytes.fromhex,
        "since": _instant,
        "until": _instant,
        "first_index": int,
        "end_index": int,
    }
)
"""What reads the words of a field that holds no text."""


def _word(text: str) -> str:
    """Write a code as entries hold it: ``case-show`` is ``CASE_SHOW``."""
    return text.upper().replace("-", "_")
