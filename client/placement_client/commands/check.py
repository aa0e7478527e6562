"""``placement check``: ask whether places are safe."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

import typer
from rich.table import Table
from rich.text import Text

from placement.api.v1.check_service_pb2 import (
    Candidate,
    CandidateVerdict,
    CheckPlacementRequest,
    CheckPlacementResponse,
    Justification,
)
from placement.api.v1.types_pb2 import Verdict, Window
from placement.errors import (
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement_client.areas import areas
from placement_client.commands.options import (
    area_code,
    area_names,
    choice,
    chosen,
)
from placement_client.commands.receipt import kept_by
from placement_client.commands.report import Exit, Report, note, table
from placement_client.commands.verb import Run, verb
from placement_client.days import iso_day, parse_day, stockholm_time
from placement_client.drafts import read_token
from placement_client.kept import Kept, Recheck
from placement_client.logs import LogCalls
from placement_client.receipts import (
    Answered,
    Receipt,
    certificate_of,
    require_logged,
)
from placement_client.rendering import to_json

MUST: Final[Mapping[int, str]] = MappingProxyType(
    {
        Verdict.VERDICT_CLEAR: "may place; ask again before moving in",
        Verdict.VERDICT_UNKNOWN: "contact the coordinator",
        Verdict.VERDICT_REVIEW: "contact the coordinator before any decision",
        Verdict.VERDICT_CONFLICT: "do not place here; choose another place",
    }
)
"""What the caseworker must do (rules.md)."""

MAX_PAST: Final = 31
"""Days; a window that began earlier is doubted, unless it is a follow-up."""

PAUSES: Final = (0.5, 1.0)
"""Seconds to wait for the checkpoint that holds a new entry; the log makes one every
second."""

_NO_VERDICT: Final = (
    "The service gave a verdict, but the access log does not bear it out, so it is not "
    "shown. Do not place on this; phone instead."
)
_OLD: Final = (
    "The answer names a place in the access log that was taken before it was asked "
    "for, so it is the answer of another question, or the log was put back."
)
_CODES: Final[Mapping[int, Exit]] = MappingProxyType(
    {
        Verdict.VERDICT_CLEAR: Exit.CLEAR,
        Verdict.VERDICT_UNKNOWN: Exit.REVIEW,
        Verdict.VERDICT_REVIEW: Exit.REVIEW,
        Verdict.VERDICT_CONFLICT: Exit.CONFLICT,
    }
)
_STYLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        Verdict.VERDICT_CLEAR: "green",
        Verdict.VERDICT_UNKNOWN: "yellow",
        Verdict.VERDICT_REVIEW: "bold yellow",
        Verdict.VERDICT_CONFLICT: "bold red",
    }
)


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
    min_revision: Annotated[
        int, typer.Option(min=0, help="Rest on at least this revision.")
    ] = 0


def check(run: Run, asked: Checked) -> Report:
    """Ask whether places are safe for everybody in a case.

    Each place gets one of four verdicts, and no reason: CLEAR, UNKNOWN, REVIEW or
    CONFLICT. The question is logged. Without an answer, do not place.

    Where the key of the access log is pinned, the receipt is fetched and verified
    before a verdict is shown; if it can't be had yet, it is pending.

    The exit code tells the worst verdict: 0 CLEAR, 3 UNKNOWN or REVIEW, 4 CONFLICT; or
    that the answer is not of now, or its receipt does not verify: 5, and no verdict is
    shown.
    """
    candidates = [_candidate(text, place) for place, text in enumerate(asked.area)]
    window = _window(run, asked)
    justification = chosen(Justification, asked.justification, field="justification")
    handle = read_token(asked.case, field="case_handle")
    proving = _Proving.of(run)
    session = run.session()
    session.min_revision = asked.min_revision
    if justification != Justification.JUSTIFICATION_FOLLOW_UP:
        _doubt(run, window)
    question = session.question(
        handle, candidates, window=window, justification=justification
    )
    answer = session.check_placement(question)
    proven = proving.prove(session.logs, question, answer)
    worst = max(each.verdict for each in answer.verdicts)
    return Report(
        data=_data(candidates, window, answer) | {"receipt": asdict(proven)},
        shown=[
            _verdicts(candidates, answer),
            *_footer(candidates, answer),
            *proven.lines(),
        ],
        code=_CODES[worst],
    )


@dataclass(frozen=True, slots=True)
class _Proven:
    """What became of the receipt, as ``--json`` has it.

    Attributes:
        leaf: index of the entry; ``None`` if the answer names none.
        size: of the checkpoint that it was verified in; else ``None``.
        state: verified; pending; or none, as no key of the log is pinned.
    """

    leaf: int | None
    size: int | None
    state: Literal["verified", "pending", "none"]

    def lines(self) -> list[str]:
        """Return the line for people."""
        match self.state:
            case "verified":
                return [f"Receipt verified: leaf {self.leaf} of {self.size}."]
            case "pending":
                return ["Receipt pending: placement receipt verify will fetch it."]
            case "none":
                return []


@dataclass(frozen=True, slots=True)
class _Proving:
    """Holds an answer against the access log before anybody sees it.

    Attributes:
        kept: what this context keeps; ``None`` without a pinned key.
        certificate: SHA-256 of the certificate that asks.
        seen: leaves that the log was seen to have before the question.
    """

    kept: Kept | None
    certificate: bytes
    seen: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """See that a receipt can be verified and kept before a question is spent.

        Raises:
            TamperedError: what is kept of the log is damaged.
            UnavailableError: it can't be read or written.
        """
        kept, seen = kept_by(run), None
        if kept is not None:
            kept.require_sound()
            seen = kept.view.newest()
        certificate = certificate_of(run.profile())
        return cls(kept, certificate, 0 if seen is None else seen.size)

    def prove(
        self,
        logs: LogCalls,
        question: CheckPlacementRequest,
        answer: CheckPlacementResponse,
    ) -> _Proven:
        """Fetch the receipt, verify it, and keep it; or remember that it is pending.

        Raises:
            TamperedError: it does not verify or is withheld, or the answer is an old
                one, so there is no verdict.
            PlacementError: it is refused, which is no reason to wait; or not even that
                it is pending can be written down.
        """
        leaf = answer.leaf_index if answer.HasField("leaf_index") else None
        if self.kept is None:
            return _Proven(leaf, None, "none")
        answered = Answered.of(question, answer, certificate=self.certificate)
        self.kept.postpone(answered)
        try:
            self._require_new(answered)
            receipt = _settled(self.kept, logs, answered)
        except (NotFoundError, UnavailableError):
            return _Proven(leaf, None, "pending")
        except PlacementError as error:  # nobody honest refuses one's own receipt
            error.add_note(_NO_VERDICT)
            raise
        return _Proven(leaf, receipt.checkpoint.size, "verified")

    def _require_new(self, answered: Answered) -> None:
        """Refuse an answer whose place in the log was taken before the question."""
        if answered.index < self.seen:
            error = TamperedError()
            error.add_note(_OLD)
            raise error


def _settled(kept: Kept, logs: LogCalls, answered: Answered) -> Receipt:
    """Fetch and keep a receipt; see before that the log does not hide the entry."""
    quorum = kept.view.policy.quorum
    try:
        # A witness comes by when it does; the log's own checkpoint is soon there.
        if not quorum:
            return kept.settle(logs, answered, PAUSES)
        require_logged(logs, kept.view, answered, pauses=PAUSES)
    except NotFoundError:
        Recheck(kept.view, logs).require_shown(answered.index)
        raise
    return kept.settle(logs, answered)


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


def _verdicts(candidates: Sequence[Candidate], answer: CheckPlacementResponse) -> Table:
    rows = []
    for candidate, each in zip(candidates, answer.verdicts, strict=True):
        word = Verdict.Name(each.verdict).removeprefix("VERDICT_")
        rows.append(
            (
                candidate.area,
                areas().name(candidate.area),
                Text(word, _STYLES[each.verdict]),
                MUST[each.verdict],
                _valid_until(each),
            )
        )
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
        "No reason is ever given. Only CLEAR may be relied on, and only until then.",
        f"Decided {decided}, ruleset {answer.ruleset}.",
        *decisions,
    ]


def _valid_until(verdict: CandidateVerdict) -> str:
    """Return until when a CLEAR may be relied on; nothing else may."""
    clear = verdict.verdict == Verdict.VERDICT_CLEAR
    return stockholm_time(verdict.valid_until) if clear else "-"


def _data(
    candidates: Sequence[Candidate], window: Window, answer: CheckPlacementResponse
) -> dict[str, object]:
    """Return the answer with what was asked beside each verdict."""
    data = to_json(answer)
    data["from"] = iso_day(window.start_day)
    data["to"] = iso_day(window.end_day) if window.HasField("end_day") else None
    data["verdicts"] = [
        {
            "area": candidate.area,
            "name": areas().name(candidate.area),
            "facility": candidate.facility.hex(),
            **to_json(each),
            "must": MUST[each.verdict],
        }
        for candidate, each in zip(candidates, answer.verdicts, strict=True)
    ]
    return data


def register(app: typer.Typer) -> None:
    """Add the command to the top of the parser."""
    verb(app, "check")(check)
