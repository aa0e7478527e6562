"""``placement fact record``: one fact from options, or many from a file."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.types_pb2 import AffiliationRole, PresenceKind
from placement.errors import InvalidInputError
from placement_client.commands.drafting import ASK, persons, read_file
from placement_client.commands.options import Area, IdentifierStdin, choice
from placement_client.commands.recording import (
    Source,
    given,
    record_many,
    record_one,
)
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, fallback, nouns, verb

app = nouns()

_GROUP: Final = "NAME|TOKEN"
_PERSON: Final = "HANDLE[:POSITION]|ask"
_WHO: Final = "Member of a case; else asked for, unseen."
_SEVERITY: Final = "1 to 3; 3 needs a second coordinator."
_BOTH: Final = ("group_a", "group_b")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Options of ``record`` by itself."""

    file: Annotated[
        str,
        typer.Option(metavar="FILE", help="Facts as JSON; - is standard input."),
    ] = ""


@fallback(app)
def from_file(run: Run, asked: File) -> Report:
    """Record facts: one by the commands below, or many with --file.

    A file holds {"facts": [...]}, each with the fields of the wire: days as ISO
    dates, groups by name or token, areas by name or code, persons as {"case": HANDLE,
    "member": POSITION}. On standard input a person may be {"identifier": "..."}.
    Nothing is sent unless every fact of the file can be read.
    """
    if not asked.file:
        raise InvalidInputError("record", "needs the kind of fact, or --file")
    return record_many(run, read_file(run, asked.file))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPerson:
    """Whose fact it is."""

    person: Annotated[str, typer.Option(metavar=_PERSON, help=_WHO)] = ASK
    identifier_stdin: IdentifierStdin = False

    def draft(self, run: Run) -> dict[str, object]:
        """Return the person as a draft has it."""
        asked = ("person", self.person)
        (found,) = persons(run, asked, identifier_stdin=self.identifier_stdin)
        return {"person": found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliated:
    """Options of ``affiliation``."""

    group: Annotated[str, typer.Option(metavar=_GROUP, help="Which group.")]
    role: Annotated[str, choice(AffiliationRole, "How the person belongs")]
    left_on: Annotated[
        str, typer.Option(metavar="DATE", help="When the person left, if known.")
    ] = ""


@verb(app, "affiliation")
def affiliation(run: Run, who: OfPerson, asked: Affiliated, source: Source) -> Report:
    """Record that a person belongs, or belonged, to a group."""
    statement = {**who.draft(run), **given(asked)}
    return record_one(run, source.draft(run, "affiliation", statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Options of ``faction``."""

    child: Annotated[str, typer.Option(metavar=_GROUP, help="The part.")]
    parent: Annotated[str, typer.Option(metavar=_GROUP, help="The whole.")]
    own_rivalries_only: Annotated[
        bool,
        typer.Option("--own-rivalries-only", help="It has no part in the parent's."),
    ] = False


@verb(app, "faction")
def faction(run: Run, asked: Part, source: Source) -> Report:
    """Record that a group is part of another."""
    return record_one(run, source.draft(run, "faction", given(asked)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two groups."""

    group: Annotated[
        list[str], typer.Option(metavar=_GROUP, help="Twice, in any order.")
    ]

    def draft(self) -> dict[str, object]:
        """Return the groups as a draft has them.

        Raises:
            InvalidInputError: they are not two.
        """
        if len(self.group) != len(_BOTH):
            raise InvalidInputError("group", "must be given twice")
        return dict(zip(_BOTH, self.group, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class War:
    """Options of ``rivalry``."""

    severity: Annotated[int, typer.Option(min=1, max=3, help=_SEVERITY)]
    last_violence_on: Annotated[
        str, typer.Option(metavar="DATE", help="The last violence, if known.")
    ] = ""


@verb(app, "rivalry")
def rivalry(run: Run, pair: Pair, asked: War, source: Source) -> Report:
    """Record that two groups are at war."""
    statement = {**pair.draft(), **given(asked)}
    return record_one(run, source.draft(run, "rivalry", statement))


@verb(app, "alliance")
def alliance(run: Run, pair: Pair, source: Source) -> Report:
    """Record that two groups help one another."""
    return record_one(run, source.draft(run, "alliance", pair.draft()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Options of ``presence``."""

    group: Annotated[str, typer.Option(metavar=_GROUP, help="Which group.")]
    area: Area
    kind: Annotated[str, choice(PresenceKind, "How firmly")]


@verb(app, "presence")
def presence(run: Run, asked: Stands, source: Source) -> Report:
    """Record that a group stands in an area."""
    return record_one(run, source.draft(run, "presence", given(asked)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threatened:
    """Options of ``threat``."""

    target: Annotated[str, typer.Option(metavar=_PERSON, help=_WHO)] = ASK
    by_group: Annotated[
        str, typer.Option(metavar=_GROUP, help="The threatening group.")
    ] = ""
    by_person: Annotated[
        str, typer.Option(metavar=_PERSON, help="The threatening person.")
    ] = ""
    severity: Annotated[int, typer.Option(min=1, max=3, help="1 to 3.")]
    identifier_stdin: IdentifierStdin = False


@verb(app, "threat")
def threat(run: Run, asked: Threatened, source: Source) -> Report:
    """Record that a person is threatened, by a group or by a person."""
    if bool(asked.by_group) == bool(asked.by_person):
        raise InvalidInputError("threat", "needs either --by-group or --by-person")
    wanted = [("target", asked.target)]
    if asked.by_person:
        wanted.append(("by-person", asked.by_person))
    target, *others = persons(run, *wanted, identifier_stdin=asked.identifier_stdin)
    statement: dict[str, object] = {"target": target, "severity": asked.severity}
    statement |= {"person": others[0]} if others else {"group": asked.by_group}
    return record_one(run, source.draft(run, "threat", statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """Options of ``located``."""

    area: Area


@verb(app, "located")
def located(run: Run, who: OfPerson, asked: There, source: Source) -> Report:
    """Record that a threatening person is in an area."""
    statement = {**who.draft(run), **given(asked)}
    return record_one(run, source.draft(run, "located", statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """Options of ``tie``."""

    area: Area
    danger: Annotated[
        bool, typer.Option("--danger", help="The area itself is a danger.")
    ] = False


@verb(app, "tie")
def tie(run: Run, who: OfPerson, asked: Tied, source: Source) -> Report:
    """Record that an area is a danger of a person's own."""
    statement = {**who.draft(run), **given(asked)}
    return record_one(run, source.draft(run, "tie", statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """Options of ``same-as``."""

    person_a: Annotated[str, typer.Option(metavar=_PERSON, help=_WHO)] = ASK
    person_b: Annotated[str, typer.Option(metavar=_PERSON, help=_WHO)] = ASK
    identifier_stdin: IdentifierStdin = False


@verb(app, "same-as")
def same_as(run: Run, asked: Same, source: Source) -> Report:
    """Record that two numbers are one person's."""
    first, second = persons(
        run,
        ("person-a", asked.person_a),
        ("person-b", asked.person_b),
        identifier_stdin=asked.identifier_stdin,
    )
    return record_one(
        run, source.draft(run, "same_as", {"person_a": first, "person_b": second})
    )
