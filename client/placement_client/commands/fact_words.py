"""Facts on record, in words and as objects: what they say, and what became of them."""

from collections.abc import Iterable
from typing import Any, Final

from rich.table import Table

from placement.api.v1.review_service_pb2 import (
    ContestReason,
    FactState,
    FactStep,
    FactStepKind,
    RecordedFact,
)
from placement.api.v1.types_pb2 import FactReason, GradeScheme
from placement_client.commands.finding_words import Names, fact_words, statement_words
from placement_client.commands.report import table
from placement_client.days import iso_day, iso_instant, stockholm_time
from placement_client.rendering import Json, enum_name, said

_HEADINGS: Final = (
    "Fact",
    "Kind",
    "Says",
    "Since",
    "Until",
    "Review",
    "Grade",
    "State",
)

_LEAVES_DOUBT: Final = frozenset(
    {FactStepKind.FACT_STEP_KIND_APPROVED, FactStepKind.FACT_STEP_KIND_REJECTED}
)
_SEVERAL: Final = 2


def recorded_data(recorded: RecordedFact, names: Names) -> dict[str, object]:
    """Return a fact on record as an object."""
    return {
        "fact_id": recorded.fact_id.hex(),
        **said(recorded.fact, names),
        "state": enum_name(FactState.DESCRIPTOR, recorded.state),
        "changed_revision": recorded.changed_revision,
        "author": recorded.author,
        "region": recorded.region,
        "recorded_at": iso_instant(recorded.recorded_at),
        "reason": enum_name(FactReason.DESCRIPTOR, recorded.fact.reason),
        "contested": _word(ContestReason, recorded.contested),
        "replaces": recorded.replaces.hex(),
    }


def fact_rows(facts: Iterable[Json]) -> Table:
    """Lay facts on record out, from their objects."""
    return table(_HEADINGS, (_row(each) for each in facts))


def _row(fact: Json) -> tuple[object, ...]:
    doubted = f", contested: {fact['contested']}" if fact["contested"] else ""
    instead = f", instead of {fact['replaces']}" if fact["replaces"] else ""
    return (
        fact["fact_id"],
        fact["kind"],
        statement_words(fact),
        fact["since"] or "",
        fact["until"] or "",
        fact["review_by"] or "",
        fact["grade"],
        f"{fact['state']}{doubted}{instead}",
    )


def recorded_words(fact: Json) -> str:
    """Say a fact on record in one sentence, from its object."""
    doubted = f"; contested as {fact['contested']}" if fact["contested"] else ""
    review = f", review by {fact['review_by']}" if fact["review_by"] else ""
    return f"{fact_words(fact)}{review} ({fact['state']}{doubted})."


def instead_words(fact: Json) -> list[str]:
    """Say which fact this one was recorded instead of, if any."""
    old = fact["replaces"]
    return [f"Recorded instead of fact {old}, which it amends."] if old else []


def doubts(steps: Iterable[FactStep]) -> list[tuple[str, str]]:
    """Return the doubts that stand after a fact's whole life: ground and person.

    A person who doubts no more takes their own away. Whatever amends the fact takes
    all, since somebody has looked; a second person's word on a change does not.
    """
    standing: list[FactStep] = []
    for step in steps:
        if step.kind == FactStepKind.FACT_STEP_KIND_CONTESTED:
            standing.append(step)
        elif step.kind == FactStepKind.FACT_STEP_KIND_UNCONTESTED:
            standing = [each for each in standing if each.person != step.person]
        elif step.kind not in _LEAVES_DOUBT:
            standing = []
    return [
        (enum_name(ContestReason.DESCRIPTOR, each.contested), each.person)
        for each in standing
    ]


def doubt_words(steps: Iterable[FactStep]) -> list[str]:
    """Say each doubt, if there are several; one is said with the fact."""
    standing = doubts(steps)
    if len(standing) < _SEVERAL:
        return []
    said = "; ".join(f"as {ground} by {person}" for ground, person in standing)
    return [f"Contested {said}."]


def step_data(step: FactStep) -> dict[str, object]:
    """Return a step of a fact's life as an object."""
    ended = iso_day(step.ended_on_day) if step.HasField("ended_on_day") else None
    review = iso_day(step.review_by_day) if step.HasField("review_by_day") else None
    return {
        "step": enum_name(FactStepKind.DESCRIPTOR, step.kind),
        "at": iso_instant(step.at),
        "revision": step.revision,
        "person": step.person,
        "second_person": step.second_person,
        "ended_on": ended,
        "review_by": review,
        "grade": step.grade.given,
        "scheme": _word(GradeScheme, step.grade.scheme),
        "reason": _word(FactReason, step.reason),
        "contested": _word(ContestReason, step.contested),
    }


def step_row(step: FactStep) -> tuple[object, ...]:
    """Lay a step out: when the service learnt it, what, who, who else."""
    data = step_data(step)
    told = (
        ("on", data["ended_on"]),
        ("review by", data["review_by"]),
        ("grade", data["grade"]),
        ("as", data["contested"] or data["reason"]),
    )
    words = ", ".join(f"{name} {value}" for name, value in told if value)
    at = stockholm_time(step.at)
    return (at, data["step"], words, step.person, step.second_person, step.revision)


def _word(kind: Any, number: int) -> str | None:  # noqa: ANN401 (any enumeration of the wire)
    return enum_name(kind.DESCRIPTOR, number) if number else None
