"""``placement audit replay``: a past decision, decided again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from placement.api.v1.audit_service_pb2 import (
    Replay,
    ReplayDecisionResponse,
    ReplayFinding,
    ReplayOutcome,
)
from placement.api.v1.types_pb2 import Verdict
from placement.errors import TamperedError, UnavailableError
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.audit_printing import Meter
from placement_client.commands.audit_words import verdict
from placement_client.commands.report import Exit, Report, table
from placement_client.commands.verb import Run, verb
from placement_client.days import stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json

_EQUAL: Final = ReplayOutcome.REPLAY_OUTCOME_EQUAL
_DIFFERENT: Final = ReplayOutcome.REPLAY_OUTCOME_DIFFERENT
_DECIDED: Final = frozenset({_EQUAL, _DIFFERENT})
_VERDICTS: Final = frozenset(Verdict.values()) - {Verdict.VERDICT_UNSPECIFIED}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a person and a script are told of an outcome."""

    words: str
    style: str
    code: Exit


_OUTCOMES: Final[Mapping[int, _Outcome]] = MappingProxyType(
    {
        _EQUAL: _Outcome("EQUAL: the same verdict comes out.", "green", Exit.CLEAR),
        _DIFFERENT: _Outcome(
            "DIFFERENT: another verdict comes out. Report it as an incident.",
            "bold red",
            Exit.UNVERIFIED,
        ),
        ReplayOutcome.REPLAY_OUTCOME_ERASED: _Outcome(
            "ERASED: the law took what the decision rested on; nobody can tell.",
            "yellow",
            Exit.REVIEW,
        ),
        ReplayOutcome.REPLAY_OUTCOME_NO_RULESET: _Outcome(
            "NO_RULESET: the server has no copy of the ruleset it was decided under.",
            "yellow",
            Exit.REVIEW,
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Arguments of ``replay``."""

    decision: Annotated[
        str,
        typer.Argument(metavar="DECISION", help="Id of the decision, 32 hex digits."),
    ]


def replay(run: Run, asked: Replayed, why: Grounded) -> Report:
    """Decide a past question again: on the facts, the rules and the day of then.

    The exit code tells what came of it: 0 the same verdict, 5 another one, 3 if what
    it rested on was erased or its ruleset is not at hand.
    """
    decision_id = read_token(asked.decision, field="decision_id")
    why_asked = ground(why)
    found = _finished(run.session().audits.replay_decision(decision_id, why_asked))
    outcome = _OUTCOMES[found.outcome]
    rows = [
        ("Decision", decision_id.hex()),
        ("Entry", found.index),
        ("Decided", stockholm_time(found.decided_at)),
        ("Ruleset", found.ruleset),
        ("Revision", found.revision),
        ("Recorded", _word(found.recorded) or "-"),
        ("Replayed", _word(found.replayed) or "-"),
        ("Outcome", Text(outcome.words, outcome.style)),
    ]
    data = {
        "decision_id": decision_id.hex(),
        **to_json(found),
        "recorded": _word(found.recorded),
        "replayed": _word(found.replayed),
    }
    return Report(
        data=data,
        shown=[table(("Field", "Value"), rows), "", _findings(found.findings)],
        code=outcome.code,
    )


def _finished(steps: Iterable[ReplayDecisionResponse]) -> Replay:
    """Return what a replay came to, and tell its progress.

    Raises:
        TamperedError: a step is none, something follows the last, or the outcome is
            not what the two verdicts say.
        UnavailableError: it ended before it came to anything.
    """
    found: Replay | None = None
    with Meter("Replayed") as meter:
        for step in steps:
            kind = step.WhichOneof("step")
            if kind is None or found is not None:
                raise TamperedError
            if kind == "progress":
                meter.tell(step.progress.done, step.progress.total)
            else:
                found = step.replay
    if found is None:
        raise UnavailableError
    _require_sound(found)
    return found


def _require_sound(found: Replay) -> None:
    """Refuse an outcome that is not what the two verdicts say."""
    if found.outcome in _DECIDED:
        is_equal = found.recorded == found.replayed
        both = {found.recorded, found.replayed} <= _VERDICTS
        is_sound = both and is_equal == (found.outcome == _EQUAL)
    else:
        is_sound = found.outcome in _OUTCOMES and not found.replayed
    if not is_sound:
        raise TamperedError


def _word(number: int) -> str | None:
    """Return the word of a verdict, if there is one."""
    return verdict(number) if number else None


def _findings(findings: Iterable[ReplayFinding]) -> Table:
    """Lay out rules, what they give, how often, and the facts behind, one a line.

    Two pairs of persons may come to the same by the same facts: that is one block.
    """
    times = Counter(each.SerializeToString(deterministic=True) for each in findings)
    rows: list[tuple[str, ...]] = []
    for content, count in times.items():
        each = ReplayFinding.FromString(content)
        named = [(each.rule, verdict(each.verdict), str(count))]
        facts = [(fact.kind, fact.grade, fact.fact_id.hex()) for fact in each.facts]
        # What is named stands in the first line of its block alone.
        blank = [("", "", "")] * (len(facts) - 1)
        for name, fact in zip(named + blank, facts or [("-", "-", "-")], strict=True):
            rows.append((*name, *fact))
    return table(("Rule", "Gives", "Times", "Fact is a", "Grade", "Fact"), rows)


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "replay")(replay)
