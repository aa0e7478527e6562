"""``placement audit checkpoints``, ``prove``, ``consistency``: the log in hashes.

They tell nothing of what stands in an entry, so no reason is asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.audit.checkpoint import MAX_SIZE, require_follows
from placement.audit.merkle import verify_inclusion
from placement.errors import InvalidInputError, NotFoundError, TamperedError
from placement_client.commands.audit_trust import Signed, Trust
from placement_client.commands.report import Report, note, table
from placement_client.commands.verb import Run, verb
from placement_client.logs import LogCalls

COUNT: Final = 20
"""Checkpoints shown unless told otherwise."""

_PAGE: Final = 100
_UNPUBLISHED: Final = "is the size of no published checkpoint; see audit checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Options of ``checkpoints``."""

    from_size: Annotated[
        int | None,
        typer.Option(
            min=0, max=MAX_SIZE, help="The least size; without it, the newest ones."
        ),
    ] = None
    count: Annotated[int, typer.Option(min=1, help="How many at most.")] = COUNT


def checkpoints(run: Run, asked: Listed) -> Report:
    """List the log's newest checkpoints, the smallest first, and who cosigned them.

    With --from-size, those from a size on. Each is verified by the pinned keys, and the newest of them is held against what
    this context saw before. That one begins another, `placement audit consistency`
    proves.
    """
    trust = Trust(run)
    logs = run.session().logs
    if asked.from_size is None:
        notes, is_cut = _last(logs, trust, asked.count), False
    else:
        listed = [*_listed(logs, trust, asked.from_size, asked.count + 1)]
        notes, is_cut = listed[: asked.count], len(listed) > asked.count
    if notes:
        trust.hold(notes[-1], logs)
    found = [trust.read(each) for each in notes]
    _tell(found, is_cut=is_cut)
    rows = [
        (
            each.checkpoint.size,
            each.checkpoint.root.hex(),
            "yes" if each.is_verified else "not verified",
            ", ".join(each.witnesses) or "-",
        )
        for each in found
    ]
    return Report(
        data={"checkpoints": [each.data() for each in found], "cut": is_cut},
        shown=[table(("Size", "Root", "Signed", "Witnesses"), rows)],
    )


def _tell(found: Sequence[Signed], *, is_cut: bool) -> None:
    """Say how to see more, or that there is nothing."""
    if not found:
        note("There is no such checkpoint.")
    elif is_cut:
        behind = found[-1].checkpoint.size + 1
        note(f"More follow: begin with --from-size {behind}, or raise --count.")


def _last(logs: LogCalls, trust: Trust, count: int) -> Sequence[bytes]:
    """Return the newest notes; nothing if the log has no entry yet.

    Raises:
        TamperedError: as ``_listed``.
    """
    try:
        end = trust.read(logs.checkpoint()).checkpoint.size + 1
    except NotFoundError:
        return ()
    found: list[bytes] = []
    wide = count
    # Nobody lists them backwards, and between two may lie one entry or thousands.
    while end and len(found) < count:
        least = max(0, end - wide)
        found[:0] = _between(logs, trust, least, end)
        end, wide = least, 2 * wide
    return found[-count:]


def _between(logs: LogCalls, trust: Trust, least: int, end: int) -> Iterator[bytes]:
    """Yield the notes of sizes from one to below another."""
    for each in _listed(logs, trust, least, end - least):
        if trust.read(each).checkpoint.size >= end:
            return
        yield each


def _listed(logs: LogCalls, trust: Trust, least: int, count: int) -> Iterator[bytes]:
    """Yield notes, call by call.

    Raises:
        TamperedError: one does not verify, is too small or out of order; or more come
            than were asked for.
    """
    while count > 0:
        wanted = min(_PAGE, count)
        notes = logs.checkpoints(least, wanted)
        if len(notes) > wanted:
            raise TamperedError
        for each in notes:
            size = trust.read(each).checkpoint.size
            if size < least:
                raise TamperedError
            least = size + 1
            yield each
        count = count - wanted if len(notes) == wanted else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Arguments of ``prove``."""

    index: Annotated[
        int, typer.Argument(min=0, max=MAX_SIZE, metavar="INDEX", help="The entry's.")
    ]
    size: Annotated[
        int,
        typer.Argument(
            min=1, max=MAX_SIZE, metavar="SIZE", help="Of a published checkpoint."
        ),
    ]


def prove(run: Run, asked: Proven) -> Report:
    """Verify that an entry stands in the log of some size; not what it says."""
    if asked.index >= asked.size:
        raise InvalidInputError("index", "must be below the size")
    trust = Trust(run)
    logs = run.session().logs
    signed = _published(logs, trust, asked.size, "size")
    answer = logs.inclusion(asked.index, asked.size)
    root = signed.checkpoint.root
    verify_inclusion(answer.leaf_hash, asked.index, asked.size, answer.hashes, root)
    leaf = answer.leaf_hash.hex()
    return Report(
        data={
            "index": asked.index,
            "leaf_hash": leaf,
            "hashes": [each.hex() for each in answer.hashes],
            "checkpoint": signed.data(),
        },
        shown=[
            f"Leaf {asked.index} has the hash {leaf}.",
            f"It stands in the log: its proof leads to {signed.words()}.",
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Arguments of ``consistency``."""

    old_size: Annotated[
        int,
        typer.Argument(
            min=1, max=MAX_SIZE, metavar="OLD", help="Of a published checkpoint."
        ),
    ]
    new_size: Annotated[
        int,
        typer.Argument(
            min=1, max=MAX_SIZE, metavar="NEW", help="Of a published checkpoint."
        ),
    ]


def consistency(run: Run, asked: Compared) -> Report:
    """Verify that the log of one size begins the log of another: nothing was changed."""
    if asked.old_size > asked.new_size:
        raise InvalidInputError("old_size", "must be at most the new size")
    trust = Trust(run)
    logs = run.session().logs
    old = _published(logs, trust, asked.old_size, "old_size")
    new = _published(logs, trust, asked.new_size, "new_size")
    hashes = logs.consistency(asked.old_size, asked.new_size)
    require_follows(old.checkpoint, new.checkpoint, hashes)
    return Report(
        data={
            "old": old.data(),
            "new": new.data(),
            "hashes": [each.hex() for each in hashes],
        },
        shown=[
            "Nothing that stood in the log was changed or taken out between",
            f"{old.words()}, and",
            f"{new.words()}.",
        ],
    )


def _published(logs: LogCalls, trust: Trust, size: int, field: str) -> Signed:
    """Return the published checkpoint of a size.

    Raises:
        InvalidInputError: there is none.
        TamperedError: it does not verify, or the log shows another history.
    """
    for each in logs.checkpoints(size, 1):
        if trust.read(each).checkpoint.size == size:
            return trust.hold(each, logs)
    raise InvalidInputError(field, _UNPUBLISHED)


def register(app: typer.Typer) -> None:
    """Add the commands to the noun."""
    verb(app, "checkpoints")(checkpoints)
    verb(app, "prove")(prove)
    verb(app, "consistency")(consistency)
