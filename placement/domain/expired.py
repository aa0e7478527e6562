"""How long facts and cases are kept, and from when each is past that.

Invariants:
    * what stands, and nothing ended it, is never past retention;
    * what may act for somebody who is placed is not, either: whoever is placed is
      protected by it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from placement.domain.affected import affected
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Case,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    CaseHandle,
    Day,
    DossierId,
    FactId,
    SubjectId,
    stockholm_day,
)
from placement.domain.touched import by_fact

# What acts only while it holds, and for some time after (R12).
_PASSING: Final = (Rivalry, Alliance, Presence, Located)
_KINDS: Final[Mapping[type[AnyFact], str]] = {
    Affiliation: "affiliation",
    Faction: "faction",
    Rivalry: "rivalry",
    Alliance: "alliance",
    Presence: "presence",
    Threat: "threat",
    Located: "located",
    Tie: "tie",
    SameAs: "same_as",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A dossier that is past its retention.

    Attributes:
        id: of the fact, or handle of the case.
        kind: of the fact, or ``case``.
        region: the police region that owns it.
        since: first day on which it was past.
    """

    id: DossierId
    kind: str
    region: str
    since: Day


def expired(
    state: State, ruleset: Ruleset, dossier: DossierId, today: Day
) -> Expired | None:
    """Return since when a dossier is past its retention, or ``None``.

    Raises:
        KeyError: there is no such dossier.
    """
    fact = state.facts.get(FactId(dossier))
    if fact is not None:
        return _fact(state, ruleset, fact, today)
    return _case(state, ruleset, state.cases[CaseHandle(dossier)], today)


def all_expired(state: State, ruleset: Ruleset, today: Day) -> Iterator[Expired]:
    """Yield every dossier that is past its retention."""
    for fact in state.facts.values():
        found = _fact(state, ruleset, fact, today)
        if found is not None:
            yield found
    for case in state.cases.values():
        found = _case(state, ruleset, case, today)
        if found is not None:
            yield found


def _fact(state: State, ruleset: Ruleset, fact: AnyFact, today: Day) -> Expired | None:
    days = ruleset.retention
    kind = _KINDS[type(fact)]
    if fact.retracted:
        begun = stockholm_day(state.erasures.retracted[fact.id])
        since = begun + days["retracted"]
    else:
        ended = _ended(state, fact)
        if ended is None:
            return None
        since = ended + days[kind]
    if today < since or _waits(state, fact):
        return None
    # Belonging and splits count whatever their dates, as long as somebody stands.
    lasting = not (fact.retracted or isinstance(fact, _PASSING))
    if lasting and affected(state, ruleset, by_fact(fact)):
        return None
    return Expired(
        id=DossierId(fact.id), kind=kind, region=fact.region, since=Day(since)
    )


def _case(state: State, ruleset: Ruleset, case: Case, today: Day) -> Expired | None:
    if case.closed_at is None or state.stays.of_case(case.handle):
        return None
    since = stockholm_day(case.closed_at) + ruleset.retention["case"]
    if today < since:
        return None
    area = ruleset.areas.get(case.organisation)
    region = "" if area is None else area.police_region
    return Expired(
        id=DossierId(case.handle), kind="case", region=region, since=Day(since)
    )


def _waits(state: State, fact: AnyFact) -> bool:
    """Tell whether a change that nobody approved speaks of a fact."""
    return any(fact.id in change.records for change in state.changes.values())


def _ended(state: State, fact: AnyFact) -> Day | None:
    """Return the day on which nothing needed a fact any more, or ``None``.

    What is said of somebody who has cases is needed until the last of them closes, and
    no longer, whether anybody ended it or not.
    """
    match fact:
        case Affiliation(subject=subject) | Tie(subject=subject):
            person: SubjectId | None = subject
        case Threat(target=target):
            person = target
        case _:
            person = None
    cases = () if person is None else state.cases_of.get(person, ())
    days = [] if fact.valid_to is None else [fact.valid_to]
    for handle in cases:
        closed = state.cases[handle].closed_at
        if closed is None:
            return None
        days.append(stockholm_day(closed))
    return max(days, default=None)
