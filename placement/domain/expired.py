"""How long facts and cases are kept, and from when each is past that.

Invariants:
    * what stands, and nothing ended it, is never past retention;
    * what may act for somebody who is placed is not, either: whoever is placed is
      protected by it;
    * what is said about somebody who has an open case is not, nor is a split while anybody
      on record belongs to groups close to it: it protects whoever of them will be placed;
    * what still counts in a budget, or still answers a request that comes again, is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from placement.domain.affected import affected, has_kin
from placement.domain.answered import RETRIED_DAYS
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
    Micros,
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


def _fact(state: State, ruleset: Ruleset, fact: AnyFact, today: Day) -> Expired | None:
    kind = _KINDS[type(fact)]
    since = _since(state, ruleset, fact)
    if since is None or today < since or _waits(state, fact, today):
        return None
    # Belonging and splits count whatever their dates, as long as somebody stands.
    lasting = not (fact.retracted or isinstance(fact, _PASSING))
    if lasting and affected(state, ruleset, by_fact(fact)):
        return None
    if lasting and has_kin(state, ruleset, by_fact(fact)):
        return None
    return Expired(id=DossierId(fact.id), kind=kind, region=fact.region, since=since)


def _since(state: State, ruleset: Ruleset, fact: AnyFact) -> Day | None:
    """Return the first day on which nothing needs a fact any more, or ``None``.

    What is said of somebody who has cases is needed until the last of them closes, and
    for some time after, and no longer, whether anybody ended it or not. But where
    somebody dangerous is, and that two subjects are one person, protects others, too.
    """
    kept = ruleset.retention[_KINDS[type(fact)]]
    if fact.retracted:
        days = _at_least(kept.retracted, RETRIED_DAYS)
        return Day(stockholm_day(state.erasures.retracted[fact.id]) + days)
    if isinstance(fact, Located) and fact.valid_to is None:
        return None
    persons = state.residents.connected(_persons(fact))
    if isinstance(fact, SameAs) and _spoken_of(state, persons):
        return None
    since: list[int] = []
    if kept.ended is not None and fact.valid_to is not None:
        since.append(fact.valid_to + kept.ended)
    for case in _cases(state, persons):
        if case.closed_at is None:
            return None
        since.append(stockholm_day(case.closed_at) + (kept.closed or 0))
    return Day(max(since)) if since else None


def _at_least(days: int | None, counted: int) -> int:
    """Return how many days something is kept: longer than it counts, in any case."""
    return max(days or 0, counted + 1)


def _persons(fact: AnyFact) -> tuple[SubjectId, ...]:
    """Return of whom it is said, so that their cases count."""
    match fact:
        case Affiliation(subject=subject) | Tie(subject=subject):
            return (subject,)
        case Located(subject=subject):
            return (subject,)
        case Threat(target=target):
            return (target,)
        case SameAs(low=low, high=high):
            return (low, high)
        case _:
            return ()


def _cases(state: State, persons: Iterable[SubjectId]) -> list[Case]:
    handles = {each: None for one in persons for each in state.cases_of.get(one, ())}
    return [state.cases[handle] for handle in handles]


def _spoken_of(state: State, persons: Iterable[SubjectId]) -> bool:
    """Tell whether anything is kept about persons, but for links between them."""
    return any(
        index.of(person)
        for person in persons
        for index in (
            state.affiliations,
            state.ties,
            state.located,
            state.threats_against,
            state.threats_by,
        )
    )


def _case(state: State, ruleset: Ruleset, case: Case, today: Day) -> Expired | None:
    if case.closed_at is None or state.stays.of_case(case.handle):
        return None
    since = _case_since(state, ruleset, case, stockholm_day(case.closed_at))
    if today < since or _counted_from(state, case, case.closed_at):
        return None
    area = ruleset.areas.get(case.organisation)
    region = "" if area is None else area.police_region
    return Expired(id=DossierId(case.handle), kind="case", region=region, since=since)


def _case_since(state: State, ruleset: Ruleset, case: Case, closed: Day) -> Day:
    """Return from when a case, with whatever was placed for it, is kept no longer."""
    budgets, kept = ruleset.budgets, ruleset.retention
    counted = max(
        budgets.case_days, budgets.organisation_days, budgets.repeat_days, RETRIED_DAYS
    )
    since = [closed + _at_least(kept["case"].closed, counted)]
    for placement in state.stays.ever_of(case.handle):
        since.append(closed + (kept["placement"].closed or 0))
        if placement.valid_to is not None:
            since.append(placement.valid_to + (kept["placement"].ended or 0))
    return Day(max(since))


def _counted_from(state: State, case: Case, closed: Micros) -> bool:
    """Tell whether the time of something nobody ended counts from a case's closing.

    Were the case gone first, that would be kept for ever.
    """
    persons = state.residents.connected(case.members)
    for other in _cases(state, persons):
        if other.closed_at is None or (other.closed_at, other.handle) > (
            closed,
            case.handle,
        ):
            return False
    return any(
        fact.valid_to is None and not fact.retracted
        for person in persons
        for index in (
            state.affiliations,
            state.ties,
            state.threats_against,
            state.same_as,
        )
        for fact in index.of(person)
    )


def _waits(state: State, fact: AnyFact, today: Day) -> bool:
    """Tell whether a change that waits, and did not lapse, would make a fact firm."""
    return any(
        fact.id in change.records
        for change in state.changes.values()
        if today <= stockholm_day(change.expires_at)
    )
