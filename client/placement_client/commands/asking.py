"""Read what must not stand on a command line: identifiers.

An argument would stay in the shell's history and show in the list of processes, so an
identifier is typed where nobody sees it, or comes through standard input.
"""

import getpass
import sys
import warnings
from collections.abc import Sequence
from typing import Final

import typer

from placement.errors import InvalidInputError
from placement_client.commands.verb import Run
from placement_client.identifiers import Identifier, parse_identifier

MAX_HOUSEHOLD: Final = 12
MAX_NUMBERS: Final = 4
"""Of one person."""
_NUMBERS: Final = "numbers"

_UNSEEN: Final = "can't be asked for unseen; use --identifier-stdin"


def ask(run: Run, prompt: str, *, field: str) -> Identifier:
    """Ask for one identifier, unseen.

    Raises:
        InvalidInputError: what was typed is none, or it would show.
    """
    return parse_identifier(_typed(prompt, field), field=field, today=run.today)


def ask_household(run: Run) -> list[Identifier]:
    """Ask for the leaving person, then for household members until nothing is typed.

    Raises:
        InvalidInputError: as ``ask``.
    """
    found = [ask(run, "Leaving person, twelve digits", field="identifiers[0]")]
    while len(found) < MAX_HOUSEHOLD:
        field = f"identifiers[{len(found)}]"
        text = _typed("Household member, or Enter when there is no other", field)
        if not text:
            break
        found.append(parse_identifier(text, field=field, today=run.today))
    return distinct(found)


def ask_numbers(run: Run, *, stdin: bool) -> list[Identifier]:
    """Ask for every number of one person, until nothing is typed.

    Args:
        run: whose day it is.
        stdin: read them from standard input instead, one a line.

    Raises:
        InvalidInputError: as ``ask``, or one stands twice, or there are too many.
    """
    if stdin:
        found = read_lines(run, field=_NUMBERS)
    else:
        found = [ask(run, "The person, twelve digits", field=f"{_NUMBERS}[0]")]
        while len(found) < MAX_NUMBERS:
            field = f"{_NUMBERS}[{len(found)}]"
            text = _typed("Another number of the same person, or Enter", field)
            if not text:
                break
            found.append(parse_identifier(text, field=field, today=run.today))
    return _distinct(found, MAX_NUMBERS, _NUMBERS)


def ask_many(run: Run, *, field: str) -> list[Identifier]:
    """Ask for people one after another, until nothing is typed.

    Raises:
        InvalidInputError: as ``ask``.
    """
    found = [ask(run, "A person, twelve digits", field=f"{field}[0]")]
    while text := _typed("Another person, or Enter", f"{field}[{len(found)}]"):
        place = f"{field}[{len(found)}]"
        found.append(parse_identifier(text, field=place, today=run.today))
    return found


def read_lines(run: Run, *, field: str = "identifiers") -> list[Identifier]:
    """Read identifiers from standard input, one a line.

    Raises:
        InvalidInputError: a line is none, or there is no line.
    """
    lines = sys.stdin.read().splitlines()
    if not lines:
        raise InvalidInputError(field, "must come one a line")
    return [
        parse_identifier(line, field=f"{field}[{place}]", today=run.today)
        for place, line in enumerate(lines)
    ]


def distinct(identifiers: Sequence[Identifier]) -> list[Identifier]:
    """Return identifiers of a household unchanged.

    Raises:
        InvalidInputError: one stands twice, or there are too many.
    """
    return _distinct(identifiers, MAX_HOUSEHOLD, "identifiers")


def _distinct(
    identifiers: Sequence[Identifier], most: int, field: str
) -> list[Identifier]:
    if len(identifiers) > most:
        raise InvalidInputError(field, f"must be at most {most}")
    for place, each in enumerate(identifiers):
        if each in identifiers[:place]:
            raise InvalidInputError(f"{field}[{place}]", "stands twice")
    return list(identifiers)


def _typed(prompt: str, field: str) -> str:
    """Return what is typed without being shown."""
    with warnings.catch_warnings():
        # Where echo can't be switched off, Python would warn and ask all the same.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            typed: str = typer.prompt(
                prompt, default="", show_default=False, hide_input=True, err=True
            )
        except getpass.GetPassWarning as error:
            raise InvalidInputError(field, _UNSEEN) from error
    return typed
