"""``placement group``: merge and unmerge, split, and be a faction of another."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.types_pb2 import FactReason, GradeScheme
from placement.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
)
from placement_client.commands.completing import group_names
from placement_client.commands.drafting import read_group
from placement_client.commands.group import (
    Named,
    New,
    require_names,
    require_unlike,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import choice
from placement_client.commands.recording import Source, record_one
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, verb
from placement_client.commands.waiting import pending

_MERGE: Final[Hints] = {
    ConflictError: (
        "Your region merged them already, or the same change waits for somebody."
    )
}
_UNMERGE: Final[Hints] = {
    ConflictError: "The same change waits for somebody.",
    NotFoundError: (
        "Your region did not merge these two with one another; see placement group list."
    ),
}
_AGAIN: Final = "the new group is registered; the same command goes on from there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """Which groups."""

    group: Named
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", autocompletion=group_names, help="A name of the other."
        ),
    ]

    def merge(self, run: Run, *, undo: bool) -> Report:
        """Propose that they are one, or two again."""
        one, other = (
            read_group(run, self.group, "group"),
            read_group(run, self.other, "other"),
        )
        with hinted(_UNMERGE if undo else _MERGE):
            answer = run.session().groups.merge(one, other, undo=undo)
        return Report(
            data={"revision": answer.revision, "change_id": answer.change_id.hex()},
            shown=pending(answer.change_id),
        )


def merge(run: Run, asked: Two) -> Report:
    """Propose that two registered groups are one; a second coordinator approves.

    What is recorded about either then counts for both. Every fact stays as it was
    recorded, so that the merge can be undone. If it can't wait, record the one as a
    faction of the other: that counts at once.
    """
    return asked.merge(run, undo=False)


def unmerge(run: Run, asked: Two) -> Report:
    """Propose that two merged groups are two again; a second coordinator approves.

    Each fact counts for the group that it names, whenever it was recorded. If another
    region merged them, too, they stay one until that one undoes it as well.
    """
    return asked.merge(run, undo=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Options of ``faction``."""

    child: Annotated[
        str,
        typer.Argument(metavar="PART", autocompletion=group_names, help="The part."),
    ]
    parent: Annotated[
        str,
        typer.Argument(metavar="WHOLE", autocompletion=group_names, help="The whole."),
    ]
    own_rivalries_only: Annotated[
        bool,
        typer.Option("--own-rivalries-only", help="It has no part in the parent's."),
    ] = False


def faction(run: Run, asked: Part, source: Source) -> Report:
    """Record that a group is part of another."""
    statement = {
        "child": asked.child,
        "parent": asked.parent,
        "own_rivalries_only": asked.own_rivalries_only,
    }
    return record_one(run, source.draft(run, "faction", statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Options of ``split``."""

    name: Annotated[str, typer.Argument(metavar="NAME", help="The part that left.")]
    parent: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="GROUP",
            autocompletion=group_names,
            help="The group that it left.",
        ),
    ]
    on: Annotated[
        str, typer.Option("--on", metavar="DATE", help="The day of the split.")
    ]
    grade: Annotated[str, typer.Option(metavar="GRADE", help="As given: 2B.")]
    scheme: Annotated[str, choice(GradeScheme, "Scheme of the grade")] = "3x5x2"
    reason: Annotated[str, choice(FactReason, "Why it is recorded")]
    new: New = False


def split(run: Run, asked: Split) -> Report:
    """Record that a part of a group left it and is a group of its own from a day on.

    The part is registered, unless it is already, as a faction of the group until that
    day. Whoever belonged to either before keeps both; whoever came later meets the
    other half as REVIEW.
    """
    require_names(run, [asked.name])
    parent = read_group(run, asked.parent, "from")
    source = Source(
        end=asked.on, grade=asked.grade, scheme=asked.scheme, reason=asked.reason
    )
    child, fresh = _child(run, asked)
    statement: dict[str, object] = {"child": child.hex(), "parent": parent.hex()}
    try:
        return record_one(run, source.draft(run, "faction", statement))
    except PlacementError as error:
        if fresh:
            error.because(_AGAIN)
        raise


def _child(run: Run, asked: Split) -> tuple[bytes, bool]:
    """Return the part's token, and whether it was registered just now."""
    book = run.label_book()
    try:
        return book.token(asked.name), False
    except InvalidInputError:
        parent = read_group(run, asked.parent, "from")
        require_unlike(book, [asked.name], new=asked.new, but=parent)
    made = [book.key.new_group(asked.name)]
    (token,) = run.session().registry.register_groups(made).tokens
    return token, True


def register(app: typer.Typer) -> None:
    """Add these commands to their noun."""
    for command in (merge, unmerge, faction, split):
        verb(app, command.__name__)(command)
