"""Record facts: from a draft of options, or from a file in batches."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import RenderableType
from rich.table import Table

from placement.api.v1.types_pb2 import Fact, FactReason, GradeScheme
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    PlacementError,
    UnavailableError,
)
from placement_client.commands.drafting import read_facts
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import choice
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run
from placement_client.commands.waiting import waiting
from placement_client.registry import MAX_FACTS
from placement_client.session import Session
from placement_client.sheets.trying import contradicting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_DOUBLE: Final = (
    "Of two groups your region says one rivalry, one alliance and one faction link at a "
    "time, and no group is a part of itself, over whatever steps. `placement fact list "
    "--group NAME` shows what is on record, perhaps under another name of the group: "
    "amend that, or say with --from and --to on which days this one holds."
)
_HINTS: Final[Hints] = {ConflictError: _DOUBLE}
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What every fact says of itself."""

    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day, if known.")
    ] = ""
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="First day after, if over.")
    ] = ""
    grade: Annotated[str, typer.Option(metavar="GRADE", help="As given: 2B.")]
    scheme: Annotated[str, choice(GradeScheme, "Scheme of the grade")] = "3x5x2"
    review_by: Annotated[
        str,
        typer.Option(
            metavar="DATE",
            help="Last day without a review; unless it is over, a year ahead if you "
            "don't say.",
        ),
    ] = ""
    reason: Annotated[str, choice(FactReason, "Why it is recorded")]

    def draft(
        self, run: Run, kind: str, statement: dict[str, object]
    ) -> dict[str, object]:
        """Return the draft of a fact; what is not given is not in it.

        But for a review date: what nobody is to look at again stands for ever.
        """
        ahead = "" if self.end else (run.today + _YEAR).isoformat()
        given = {
            "valid_from": self.start,
            "valid_to": self.end,
            "review_by": self.review_by or ahead,
        }
        return {
            kind: {key: value for key, value in statement.items() if value != ""},
            "grade": {"scheme": self.scheme, "given": self.grade},
            "reason": self.reason,
            **{key: value for key, value in given.items() if value},
        }


@dataclass(slots=True)
class Recorded:
    """What has been recorded so far, over all calls of a run."""

    revision: int = 0
    fact_ids: list[str] = field(default_factory=list)
    change_ids: list[bytes] = field(default_factory=list)

    def report(self, *shown: RenderableType) -> Report:
        """Return what to say of it."""
        return Report(
            data={
                "revision": self.revision,
                "fact_ids": self.fact_ids,
                "change_ids": [each.hex() for each in self.change_ids],
            },
            shown=[*shown, *waiting(*self.change_ids)],
        )


def given(asked: "DataclassInstance") -> dict[str, object]:
    """Return options under the names that the wire has for them, if given."""
    pairs = ((each.name, getattr(asked, each.name)) for each in fields(asked))
    return {name: value for name, value in pairs if value != ""}


def fact_table(facts: Sequence[Fact], ids: Sequence[str]) -> Table:
    """Lay the ids of recorded facts out beside their places and kinds."""
    kinds = ((fact.WhichOneof("statement") or "").replace("_", "-") for fact in facts)
    pairs = enumerate(zip(kinds, ids, strict=True))
    rows = ((f"facts[{place}]", kind, id_) for place, (kind, id_) in pairs)
    return table(("Fact", "Kind", "Id"), rows)


def record_one(run: Run, draft: dict[str, object]) -> Report:
    """Record one fact and show its id.

    Raises:
        PlacementError: the draft is not of the form, or the call failed.
    """
    done = _record(run, read_facts(run, [draft]))
    return done.report(f"Recorded fact {', '.join(done.fact_ids)}.")


def record_many(run: Run, drafts: Sequence[object]) -> Report:
    """Record facts, as many in each call as it takes.

    Raises:
        PlacementError: a draft is not of the form, and nothing is recorded; or a call
            failed, and a note says how many facts were recorded before.
    """
    facts = read_facts(run, drafts)
    done = _record(run, facts)
    said = f"Recorded {counted(len(facts), 'fact', 'facts')}."
    return done.report(said, fact_table(facts, done.fact_ids))


def _record(run: Run, facts: Sequence[Fact]) -> Recorded:
    done = Recorded()
    session = run.session()
    for start in range(0, len(facts), MAX_FACTS):
        try:
            with hinted(_HINTS):
                part = facts[start : start + MAX_FACTS]
                answer = session.registry.record_facts(part)
        except PlacementError as error:
            if len(facts) > 1:
                _explain(error, session, facts, start)
            raise
        done.revision = answer.revision
        done.fact_ids += [each.hex() for each in answer.fact_ids]
        done.change_ids += [answer.change_id] if answer.change_id else []
        if len(facts) > MAX_FACTS:
            note(f"Recorded {len(done.fact_ids)} of {len(facts)} facts.")
    return done


def _explain(
    error: PlacementError, session: Session, facts: Sequence[Fact], start: int
) -> None:
    """Note which facts of a refused call contradict, and what was recorded before it."""
    if isinstance(error, ConflictError):
        part = facts[start : start + MAX_FACTS]
        # What was refused is told all the same, whoever may ask no further.
        with suppress(AccessDeniedError, InvalidInputError, UnavailableError):
            for place in contradicting(part, session.imports.try_rows):
                error.because(f"facts[{start + place}] contradicts")
    error.because(f"recorded before this: {start} of {len(facts)} facts")
