"""``placement fact``: what becomes of facts after they were recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from placement.api.v1.registry_service_pb2 import FactAmendment, FactContest, Renewal
from placement.api.v1.review_service_pb2 import (
    ContestReason,
    FactKind,
    FactState,
    ListFactsRequest,
)
from placement.api.v1.types_pb2 import (
    AffiliationRole,
    Fact,
    FactReason,
    GradeScheme,
    PresenceKind,
)
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    StaleError,
)
from placement_client.commands.drafting import read_group
from placement_client.commands.fact_words import (
    doubt_words,
    fact_rows,
    instead_words,
    recorded_data,
    recorded_words,
    step_data,
    step_row,
)
from placement_client.commands.finding_words import known_names
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import area_code, area_names, choice, chosen
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, verb
from placement_client.commands.waiting import pending
from placement_client.days import parse_day
from placement_client.drafts import read_token
from placement_client.rendering import to_json

HINTS: Final[Hints] = {
    StaleError: "A fact changed since you saw it: placement fact show FACT, then again.",
    ConflictError: (
        "It ended, counts no more, or is in that state already; or what would stand "
        "instead contradicts another fact of your region."
    ),
    AccessDeniedError: "Only who doubted a fact withdraws the doubt.",
}
_CONTEST_HINTS: Final[Hints] = {
    **HINTS,
    ConflictError: (
        "Your own doubt about it stands already, or with --withdraw none does; or it "
        "counts no more. `placement fact show FACT` tells who doubts it, since when and "
        "why. To give another reason, --withdraw yours first."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Which facts, and as whom the caller saw them."""

    fact: Annotated[list[str], typer.Argument(metavar="FACT...", help="Ids of facts.")]
    seen: Annotated[
        list[int] | None,
        typer.Option(
            metavar="REVISION",
            help="When you saw it last changed, once for each FACT; else refused.",
        ),
    ] = None

    def ids(self) -> list[bytes]:
        """Return the ids, 16 bytes each."""
        return [
            read_token(text, field=f"fact_ids[{place}]")
            for place, text in enumerate(self.fact)
        ]

    def revisions(self) -> list[int]:
        """Return for each fact the revision in which it was seen; 0 is any.

        Raises:
            InvalidInputError: they are not as many as the facts.
        """
        seen = self.seen or [0] * len(self.fact)
        if len(seen) != len(self.fact):
            raise InvalidInputError("seen", "must be given once for each fact")
        return seen

    def pairs(self) -> list[tuple[bytes, int]]:
        """Return ids and revisions."""
        return list(zip(self.ids(), self.revisions(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Options of ``list``."""

    kind: Annotated[str, choice(FactKind, "Only of this kind")] = ""
    group: Annotated[
        str, typer.Option(metavar="NAME|TOKEN", help="Only that name this group.")
    ] = ""
    area: Annotated[
        str,
        typer.Option(
            metavar="AREA", autocompletion=area_names, help="Only that name this area."
        ),
    ] = ""
    state: Annotated[str, choice(FactState, "Only in this state")] = ""
    region: Annotated[
        str, typer.Option(help="Of this region; for the national unit.")
    ] = ""


def list_(run: Run, asked: Listed) -> Report:
    """List facts of your region, in the order of recording.

    A person is shown as a member of a case of your region, or not at all.
    """
    request = ListFactsRequest(
        kind=_chosen(FactKind, asked.kind, "kind"),
        group=read_group(run, asked.group, "group") if asked.group else b"",
        area=area_code(asked.area, "area") if asked.area else "",
        state=_chosen(FactState, asked.state, "state"),
        region=asked.region,
    )
    names = known_names(run)
    facts = [
        recorded_data(each, names) for each in run.session().lives.list_facts(request)
    ]
    return Report(data={"facts": facts}, shown=[fact_rows(facts)])


def _chosen(kind: Any, text: str, field: str) -> Any:  # noqa: ANN401 (any enumeration of the wire)
    return chosen(kind, text, field=field) if text else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which fact."""

    fact: Annotated[str, typer.Argument(metavar="FACT", help="Id of the fact.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.fact, field="fact_id")


def show(run: Run, asked: Meant) -> Report:
    """Show a fact of your region and everything that happened to it."""
    answer = run.session().lives.show_fact(asked.id)
    fact = recorded_data(answer.fact, known_names(run))
    headings = ("Recorded", "Step", "Says", "By", "Second", "Revision")
    return Report(
        data={"fact": fact, "steps": [step_data(each) for each in answer.steps]},
        shown=[
            recorded_words(fact),
            *instead_words(fact),
            *doubt_words(answer.steps),
            f"Last changed in revision {answer.fact.changed_revision}.",
            table(headings, map(step_row, answer.steps)),
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What is true instead; what is not given stays."""

    on: Annotated[
        str, typer.Option(metavar="DATE", help="First day of what is true instead.")
    ] = "today"
    severity: Annotated[int, typer.Option(help="1 to 3, of a rivalry or threat.")] = 0
    presence: Annotated[str, choice(PresenceKind, "How firmly a group is there")] = ""
    area: Annotated[
        str,
        typer.Option(
            metavar="AREA",
            autocompletion=area_names,
            help="Another area, if it has one.",
        ),
    ] = ""
    role: Annotated[str, choice(AffiliationRole, "How a person belongs")] = ""
    left_on: Annotated[
        str, typer.Option(metavar="DATE", help="When a person left a group.")
    ] = ""
    last_violence_on: Annotated[
        str, typer.Option(metavar="DATE", help="The last violence, of a rivalry.")
    ] = ""
    own_rivalries_only: Annotated[
        bool | None, typer.Option(help="Whether a faction has no part in the parent's.")
    ] = None
    danger: Annotated[
        bool | None, typer.Option(help="Whether a tie's area itself is a danger.")
    ] = None
    grade: Annotated[str, typer.Option(metavar="GRADE", help="As given: 2B.")] = ""
    scheme: Annotated[str, choice(GradeScheme, "Scheme of the grade")] = "3x5x2"
    review_by: Annotated[
        str, typer.Option(metavar="DATE", help="Last day without a review.")
    ] = ""
    reason: Annotated[str, choice(FactReason, "Why it is recorded")] = ""

    def apply(self, run: Run, fact: Fact, day: int) -> None:
        """Say the fact anew.

        Raises:
            InvalidInputError: an option that this kind has no use for.
        """
        fact.ClearField("valid_to_day")
        fact.valid_from_day = day
        kind = fact.WhichOneof("statement") or ""
        statement = getattr(fact, kind)
        is_presence = kind == "presence" or not self.presence
        _require(is_presence, "presence")
        if self.presence:
            statement.kind = chosen(PresenceKind, self.presence, field="presence")
        for name, value in self._said(run):
            _set(statement, name, value)
        if self.grade:
            fact.grade.scheme = chosen(GradeScheme, self.scheme, field="scheme")
            fact.grade.given = self.grade
        if self.review_by:
            by = parse_day(self.review_by, field="review_by", today=run.today)
            fact.review_by_day = by
        if self.reason:
            fact.reason = chosen(FactReason, self.reason, field="reason")

    def _said(self, run: Run) -> Iterator[tuple[str, object]]:
        """Yield what of its own a statement is to say, by its name on the wire."""
        if self.severity:
            yield "severity", self.severity
        if self.area:
            yield "area", area_code(self.area, "area")
        if self.role:
            yield "role", chosen(AffiliationRole, self.role, field="role")
        for name in ("left_on", "last_violence_on"):
            if text := getattr(self, name):
                yield f"{name}_day", parse_day(text, field=name, today=run.today)
        for name in ("own_rivalries_only", "danger"):
            if (told := getattr(self, name)) is not None:
                yield name, told


def _set(statement: Any, name: str, value: object) -> None:  # noqa: ANN401 (any kind of fact)
    known = name in statement.DESCRIPTOR.fields_by_name
    _require(known, name.removesuffix("_day"))
    setattr(statement, name, value)


def _require(fits: object, field: str) -> None:
    if not fits:
        raise InvalidInputError(field, "is nothing that this kind of fact says")


def amend(run: Run, asked: Meant, new: Amended) -> Report:
    """Say that something else is true from a day on: end the fact, record another.

    What you don't name stays as it is, the persons too. The old fact counts until the
    new one does; if either can give CONFLICT, a second coordinator must approve.
    """
    day = parse_day(new.on, field="on", today=run.today)
    lives = run.session().lives
    shown = lives.show_fact(asked.id).fact
    new.apply(run, shown.fact, day)
    amendment = FactAmendment(
        fact_id=asked.id,
        valid_to_day=day,
        fact=shown.fact,
        seen_revision=shown.changed_revision,
    )
    with hinted(HINTS):
        answer = lives.amend([amendment])
    (made,) = answer.fact_ids
    said = [f"Recorded fact {made.hex()} instead."]
    if answer.change_id:
        waits = f"Change {answer.change_id.hex()} waits for a second coordinator"
        said.append(f"{waits}; until then the old fact counts, and the new one softly.")
    return Report(data=to_json(answer), shown=said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """Until when facts stand, and why they are kept."""

    until: Annotated[
        str, typer.Option(metavar="DATE", help="The new review date, its last day.")
    ]
    reason: Annotated[str, choice(FactReason, "Why it is kept")]


def renew(run: Run, asked: Facts, new: Renewed) -> Report:
    """Say that facts were looked at and stand until a new review date.

    Of what can give CONFLICT and is past its review date, a second coordinator must
    approve: it would count fully again.
    """
    day = parse_day(new.until, field="until", today=run.today)
    reason = chosen(FactReason, new.reason, field="reason")
    renewals = [
        Renewal(fact_id=key, review_by_day=day, reason=reason, seen_revision=seen)
        for key, seen in asked.pairs()
    ]
    with hinted(HINTS):
        answer = run.session().lives.renew(renewals)
    shown = pending(answer.change_id) if answer.change_id else ["Renewed."]
    return Report(data=to_json(answer), shown=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contested:
    """Why facts are doubted, or that they no longer are."""

    reason: Annotated[str, choice(ContestReason, "Why you doubt it")] = ""
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="You doubted it, and do no more.")
    ] = False


def contest(run: Run, asked: Facts, why: Contested) -> Report:
    """Doubt facts: they stand in the queue until somebody looks; no verdict changes.

    Others may doubt the same fact, each once. Every doubt stands in its life.
    """
    if why.withdraw == bool(why.reason):
        raise InvalidInputError("reason", "say why, or --withdraw")
    reason = _chosen(ContestReason, why.reason, "reason")
    contests = [
        FactContest(
            fact_id=key, reason=reason, withdraw=why.withdraw, seen_revision=seen
        )
        for key, seen in asked.pairs()
    ]
    with hinted(_CONTEST_HINTS):
        answer = run.session().lives.contest(contests)
    said = "Withdrawn." if why.withdraw else "Contested; it counts as before."
    return Report(data=to_json(answer), shown=[said])


def propose(run: Run, asked: Facts) -> Report:
    """Propose facts again that no second coordinator approved in time."""
    with hinted(HINTS):
        answer = run.session().lives.propose(asked.ids(), asked.revisions())
    return Report(data=to_json(answer), shown=pending(answer.change_id))


def register(app: typer.Typer) -> None:
    """Add the commands to the noun."""
    for name, function in (
        ("list", list_),
        ("show", show),
        ("amend", amend),
        ("renew", renew),
        ("contest", contest),
        ("propose", propose),
    ):
        verb(app, name)(function)
