"""``placement audit anomalies``: patterns that may be misuse."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

import typer

from placement.api.v1.audit_service_pb2 import (
    Anomaly,
    ReportAnomaliesRequest,
    ReportAnomaliesResponse,
)
from placement.errors import InvalidInputError, TamperedError
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.audit_printing import Meter, Printed, print_line
from placement_client.commands.audit_stopping import broken, stoppable
from placement_client.commands.audit_words import short
from placement_client.commands.report import Report, note, table
from placement_client.commands.verb import Run, verb
from placement_client.days import parse_instant, stockholm_second
from placement_client.following import lasting
from placement_client.rendering import Json, to_json

PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BUDGET_SPENT_BY_PERSON": "One person was refused because a budget was spent.",
        "BUDGET_SPENT_BY_ORGANISATION": (
            "An organisation was refused again and again because a budget was spent."
        ),
        "MANY_AREAS": "One case was asked about in many areas.",
        "MANY_CASES": "Many cases were opened for one subject.",
        "NIGHT_WORK": "One caseworker worked at night or on weekends.",
        "LARGE_SHARE": "One person made most of an organisation's checks (in percent).",
        "AREA_PROBED_BY_PERSON": "One person asked about one area in many cases.",
        "AREA_PROBED_BY_ORGANISATION": (
            "An organisation asked about one area in many cases."
        ),
        "QUESTION_REPEATED": "The same area was asked about again and again in a case.",
        "EVALUATED_WITHOUT_CASE": "Identifiers were evaluated and no case followed.",
        "EVALUATIONS_HALF_SPENT": (
            "Half of what a person or an organisation may have evaluated was spent."
        ),
        "REFUSED_BY_ORGANISATION": "An organisation was denied access many times.",
        "REFUSED_BY_CERTIFICATE": "One certificate was denied access many times.",
        "MANY_SEARCHES": "One auditor searched for one case many times.",
        "APPROVED_IN_TURN": "Two persons approved one another's lifts, releases or "
        "extracts many times.",
    }
)
"""What each pattern means, a sentence each."""

_HEADINGS: Final = (
    "At (Stockholm)",
    "Pattern",
    "Who",
    "Case pseudonym",
    "Found",
    "Entries",
)
_SHOWN: Final = 10
"""Indexes in a row; --json has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Options of ``anomalies``."""

    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DATE|INSTANT",
            help="First day in Stockholm, or 2026-11-01T12:00:00Z.",
        ),
    ]
    until: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="DATE|INSTANT",
            help="First day after, or an instant; else until now.",
        ),
    ] = ""
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Go on with what is written from now on, until Ctrl-C."
        ),
    ] = False


def anomalies(run: Run, asked: Reported, why: Grounded) -> Report:
    """Look for patterns that may be misuse; whether they are, people judge.

    Each names the entries that support it; see `placement audit show`. With --follow
    they are printed as they are found, one a line.
    """
    request = ReportAnomaliesRequest(
        since=parse_instant(asked.since, field="since", today=run.today),
        ground=ground(why),
    )
    if asked.follow:
        if asked.until:
            raise InvalidInputError("until", "has no meaning beside --follow")
        return _follow(run, request)
    request.until = int(run.clock() * 1_000_000)
    if asked.until:
        request.until = parse_instant(asked.until, field="until", today=run.today)
    found = list(_read(run.session().audits.report_anomalies(request)))
    note(f"Anomalies: {len(found)}.")
    return Report(
        data={"anomalies": [_data(each) for each in found]},
        shown=[table(_HEADINGS, map(_row, found))],
    )


def _follow(run: Run, request: ReportAnomaliesRequest) -> Report:
    """Print anomalies as they are found; each once, however often a stream breaks."""
    audits = run.session().audits
    told: set[bytes] = set()
    # A stream that begins later would not know what it has to count from.
    answers = _read(lasting(lambda: audits.report_anomalies(request), broken=broken))
    with stoppable() as stop:
        while not stop.is_asked:
            each = stop.next(answers)
            whole = each.SerializeToString(deterministic=True)
            if whole not in told:
                told.add(whole)
                print_line(_data(each), _row(each), as_json=run.common.as_json)
    return Printed(data={})


def _read(steps: Iterable[ReportAnomaliesResponse]) -> Iterator[Anomaly]:
    """Yield what is found, and tell the progress.

    Raises:
        TamperedError: a step is none; or an anomaly names no entries, or not in order.
    """
    with Meter("Entries read") as meter:
        for step in steps:
            kind = step.WhichOneof("step")
            if kind is None:
                raise TamperedError
            if kind == "progress":
                meter.tell(step.progress.done, step.progress.total)
            else:
                meter.clear()
                yield _sound(step.anomaly)


def _sound(found: Anomaly) -> Anomaly:
    """Refuse an anomaly that nothing supports."""
    entries = list(found.entries)
    if not entries or entries != sorted(set(entries)):
        raise TamperedError
    return found


def _row(found: Anomaly) -> tuple[str, ...]:
    more = len(found.entries) - _SHOWN
    indexes = " ".join(map(str, found.entries[:_SHOWN]))
    who = "/".join(filter(None, (found.organisation, found.person)))
    return (
        stockholm_second(found.at),
        _sentence(found),
        who or "more than one",
        short(found.case) or "-",
        f"{found.count}, allowed {found.limit}",
        f"{indexes} and {more} more" if more > 0 else indexes,
    )


def _sentence(found: Anomaly) -> str:
    """Say a pattern in plain words; one that this version does not know, by its name."""
    return PATTERNS.get(found.pattern, found.pattern)


def _data(found: Anomaly) -> Json:
    """Return an anomaly as an object, with its sentence."""
    return {**to_json(found), "sentence": _sentence(found)}


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "anomalies")(anomalies)
