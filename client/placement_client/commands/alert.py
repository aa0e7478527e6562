"""``placement alert``: what was safe when somebody was placed is so no longer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import RenderableType

from placement.api.v1.alert_service_pb2 import AlertClosing, CaseAlert, PoliceAlert
from placement.api.v1.check_service_pb2 import Candidate
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    PlacementError,
    StaleError,
)
from placement_client.commands import alert_watch
from placement_client.commands.alert_cases import OwnCases
from placement_client.commands.alert_words import (
    form,
    headings,
    kind_words,
    line,
    row,
    to_data,
    told_at,
)
from placement_client.commands.finding_words import (
    findings_data,
    known_names,
    place_data,
    place_words,
    sentences,
    verdict_word,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import choice, chosen
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.credentials import user
from placement_client.days import stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns(
    "Alerts about standing placements. Caseworkers: watch, list, ack. Coordinators: all."
)
alert_watch.register(app)

_NO_COORDINATOR: Final = (
    "Coordinators do this. A caseworker phones the police coordinator."
)
_NOT_YOURS: Final = (
    "`placement alert list` shows the alerts that you have and that are not closed."
)
_SHOWING: Final[Hints] = {AccessDeniedError: _NO_COORDINATOR, NotFoundError: _NOT_YOURS}
_AGAIN: Final = (
    "The alert has changed since you saw it (it was raised again, or somebody else did "
    "something), or never had this revision: look at it, and say so again."
)
_ACKNOWLEDGING: Final[Hints] = {
    NotFoundError: _NOT_YOURS,
    StaleError: _AGAIN,
    ConflictError: "The alert is closed, or acknowledged already.",
}
_HANDING: Final[Hints] = {
    **_SHOWING,
    StaleError: _AGAIN,
    ConflictError: "The alert is closed, or that region has it already.",
}
_CLOSING: Final[Hints] = {
    **_SHOWING,
    StaleError: _AGAIN,
    ConflictError: (
        "An alert is acknowledged before it is closed (`placement alert ack`), by whoever "
        "closes it, and closed once; as moved, once the household's move is registered."
    ),
}


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the alerts that you have and that are not closed, oldest first."""
    answer = run.session().alerts.list()
    found = [form(each) for each in answer.alerts]
    note(f"{counted(len(found), 'alert', 'alerts')} not closed.")
    if answer.more:
        note("There are more: close some of these first.")
    shown: list[RenderableType] = []
    cases = OwnCases(run.session)
    if found:
        shown = [
            table(
                headings(found[0]),
                (row(each, cases.of(each)) for each in found),
            )
        ]
    data = {
        "alerts": [to_data(each, cases.of(each)) for each in found],
        "more": answer.more,
    }
    return Report(data=data, shown=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which alert."""

    alert_id: Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.alert_id, field="alert_id")


@verb(app, "show")
def show(run: Run, asked: Meant) -> Report:
    """Show what an alert rests on as it stands now, a sentence for each link.

    Groups are named if this context has the label key. Persons are never shown. What
    another region owns is not told: it exists, and whom to phone.
    """
    with hinted(_SHOWING):
        answer = run.session().alerts.show(asked.id)
    names = known_names(run)
    place = Candidate(area=answer.area, facility=answer.facility)
    return Report(
        data={
            "alert": to_data(answer.alert),
            **place_data(place, answer.window),
            "findings": findings_data(answer.findings, names),
        },
        shown=[
            *_head(answer.alert),
            f"Place: {place_words(place, answer.window)}.",
            *sentences(answer.findings, names),
        ],
    )


def _head(alert: PoliceAlert) -> list[str]:
    """Say what an alert is about and who has it."""
    _told, alert_id, case, *_verdicts, state, regions, by, owner = row(alert)
    now, before = verdict_word(alert.verdict), verdict_word(alert.before)
    told = told_at(alert)
    since = "Raised" if told == alert.raised_at else "As it stands since"
    return [
        f"Alert {alert_id} about case {case}: {kind_words(alert)}.",
        f"{now} now, {before} before. {since} {stockholm_time(told)}.",
        f"{state}; regions {regions}; acknowledge by {by}; owner {owner}.",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """As what the alert is known."""

    revision: Annotated[
        int,
        typer.Option(
            min=0,
            help="The alert's, as you saw it: refused if it has changed since. "
            "Without it the alert is meant as it stands, and printed.",
        ),
    ] = 0

    def of(self, run: Run, asked: Meant) -> int:
        """Return the revision.

        Raises:
            NotFoundError: you have no such alert.
        """
        return self.revision or _current(run, asked.id).revision


def _current(run: Run, alert_id: bytes) -> CaseAlert | PoliceAlert:
    calls = run.session().alerts
    if _is_coordinator(run):
        return calls.show(alert_id).alert
    for each in map(form, calls.list().alerts):
        if each.alert_id == alert_id:
            return each
    raise NotFoundError


def _stands(run: Run, alert_id: bytes) -> list[str]:
    """Return the alert as it stands, in a line; nothing where it can't be seen."""
    try:
        found = _current(run, alert_id)
    except PlacementError:
        return []
    return ["  ".join(line(found, OwnCases(run.session).of(found)))]


@contextmanager
def _told(run: Run, asked: Meant, hints: Hints) -> Iterator[None]:
    """Say how an alert stands beside a refusal that rests on that."""
    try:
        with hinted(hints):
            yield
    except (ConflictError, StaleError) as error:
        for said in _stands(run, asked.id):
            error.because(f"As it stands: {said}")
        raise


def _is_coordinator(run: Run) -> bool:
    who = user(run.profile())
    return who is not None and who.role == "coordinator"


@verb(app, "ack")
def ack(run: Run, asked: Meant, known: Known) -> Report:
    """Say that you have seen an alert; a coordinator becomes its owner."""
    with _told(run, asked, _ACKNOWLEDGING):
        revision = known.of(run, asked)
        answer = run.session().alerts.acknowledge(asked.id, revision)
    owns = _is_coordinator(run)
    after = "You have it now." if owns else "It stays open until the police close it."
    shown = [f"Acknowledged. {after}", *_stands(run, asked.id)]
    return Report(data=to_json(answer), shown=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """To whom an alert is handed."""

    region: Annotated[
        str,
        typer.Option("--to", metavar="REGION", help="A police region, or national."),
    ]


@verb(app, "hand-over")
def hand_over(run: Run, asked: Meant, handed: Handed, known: Known) -> Report:
    """Hand an alert to another region, or to the national unit; then nobody owns it."""
    with _told(run, asked, _HANDING):
        revision = known.of(run, asked)
        answer = run.session().alerts.hand_over(asked.id, handed.region, revision)
    said = (
        "Handed over. It has no owner until somebody there acknowledges it: phone them."
    )
    return Report(data=to_json(answer), shown=[said, *_stands(run, asked.id)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why an alert is closed."""

    closing: Annotated[str, choice(AlertClosing, "Why", "--reason")]


@verb(app, "close")
def close(run: Run, asked: Meant, closed: Closed, known: Known) -> Report:
    """Close an alert that you have acknowledged, and nobody after you."""
    closing = chosen(AlertClosing, closed.closing, field="closing")
    with _told(run, asked, _CLOSING):
        revision = known.of(run, asked)
        answer = run.session().alerts.close(asked.id, closing, revision)
    shown = ["Closed.", *_stands(run, asked.id)]
    return Report(data=to_json(answer), shown=shown)
