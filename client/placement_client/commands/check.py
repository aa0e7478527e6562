"""``placement check``: ask whether places are safe."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer
from rich.table import Table

from placement.api.v1.check_service_pb2 import (
    Candidate,
    CheckMode,
    CheckPlacementRequest,
    CheckPlacementResponse,
    Justification,
)
from placement.api.v1.types_pb2 import Verdict, Window
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ClosedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    TamperedError,
)
from placement_client.areas import areas
from placement_client.commands.answer_words import (
    NO_REASON,
    ONLY_CLEAR,
    hold_lines,
    is_clear,
    must,
    valid_until,
    verdict_data,
)
from placement_client.commands.beside_words import (
    asked_too_early,
    onward,
    twins,
    unassessed,
)
from placement_client.commands.budget_words import (
    areas_data,
    cost_line,
    last_line,
    left_line,
)
from placement_client.commands.finding_words import verdict_code, verdict_text
from placement_client.commands.hint_words import NO_CASEWORKER, PERHAPS_DONE
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.looking import case_seen
from placement_client.commands.next_words import next_acts
from placement_client.commands.options import (
    area_code,
    area_names,
    choice,
    chosen,
)
from placement_client.commands.proving import Proving
from placement_client.commands.report import Report, note, table
from placement_client.commands.verb import Run, verb
from placement_client.days import iso_day, parse_day, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json
from placement_client.verdicts import is_held

MAX_PAST: Final = 31
"""Days; a window that began earlier is doubted, unless it is a follow-up."""

_UNASKED: Final = (
    "Nobody can be asked here whether that is meant, so nothing was sent. With --yes it "
    "is sent."
)
_ONE_PLACE: Final = "must be one place if it is to be held; ask about others without it"
_ASKING: Final[Hints] = {
    AccessDeniedError: f"{NO_CASEWORKER} A coordinator runs `placement explain`.",
    BudgetError: (
        "Ask about fewer areas; what was asked within 14 days is free. `placement budget "
        "show` tells what is left, and of what. If it can't wait, phone the coordinator."
    ),
    ClosedError: (
        "It is closed, and a closed case can't be opened again. For the same people open "
        "a new one (`placement case open`), and have it assessed."
    ),
    NotFoundError: (
        "No case of your municipality has this handle, the one that `placement case "
        "open` printed. Is it whole?"
    ),
}
_HOLDING: Final[Hints] = {
    **_ASKING,
    ConflictError: (
        "The case holds as many places as it may. Confirm one or give it up "
        "(`placement hold confirm`, `placement hold release`); `placement case show` "
        "lists them."
    ),
    TamperedError: PERHAPS_DONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Options of ``check``."""

    case: Annotated[str, typer.Option(metavar="HANDLE", help="Handle of the case.")]
    area: Annotated[
        list[str],
        typer.Option(
            metavar="AREA[:FACILITY]",
            autocompletion=area_names,
            help="A municipality's code or name, with a facility's token if one is "
            "meant; up to five times.",
        ),
    ]
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day, or today.")
    ]
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="First day after; else open.")
    ] = ""
    justification: Annotated[str, choice(Justification, "Why")]
    hold: Annotated[
        bool,
        typer.Option(
            "--hold",
            help="Hold the one place for the case if it is CLEAR, or if a release or a "
            "signed override covers it.",
        ),
    ] = False
    min_revision: Annotated[
        int, typer.Option(min=0, help="Rest on at least this revision.")
    ] = 0
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, even if it takes the last.")
    ] = False


def check(run: Run, asked: Checked) -> Report:
    """Ask whether places are safe for everybody in a case.

    Each place gets one of four verdicts, and no reason: CLEAR, UNKNOWN, REVIEW or
    CONFLICT. The question is logged. Without an answer, do not place.

    Before it is sent you are told how many new areas it takes of your budgets. What is
    more than is left is not sent. Where it takes the last, you are asked first; without
    a terminal it is not sent unless you say --yes.

    Where the key of the access log is pinned, the receipt is fetched and verified
    before a verdict is shown; if it can't be had yet, it is pending.

    With --hold the one place is held for some days, if it may be. Then confirm it:
    placement hold confirm.

    The exit code tells the worst verdict: 0 CLEAR, 3 UNKNOWN or REVIEW, 4 CONFLICT; or
    that the answer is not of now, or its receipt does not verify: 5, and no verdict is
    shown.
    """
    candidates, window = _candidates(asked), _window(run, asked)
    justification = chosen(Justification, asked.justification, field="justification")
    handle = read_token(asked.case, field="case_handle")
    proving = Proving.of(run)
    session = run.session()
    session.min_revision = asked.min_revision
    if justification != Justification.JUSTIFICATION_FOLLOW_UP:
        _doubt(run, window)
    question = session.question(
        handle, candidates, window=window, justification=justification, hold=asked.hold
    )
    with hinted(_HOLDING if asked.hold else _ASKING):
        _weigh_cost(run, question, yes=asked.yes)
        answer = session.check_placement(question)
        proven = proving.prove_check(session.logs, question, answer)
    return Report(
        data=_data(candidates, window, answer) | {"receipt": asdict(proven)},
        shown=[
            _verdicts(candidates, answer),
            *_told(run, question, answer),
            *_footer(candidates, answer),
            *proven.lines(),
        ],
        code=verdict_code(max(each.verdict for each in answer.verdicts)),
    )


