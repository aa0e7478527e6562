"""What was decided about a placement: done or not, in words, as an object, exit code."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from rich.console import RenderableType

from placement.api.v1.placement_service_pb2 import PlacementAnswer
from placement.api.v1.types_pb2 import PlacementState
from placement_client.commands.answer_words import (
    MUST,
    NO_REASON,
    covered,
    is_clear,
    must,
    until_data,
    valid_until,
)
from placement_client.commands.finding_words import (
    verdict_code,
    verdict_text,
    verdict_word,
)
from placement_client.commands.hints import Hints
from placement_client.commands.looking import reasoned
from placement_client.commands.proving import Proven, Proving
from placement_client.commands.refusal_words import Why
from placement_client.commands.report import Exit, Report, table
from placement_client.commands.verb import Run
from placement_client.days import iso_instant, stockholm_time
from placement_client.holds import Decided, HoldCalls
from placement_client.rendering import enum_name

_OVER = frozenset(
    {PlacementState.PLACEMENT_STATE_ENDED, PlacementState.PLACEMENT_STATE_ABORTED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What was asked for, in words.

    Attributes:
        done: said when it is done.
        then: what comes next.
        undone: said when it is not: how everything stands.
        hints: what a person can do about a refusal.
        placement: id of what it is about, 16 bytes.
        why: says the likely reason of a refusal, by what stands.
    """

    done: str
    then: str
    undone: str
    hints: Hints
    placement: bytes
    why: Why


def decide(run: Run, deed: Deed, call: Callable[[HoldCalls], Decided]) -> Report:
    """Make a call that is answered with a verdict, and hold it against the log.

    Returns:
        Exit code 0 if it is done, else that of the verdict.

    Raises:
        TamperedError: the answer is not of now, or its receipt does not verify.
        PlacementError: no verdict was made.
    """
    proving = Proving.of(run)
    session = run.session()
    with reasoned(run, deed.hints, deed.placement, deed.why):
        decided = call(session.holds)
        proven = proving.prove_decided(session.logs, decided)
    return Report(
        data=_data(decided, proven),
        shown=[*_shown(deed, decided), *_footer(decided), *proven.lines()],
        code=_code(decided),
    )


def _code(decided: Decided) -> Exit:
    if decided.done:
        return Exit.CLEAR
    # What is over is not done, though its place be CLEAR.
    return verdict_code(decided.answer.verdict.verdict) or Exit.ERROR


def _shown(deed: Deed, decided: Decided) -> list[RenderableType]:
    verdict = decided.answer.verdict
    if decided.done:
        return [
            deed.done,
            deed.then,
            *([] if is_clear(verdict) else [covered(verdict)]),
        ]
    row = (verdict_text(verdict.verdict), MUST[verdict.verdict], valid_until(verdict))
    return [
        table(("Verdict", "You", "Valid until"), [row]),
        _undone(deed, decided.answer),
    ]


def _undone(deed: Deed, answer: PlacementAnswer) -> str:
    if answer.state in _OVER:
        return "It is not done: the placement is over, and nothing is held or placed."
    return deed.undone


def _footer(decided: Decided) -> list[str]:
    answer = decided.answer
    return [
        f"Phone: {decided.contact}",
        NO_REASON,
        f"Decided {stockholm_time(answer.decided_at)}, ruleset {decided.ruleset}.",
        f"Decision: {answer.verdict.decision_id.hex()}",
    ]


def _data(decided: Decided, proven: Proven) -> dict[str, object]:
    answer, verdict = decided.answer, decided.answer.verdict
    return {
        "done": decided.done,
        "state": enum_name(PlacementState.DESCRIPTOR, answer.state),
        "verdict": verdict_word(verdict.verdict),
        "decision_id": verdict.decision_id.hex(),
        "valid_until": until_data(verdict),
        "must": must(verdict, permitted=decided.done),
        "revision": answer.revision,
        "ruleset": decided.ruleset,
        "decided_at": iso_instant(answer.decided_at),
        "contact": decided.contact,
        "leaf_index": decided.leaf,
        "receipt": asdict(proven),
    }
