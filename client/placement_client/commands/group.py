"""``placement group``: groups under sealed names, and what they are to one another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from placement.api.v1.group_service_pb2 import FurtherName
from placement.errors import ConflictError, InvalidInputError
from placement_client.commands.completing import group_names
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import group_token
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.label_book import Label, LabelBook
from placement_client.registry import MAX_REGISTERED

app = nouns("Coordinators: register and list groups; names stay on this machine.")

_OTHER_KEY: Final = (
    "does not open every name that is registered; get the one in force by placement "
    "label-key fetch"
)
_NONE_OPENS: Final = "There are groups, but no name of theirs opens on this machine."
_ALIKE: Final = (
    "looks like a name that is registered; if it is another group, add --new; if it is "
    "another name of that one, see placement group alias"
)
_NEW: Final = "Although a registered name looks alike: these are other groups."
_HINTS: Final[Hints] = {
    ConflictError: "A name is registered already, perhaps by somebody else just now."
}

Named = Annotated[
    str,
    typer.Argument(
        metavar="GROUP", autocompletion=group_names, help="A name of the group."
    ),
]
New = Annotated[bool, typer.Option("--new", help=_NEW)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Options of ``register``."""

    name: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names.")]
    new: New = False
    beside_another_key: Annotated[
        bool,
        typer.Option(
            "--beside-another-key",
            help="Although some groups stand under another label key for good.",
        ),
    ] = False


@verb(app, "register")
def register(run: Run, asked: Registered) -> Report:
    """Register groups under new tokens; the service receives no name.

    A group that is registered already is refused, in whatever spelling, and one that
    looks like it is shown to you first. So is every group refused if the label key does
    not open those that are registered: under another key the same group would be
    registered twice.
    """
    require_names(run, asked.name)
    book = run.label_book()
    if book.unopened and not asked.beside_another_key:
        raise InvalidInputError("label_key", _OTHER_KEY)
    require_unlike(book, asked.name, new=asked.new)
    groups = [book.key.new_group(name) for name in asked.name]
    with hinted(_HINTS), _doubles_told(book, asked.name):
        answer = run.session().registry.register_groups(groups)
    tokens = [token.hex() for token in answer.tokens]
    pairs = list(zip(tokens, asked.name, strict=True))
    return Report(
        data={
            "revision": answer.revision,
            "groups": [{"token": token, "name": name} for token, name in pairs],
        },
        shown=[table(("Token", "Name"), pairs)],
    )


@contextmanager
def _doubles_told(book: LabelBook, names: Sequence[str]) -> Iterator[None]:
    """Where names are refused together, tell which of them are registered."""
    try:
        yield
    except ConflictError:
        known = [
            f"{name} (as {book.names[book.token(name)]})"
            for name in names
            if name in book
        ]
        if known:
            note(f"Registered already: {', '.join(known)}.")
        raise


def require_names(run: Run, names: Sequence[str]) -> None:
    """Refuse what can't be names, or are too many, before anything is asked.

    Raises:
        InvalidInputError: they are.
    """
    key = run.label_files().read()[0]
    prints = {key.new_group(name).fingerprint for name in names}
    if len(prints) != len(names):
        raise InvalidInputError("name", "stands twice, perhaps in another spelling")
    if len(names) > MAX_REGISTERED:
        raise InvalidInputError("name", f"must stand at most {MAX_REGISTERED} times")


def require_unlike(
    book: LabelBook, names: Iterable[str], *, new: bool, but: bytes = b""
) -> None:
    """Refuse names that look like registered ones, unless they are said to be new.

    What is registered already is refused as that.

    Args:
        book: what is registered.
        names: what is to be.
        new: they are new.
        but: a group whose own names may look alike.

    Raises:
        InvalidInputError: one looks alike; the names are told beside it.
    """
    if new:
        return
    unknown = [name for name in names if name not in book]
    found = [
        label.name
        for name in unknown
        for label in book.doubles(name)
        if label.token != but
    ]
    if found:
        note(f"Registered already, and alike: {', '.join(dict.fromkeys(found))}.")
        raise InvalidInputError("name", _ALIKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliased:
    """Options of ``alias``."""

    group: Named
    name: Annotated[list[str], typer.Argument(metavar="NAME...", help="Further names.")]
    new: New = False


@verb(app, "alias")
def alias(run: Run, asked: Aliased) -> Report:
    """Give a registered group further names; it is found by each of them."""
    require_names(run, asked.name)
    book = run.label_book()
    token = group_token(book, asked.group, "group")
    require_unlike(book, asked.name, new=asked.new, but=token)
    made = [book.key.new_group(name) for name in asked.name]
    with hinted(_HINTS), _doubles_told(book, asked.name):
        answer = run.session().groups.name(
            FurtherName(
                token=token,
                fingerprint=each.fingerprint,
                sealed_label=each.sealed_label,
                key_id=each.key_id,
            )
            for each in made
        )
    return Report(
        data={"revision": answer.revision, "token": token.hex()},
        shown=[f"The group has {counted(len(made), 'further name', 'further names')}."],
    )


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the registered groups by name, each with its further names."""
    book = run.label_book()
    found = _groups(book, book)
    if not found and book.unopened:
        return Report(data={"groups": []}, shown=[_NONE_OPENS])
    note(f"{counted(len(found), 'group', 'groups')}.")
    return _report(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Options of ``find``."""

    text: Annotated[str, typer.Argument(metavar="TEXT", help="A name, or a part.")]


@verb(app, "find")
def find(run: Run, asked: Sought) -> Report:
    """Find groups by a part of a name, or by a name that is spelled otherwise.

    The search is made on this machine; what you type goes nowhere.
    """
    book = run.label_book()
    return _report(_groups(book, book.find(asked.text)))


def _groups(book: LabelBook, labels: Iterable[Label]) -> list[dict[str, object]]:
    """Return each group of some names once, in their order."""
    first, by_token = book.names, _by_token(book)
    tokens = dict.fromkeys(label.token for label in labels)
    return [
        {
            "token": token.hex(),
            "name": first[token],
            "further": [
                label.name for label in by_token[token] if label.name != first[token]
            ],
            "merged_into": "" if chief == token else chief.hex(),
            "merges": _merged(book, token),
        }
        for token in sorted(tokens, key=list(tokens).index)
        for chief in (by_token[token][0].chief,)
    ]


def _merged(book: LabelBook, token: bytes) -> list[dict[str, str]]:
    """Return with which others a group was merged, by whose coordinators."""
    pairs = ((each, (each.group_a, each.group_b)) for each in book.merges)
    return [
        {
            "token": other.hex(),
            "name": book.names.get(other, ""),
            "region": each.region,
        }
        for each, pair in pairs
        if token in pair
        for other in pair
        if other != token
    ]


def _by_token(book: LabelBook) -> dict[bytes, list[Label]]:
    found: dict[bytes, list[Label]] = {}
    for label in book:
        found.setdefault(label.token, []).append(label)
    return found


def _report(found: Sequence[dict[str, object]]) -> Report:
    rows = [
        (each["token"], each["name"], _joined(each["further"]), _merged_words(each))
        for each in found
    ]
    return Report(
        data={"groups": found},
        shown=[table(("Token", "Name", "Also", "Merged with"), rows)],
    )


def _joined(names: object) -> str:
    return ", ".join(names) if isinstance(names, list) else ""


def _merged_words(group: Mapping[str, Any]) -> str:
    """Say with which others a group was merged, and by whom."""
    return ", ".join(
        f"{each['name'] or each['token']} (by {each['region']})"
        for each in group["merges"]
    )
