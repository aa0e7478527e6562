"""``placement change``: what waits for a second coordinator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from placement.api.v1.registry_service_pb2 import (
    ApproveChangeResponse,
    Change,
    ChangeKind,
    RejectChangeResponse,
    ShowChangeResponse,
)
from placement.api.v1.types_pb2 import Fact, FactReason
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
    StaleError,
)
from placement_client.commands import preview
from placement_client.commands.change_words import effect, effect_words, kind_words
from placement_client.commands.finding_words import (
    Names,
    findings_data,
    known_names,
    real_words,
    sentences,
    statement_words,
    verdict_text,
    verdict_word,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.release import Seen
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import Json, enum_name, said, to_json

_OVER: Final = (
    "The change is over: what it recorded counts no more, the rest stays as it was."
)

_HINTS: Final[Hints] = {
    AccessDeniedError: (
        "Another coordinator than the one who proposed a change approves or rejects it, "
        "under whatever certificate; who proposed it withdraws it. `placement change "
        "list` names who that is."
    ),
    NotFoundError: (
        "No change of your region waits under this id: it was decided on or overtaken, it "
        "lapsed, or the id is another. `placement change list` shows those that wait."
    ),
    ConflictError: (
        "The change lapsed, or what it speaks of has changed; facts of it stand in "
        "`placement review list`, and can be proposed again or retracted. Of a release: "
        "something was added to what it covers. Run `placement explain`, read it, and "
        "release the place anew. Of groups: they are one already, or two."
    ),
    StaleError: (
        "What is known is no longer what you saw, or was shown to somebody else, so "
        "nothing was approved. Run `placement change show` again, read it, and approve "
        "with what it prints."
    ),
}
_ELSEWHERE: Final[Mapping[int, str]] = {
    ChangeKind.CHANGE_KIND_ERASE: "placement erase approve",
    ChangeKind.CHANGE_KIND_EXTRACT: "placement extract show",
}
_UNSEEN: Final = (
    "Run `placement change show`, read what the place is worth now, and approve with the "
    "--seen that it prints. Every other change is approved without --seen: the revision "
    "that `show` told goes with --revision."
)

_HEADINGS: Final = (
    "Fact",
    "Would",
    "Kind",
    "Says",
    "Since",
    "Until",
    "Review by",
    "Grade",
    "Because",
)

app = nouns("Coordinators: see what waits for a second one, and decide on it.")
preview.register(app)


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the changes that wait, oldest first."""
    answer = run.session().registry.list_changes()
    rows = [
        (
            each.change_id.hex(),
            kind_words(each),
            each.person,
            each.region,
            stockholm_time(each.expires_at),
        )
        for each in answer.changes
    ]
    headings = ("Change", "Would", "Proposed by", "Region", "Decide before")
    return Report(data=to_json(answer), shown=[table(headings, rows)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show what a change that waits would do, fact by fact.

    A release names the case, the place and the worst verdict that it covers; then what
    the place is worth now, and why, as placement explain does, and what you saw, which
    placement change approve takes with --seen.
    Groups are named if this context has the label key. Persons are never shown.
    """
    change_id = read_token(asked.change, field="change_id")
    answer = run.session().registry.show_change(change_id)
    names = known_names(run)
    items = [
        {
            "fact_id": each.fact_id.hex(),
            **effect(each, names),
            **said(each.fact, names),
            "fact_reason": _fact_reason(each.fact),
        }
        for each in answer.items
    ]
    rows = [
        (each["fact_id"], effect_words(item, each), each["kind"], *_columns(each))
        for item, each in zip(answer.items, items, strict=True)
    ]
    return Report(
        data={
            "change": to_json(answer.change),
            "items": items,
            "revision": answer.revision,
            "explained": _explained_data(answer, names),
        },
        shown=[
            *_whole(answer.change),
            table(_HEADINGS, rows),
            f"As of revision {answer.revision}.",
            *_explained(answer, names),
        ],
    )


def _whole(change: Change) -> list[str]:
    """Say what a change would do as a whole, who proposed it, and until when."""
    who = f"{change.person} ({change.region})"
    until = stockholm_time(change.expires_at)
    return [f"{who} proposes to {kind_words(change)}. Decide before {until}."]


def _explained_data(answer: ShowChangeResponse, names: Names) -> Json | None:
    """Return what a place that is released is worth now; ``None`` of all else."""
    if not answer.HasField("explained"):
        return None
    return {
        "verdict": verdict_word(answer.explained.verdict),
        "findings": findings_data(answer.explained.findings, names),
        "seen": answer.explained.seen.hex(),
    }


def _explained(answer: ShowChangeResponse, names: Names) -> list[RenderableType]:
    """Say what a place that is released is worth now, and why."""
    if not answer.HasField("explained"):
        return []
    found = answer.explained
    return [
        Text.assemble("The place now: ", verdict_text(found.verdict)),
        *real_words(found),
        *sentences(found.findings, names),
        f"Seen: {found.seen.hex()}",
    ]


def _columns(item: Mapping[str, object]) -> tuple[object, ...]:
    # What is no fact has nothing to say here.
    grade = item["grade"] if item["kind"] else ""
    days = (item[name] or "" for name in ("since", "until", "review_by"))
    return (statement_words(item), *days, grade, item["fact_reason"] or "")


def _fact_reason(fact: Fact) -> str | None:
    """Return why a fact is recorded; ``None`` of what is no fact."""
    return enum_name(FactReason.DESCRIPTOR, fact.reason) if fact.reason else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which change."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.change, field="change_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    seen: Annotated[
        str,
        typer.Option(
            metavar="HEX",
            help="As `placement change show` printed it, where a place is released.",
        ),
    ] = ""
    revision: Annotated[
        int,
        typer.Option(
            min=0,
            help="As `placement change show` told; refused unless it looks so now.",
        ),
    ] = 0


@verb(app, "approve")
def approve(run: Run, asked: Meant, approved: Approved) -> Report:
    """Stand behind another coordinator's change.

    Of a release you say with --seen what you were shown of the place.
    """
    with _advised(), _elsewhere(run, asked.id):
        seen = Seen(seen=approved.seen).digest() if approved.seen else b""
        answer = run.session().registry.approve_change(
            asked.id, shown=approved.revision, seen=seen
        )
    return Report(data=to_json(answer), shown=_approved(answer))


def _approved(answer: ApproveChangeResponse) -> list[str]:
    """Say that a change is in force, and whom to tell."""
    said = "Approved; the change is in force."
    if not answer.lifted_case_handle:
        return [said]
    # Why is left out: it would tell where nobody is.
    tell = (
        f"Nobody else tells them: phone the caseworker of case "
        f"{answer.lifted_case_handle.hex()}, and ask them to check the place again. Say "
        "nothing of why."
    )
    return [said, tell]


class ElsewhereError(ConflictError):
    """A change that another command approves."""

    text = "This command does not approve a change of that kind."


@contextmanager
def _elsewhere(run: Run, change_id: bytes) -> Iterator[None]:
    """Name the command that approves what this one never does."""
    try:
        yield
    except ConflictError as error:
        command = ""
        with suppress(PlacementError):  # what was refused before is what is told
            # Not by showing it: what was shown of a release is what is approved.
            for each in run.session().registry.list_changes().changes:
                if each.change_id == change_id and each.kind in _ELSEWHERE:
                    command = f"{_ELSEWHERE[each.kind]} {change_id.hex()}"
        if not command:
            raise
        raise ElsewhereError().because(f"Go on with: {command}") from error


@contextmanager
def _advised() -> Iterator[None]:
    """Say what helps where a change is not approved."""
    try:
        with hinted(_HINTS):
            yield
    except InvalidInputError as error:
        if error.field == "seen":
            error.because(_UNSEEN)
        raise


@verb(app, "reject")
def reject(run: Run, asked: Meant) -> Report:
    """Don't stand behind another coordinator's change; it is over.

    What it recorded gives REVIEW until somebody else agrees that it was never true: the
    one who proposed it, or a third coordinator.
    """
    with hinted(_HINTS):
        answer = run.session().lives.reject(asked.id)
    return Report(data=to_json(answer), shown=_rejected(answer))


def _rejected(answer: RejectChangeResponse) -> list[str]:
    """Say what stands, and what is left to do."""
    if not answer.change_id:
        return ["The change is over; all stays as it was."]
    retraction = answer.change_id.hex()
    said = (
        "The change is over. What it recorded gives REVIEW as before, until somebody "
        f"else agrees that it was never true: change {retraction} retracts it. Ask who "
        "recorded it, or a third coordinator, to look at it with `placement change "
        f"show {retraction}`, and to approve or reject it."
    )
    return [said]


@verb(app, "withdraw")
def withdraw(run: Run, asked: Meant) -> Report:
    """Take back a change that you proposed; it is over."""
    with hinted(_HINTS):
        answer = run.session().lives.withdraw(asked.id)
    return Report(data=to_json(answer), shown=[_OVER])
