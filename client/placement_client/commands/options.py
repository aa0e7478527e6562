"""Options and arguments that several commands have, and how their values are read."""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol, TypeAlias, TypeVar

import typer
from google.protobuf.descriptor import EnumDescriptor

from placement.errors import InvalidInputError
from placement_client.areas import areas
from placement_client.commands.report import note
from placement_client.drafts import enum_number, enum_words
from placement_client.label_book import LabelBook

_Value_co = TypeVar("_Value_co", covariant=True)


class Enumeration(Protocol[_Value_co]):
    """An enumeration of the wire, as protobuf makes it."""

    @property
    def DESCRIPTOR(self) -> EnumDescriptor:  # noqa: N802 (protobuf's name)
        """Its words and numbers."""

    def Value(self, name: str) -> _Value_co:  # noqa: N802 (protobuf's name)
        """Return the value of a name."""


def area_names(incomplete: str) -> list[tuple[str, str]]:
    """Complete an area's code or name."""
    wanted = incomplete.casefold()
    return [
        (code if code.startswith(wanted) else name, f"{code} {name}")
        for code, name in areas()
        if code.startswith(wanted) or name.casefold().startswith(wanted)
    ]


Case: TypeAlias = Annotated[
    str, typer.Argument(metavar="CASE", help="Handle of the case, 32 hex digits.")
]

Area: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="AREA",
        autocompletion=area_names,
        help="A municipality's code or name.",
    ),
]

IdentifierStdin: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--identifier-stdin",
        help="Read identifiers from standard input, one a line, instead of asking.",
    ),
]


def choice(kind: Enumeration[object], summary: str, *names: str) -> Any:  # noqa: ANN401 (as typer's)
    """Return an option that takes a word of an enumeration."""
    words = tuple(enum_words(kind.DESCRIPTOR))

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    listed = f"{summary}: {', '.join(words)}."
    return typer.Option(*names, metavar="WORD", help=listed, autocompletion=complete)


def chosen(kind: Enumeration[_Value_co], text: str, *, field: str) -> _Value_co:
    """Return the value of an enumeration's word.

    Raises:
        InvalidInputError: there is no such word.
    """
    number = enum_number(kind.DESCRIPTOR, text, field=field)
    return kind.Value(kind.DESCRIPTOR.values_by_number[number].name)


def area_code(text: str, field: str) -> str:
    """Return the code of an area's code or name; of another word, tell what is near.

    Raises:
        InvalidInputError: there is no such municipality.
    """
    try:
        return areas().find(text, field=field)
    except InvalidInputError:
        _suggest(areas().like(text))
        raise


def group_token(book: LabelBook, text: str, field: str) -> bytes:
    """Return the token of a group's name; of another word, tell what is near.

    Raises:
        InvalidInputError: no group of this name is registered.
    """
    try:
        return book.token(text, field=field)
    except InvalidInputError:
        _suggest(book.like(text))
        raise


def _suggest(names: Sequence[str]) -> None:
    if names:
        note(f"Did you mean: {', '.join(names)}?")
