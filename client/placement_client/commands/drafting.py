"""From options and files to facts: who is meant, which group, which area."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from placement.api.v1.types_pb2 import Fact
from placement.errors import InvalidInputError
from placement_client.commands.asking import ask, read_lines
from placement_client.commands.options import area_code, group_token
from placement_client.commands.verb import Run
from placement_client.drafts import (
    Names,
    identifiers,
    people,
    read_drafts,
    read_fact,
    read_token,
)
from placement_client.identifiers import Identifier, parse_identifier
from placement_client.texts import STDIN, read_text

ASK: Final = "ask"

_MAX_KIB: Final = 8 * 1024
_POSITION: Final = re.compile("[0-9]{1,3}")


def read_file(run: Run, path: str) -> Sequence[object]:
    """Read drafts from a file, or from standard input if the path is ``-``.

    Persons may be given by identifier on standard input alone: then no file has to
    hold the numbers.

    Raises:
        InvalidInputError: it can't be read, or is not of the form.
    """

    def read(text: str, where: str) -> Identifier:
        if path != STDIN:
            raise InvalidInputError(
                where, "may hold identifiers on standard input only"
            )
        return parse_identifier(text, field=where, today=run.today)

    text = read_text(path, field="file", kib=_MAX_KIB)
    return [
        people(draft, read, where=f"facts[{place}]")
        for place, draft in enumerate(read_drafts(text))
    ]


def read_facts(
    run: Run, drafts: Sequence[object], *, case: bytes | None = None
) -> list[Fact]:
    """Turn drafts into facts, all of them, before anything is sent.

    Args:
        run: whose session and label book are used if need be.
        drafts: as ``drafts`` draws them.
        case: the case meant where a person names none.

    Raises:
        InvalidInputError: a draft is not of the form, or names what is not known.
        PlacementError: a call failed.
    """
    distinct = list(
        dict.fromkeys(each for draft in drafts for each in identifiers(draft))
    )
    found = run.session().pseudonyms(distinct)
    names = Names(
        group=lambda text, field: read_group(run, text, field),
        area=area_code,
        pseudonym=dict(zip(distinct, found, strict=True)).__getitem__,
        today=run.today,
        case=case,
    )
    return [
        read_fact(draft, names, where=f"facts[{place}]")
        for place, draft in enumerate(drafts)
    ]


def read_group(run: Run, text: str, field: str) -> bytes:
    """Return a group's token, or that of its name in the label book.

    Raises:
        InvalidInputError: no group of this name is registered.
    """
    try:
        return read_token(text, field=field)
    except InvalidInputError:
        return group_token(run.label_book(), text, field)


def persons(
    run: Run, *given: tuple[str, str], identifier_stdin: bool
) -> list[Identifier | dict[str, object]]:
    """Read persons as options give them: a case's member, or somebody to ask for.

    Args:
        run: asks.
        given: option and value: ``HANDLE``, ``HANDLE:POSITION`` or ``ask``.
        identifier_stdin: read those to ask for from standard input, in this order.

    Raises:
        InvalidInputError: a value is neither, or the lines are not as many as asked.
    """
    asked = [option for option, value in given if value == ASK]
    lines = iter(read_lines(run) if identifier_stdin and asked else [])
    found: list[Identifier | dict[str, object]] = []
    for option, value in given:
        if value != ASK:
            found.append(_member(value, option))
        elif identifier_stdin:
            found.append(_next(lines, option))
        else:
            found.append(ask(run, f"{option}, twelve digits", field=option))
    if next(lines, None) is not None:
        raise InvalidInputError("identifiers", "are more than were asked for")
    return found


def _member(value: str, option: str) -> dict[str, object]:
    """Read ``HANDLE`` or ``HANDLE:POSITION``."""
    handle, colon, position = value.partition(":")
    # Said of the whole value, so that a number typed here by mistake is not explained.
    phrase = "must be a case's handle, HANDLE:POSITION, or ask"
    try:
        read_token(handle, field=option)
    except InvalidInputError as error:
        raise InvalidInputError(option, phrase) from error
    if colon and not _POSITION.fullmatch(position):
        raise InvalidInputError(option, phrase)
    return {"case": handle, "member": int(position or 0)}


def _next(lines: Iterator[Identifier], option: str) -> Identifier:
    line = next(lines, None)
    if line is None:
        raise InvalidInputError(option, "has no line on standard input")
    return line