def _weigh_cost(run: Run, question: CheckPlacementRequest, *, yes: bool) -> None:
    """Tell what a question will take before it is sent.

    Raises:
        BudgetError: more than is left.
        typer.Abort: it takes the last, and nobody said that this is wanted.
    """
    areas_asked = [each.area for each in question.candidates]
    found = run.session().budgets.show(question.case_handle, areas_asked)
    note(cost_line(found.areas))
    if not found.affords:
        raise BudgetError
    last = last_line(found.areas)
    if not last or yes:
        return
    if not sys.stdin.isatty():
        note(last, _UNASKED)
        raise typer.Abort
    typer.confirm(f"{last} Ask?", abort=True, err=True)


def _candidates(asked: Checked) -> list[Candidate]:
    """Read the places.

    Raises:
        InvalidInputError: one is none, or there are more than can be held at once.
    """
    candidates = [_candidate(text, place) for place, text in enumerate(asked.area)]
    if asked.hold and len(candidates) > 1:
        raise InvalidInputError("candidates", _ONE_PLACE)
    return candidates


def _candidate(text: str, place: int) -> Candidate:
    """Read ``AREA`` or ``AREA:FACILITY``."""
    area, colon, facility = text.partition(":")
    field = f"candidates[{place}]"
    return Candidate(
        area=area_code(area, f"{field}.area"),
        facility=read_token(facility, field=f"{field}.facility") if colon else b"",
    )


def _window(run: Run, asked: Checked) -> Window:
    start = parse_day(asked.start, field="from", today=run.today)
    if not asked.end:
        return Window(start_day=start)
    end = parse_day(asked.end, field="to", today=run.today)
    return Window(start_day=start, end_day=end)


def _doubt(run: Run, window: Window) -> None:
    """Ask for a second look at a first day that may be a slip of the year."""
    today = parse_day("today", field="from", today=run.today)
    if window.start_day < today - MAX_PAST:
        note(f"--from lies more than {MAX_PAST} days in the past. Is the year right?")


def _told(
    run: Run, question: CheckPlacementRequest, answer: CheckPlacementResponse
) -> Iterator[str]:
    """Yield what the caseworker should know beside the verdicts.

    It rests on the question and on the municipality's own case, and on no reason.
    """
    if question.mode == CheckMode.CHECK_MODE_CHECK_AND_HOLD:
        first, decided_at = answer.verdicts[0], answer.decided_at
        # Whatever the verdict: who watches the connection must not learn it.
        seen = case_seen(run, question.case_handle)
        yield from hold_lines(first, decided_at, onward(question, first, seen))
        yield from twins(question, first, seen, decided_at)
    yield from asked_too_early(question.window, answer)
    if Verdict.VERDICT_UNKNOWN in {each.verdict for each in answer.verdicts}:
        yield unassessed(question.case_handle)


def _verdicts(candidates: Sequence[Candidate], answer: CheckPlacementResponse) -> Table:
    rows = [
        (
            candidate.area,
            areas().name(candidate.area),
            verdict_text(each.verdict),
            must(each, permitted=is_held(each)),
            valid_until(each),
        )
        for candidate, each in zip(candidates, answer.verdicts, strict=True)
    ]
    headings = ("Area", "Name", "Verdict", "You", "Valid until")
    return table(headings, rows)


def _footer(
    candidates: Sequence[Candidate], answer: CheckPlacementResponse
) -> list[str]:
    decided = stockholm_time(answer.decided_at)
    decisions = [
        f"Decision on {candidate.area}: {each.decision_id.hex()}"
        for candidate, each in zip(candidates, answer.verdicts, strict=True)
    ]
    return [
        f"Phone: {answer.contact}",
        NO_REASON,
        *next_acts(answer.verdicts),
        *([left_line(answer.budgets)] if answer.HasField("budgets") else []),
        *([ONLY_CLEAR] if any(map(is_clear, answer.verdicts)) else []),
        f"Decided {decided}, ruleset {answer.ruleset}.",
        *decisions,
    ]


def _data(
    candidates: Sequence[Candidate], window: Window, answer: CheckPlacementResponse
) -> dict[str, object]:
    """Return the answer with what was asked beside each verdict."""
    data = to_json(answer)
    told = answer.HasField("budgets")
    data["budgets"] = areas_data(answer.budgets) if told else None
    data["from"] = iso_day(window.start_day)
    data["to"] = iso_day(window.end_day) if window.HasField("end_day") else None
    data["verdicts"] = [
        {
            "area": candidate.area,
            "name": areas().name(candidate.area),
            "facility": candidate.facility.hex(),
            **verdict_data(each, answer.decided_at),
        }
        for candidate, each in zip(candidates, answer.verdicts, strict=True)
    ]
    return data


def register(app: typer.Typer) -> None:
    """Add the command to the top of the parser."""
    verb(app, "check")(check)
