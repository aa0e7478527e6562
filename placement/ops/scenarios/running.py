"""Runs a scenario in process: through the rules alone, by any ruleset."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, assert_never

from placement.domain.events import (
    CaseAssessed,
    CaseOpened,
    ChangeApproved,
    ChangeProposed,
    CoverageAttested,
    Event,
    FacilityRegistered,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    PlacementRecorded,
    Record,
)
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Attestation,
    Case,
    Facility,
    Faction,
    Located,
    Placement,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.questions import Candidate, Question
from placement.domain.rules import assess
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AreaCode,
    Basis,
    CaseHandle,
    Day,
    FacilityToken,
    FactId,
    GroupToken,
    Micros,
    PlacementState,
    ProviderToken,
    Reason,
    SubjectId,
    Window,
    day_of,
)
from placement.ops.scenarios.form import (
    Allied,
    Amended,
    Approved,
    Assessed,
    Belongs,
    Change,
    Check,
    Closed,
    CoverageLine,
    Ended,
    FactLine,
    LocatedIn,
    OnePerson,
    PartOf,
    PlacementLine,
    PresentIn,
    Regraded,
    Retracted,
    Rivals,
    Said,
    Scenario,
    Threatens,
    TiedTo,
)

_SIZE: Final = 16  # bytes of a token
_PERSON: Final = "co-01"
_REGION: Final = "national"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A question that was answered otherwise than its file promises.

    Attributes:
        step: which, from 1.
        check: what was asked.
        got: names of the verdicts, in order.
    """

    step: int
    check: Check
    got: tuple[str, ...]


def run(scenario: Scenario, ruleset: Ruleset, today: Day) -> Iterator[Disagreement]:
    """Ask a scenario's questions, and yield those that are answered otherwise.

    Args:
        scenario: not one that needs a service.
        ruleset: by which rules.
        today: the day it is, unless the file itself says.
    """
    runner = RulesRunner(scenario, ruleset, today)
    runner.apply(scenario.given)
    for number, step in enumerate(scenario.steps, 1):
        runner.apply(step.change)
        for check in step.checks:
            got = runner.answer(check)
            if got != check.expected:
                yield Disagreement(step=number, check=check, got=got)


class RulesRunner:
    """Tells a state what a scenario says, and asks it.

    Args:
        scenario: not one that needs a service.
        ruleset: by which rules.
        today: the day it is, unless the file itself says.
    """

    def __init__(self, scenario: Scenario, ruleset: Ruleset, today: Day) -> None:
        self._ruleset = ruleset
        self._state = State()
        self._today = today if scenario.today is None else day_of(scenario.today)
        self._now = Micros(self._today * MICROS_A_DAY + 10 * MICROS_AN_HOUR)
        self._ids: dict[str, FactId] = {}
        self._count = 0
        for house in scenario.houses:
            facility = Facility(
                token=FacilityToken(_token("house", house.name)),
                provider=ProviderToken(_token("provider", house.provider)),
                area=house.area,
            )
            self._happen(FacilityRegistered(facility=facility))

    def _happen(self, event: Event) -> None:
        self._state.apply(Record(at=self._now, event=event))

    def _day(self, offset: int) -> Day:
        return Day(self._today + offset)

    def _maybe(self, offset: int | None) -> Day | None:
        return None if offset is None else self._day(offset)

    def _fresh(self, kind: str) -> bytes:
        self._count += 1
        return _token(kind, str(self._count))

    def apply(self, change: Change) -> None:
        """Let a change happen."""
        for case in change.cases:
            opened = Case(
                handle=_handle(case.name),
                organisation=case.municipality,
                reference="1",
                basis=Basis.POLICE,
                members=tuple(map(_subject, case.household)),
                opened_at=self._now,
                assessed_at=self._now if case.assessed else None,
            )
            self._happen(CaseOpened(case=opened))
        for fact in change.facts:
            self._record(fact)
        for coverage in change.coverage:
            self._cover(coverage)
        for placement in change.placements:
            self._place(placement)
        for amended in change.amendments:
            self._amend(amended)

    def _record(self, line: FactLine) -> None:
        common = {
            "id": FactId(self._fresh("fact")),
            "valid_from": self._maybe(line.since),
            "valid_to": self._maybe(line.until),
            "recorded_at": Micros(self._now + len(self._state.facts)),  # line by line
            "author": _PERSON,
            "region": _REGION,
            "scheme": line.scheme,
            "given": line.grade,
            "grade": self._ruleset.grades[line.scheme][line.grade],
            "review_by": self._maybe(line.review_by),
            "reason": Reason.INTELLIGENCE,
            "approved": line.approved,
        }
        fact = _fact(line.said, common)
        self._happen(FactRecorded(fact=fact))
        if line.name is not None:
            self._ids[line.name] = fact.id

    def _cover(self, line: CoverageLine) -> None:
        areas = self._ruleset.areas
        for code in map(AreaCode, areas) if line.areas is None else line.areas:
            attestation = Attestation(
                id=FactId(self._fresh("coverage")),
                region=line.region or areas[code].police_region,
                areas=(code,),
                reviewed_on=self._day(-line.age),
            )
            self._happen(CoverageAttested(attestation=attestation))

    def _place(self, line: PlacementLine) -> None:
        placement = Placement(
            id=FactId(self._fresh("placement")),
            case=_handle(line.case),
            area=AreaCode(line.place.area),
            facility=_facility(line.place.house),
            valid_from=self._day(line.since),
            valid_to=self._maybe(line.until),
            state=PlacementState.ACTIVE,
        )
        self._happen(PlacementRecorded(placement=placement))
        if line.name is not None:
            self._ids[line.name] = placement.id

    def _amend(self, amended: Amended) -> None:
        match amended:
            case Ended(name, on):
                self._end(self._ids[name], self._day(on))
            case Retracted(name):
                self._happen(FactRetracted(id=self._ids[name]))
            case Regraded(name, given, scheme):
                grade = self._ruleset.grades[scheme][given]
                key = self._ids[name]
                self._happen(
                    FactRegraded(id=key, scheme=scheme, given=given, grade=grade)
                )
            case Approved(name):
                self._approve(self._ids[name])
            case Assessed(case):
                self._happen(
                    CaseAssessed(handle=_handle(case), person=_PERSON, children=())
                )
            case Closed():
                return  # a closed case answers as before to the rules
            case _:  # reading refused whatever only a service knows of
                raise AssertionError

    def _end(self, key: FactId, on: Day) -> None:
        if key in self._state.placements:
            over = PlacementState.ENDED
            self._happen(PlacementEnded(id=key, state=over, valid_to=on))
        else:
            self._happen(FactEnded(id=key, valid_to=on))

    def _approve(self, fact: FactId) -> None:
        change = FactId(self._fresh("change"))
        proposed = ChangeProposed(
            id=change,
            person=_PERSON,
            region=_REGION,
            expires_at=self._now,
            records=(fact,),
            amendments=(),
        )
        self._happen(proposed)
        self._happen(ChangeApproved(id=change, person="co-02"))

    def answer(self, check: Check) -> tuple[str, ...]:
        """Return the names of the verdicts."""
        question = Question(
            case=replace(self._state.cases[_handle(check.case)]),
            candidates=tuple(
                Candidate(area=AreaCode(place.area), facility=_facility(place.house))
                for place in check.places
            ),
            window=Window(start=self._day(check.since), end=self._maybe(check.until)),
            now=self._now,
        )
        assessed = assess(self._state, question, self._ruleset, self._today)
        return tuple(one.verdict.name for one in assessed)


def _token(kind: str, name: str) -> bytes:
    return sha256(f"{kind} {name}".encode()).digest()[:_SIZE]


def _handle(name: str) -> CaseHandle:
    return CaseHandle(_token("case", name))


def _subject(name: str) -> SubjectId:
    return SubjectId(sha256(name.encode()).digest())


def _group(name: str) -> GroupToken:
    return GroupToken(_token("group", name))


def _facility(name: str | None) -> FacilityToken | None:
    return None if name is None else FacilityToken(_token("house", name))


def _fact(said: Said, common: dict[str, Any]) -> AnyFact:
    """Return the fact that a sentence says."""
    match said:
        case PartOf(child, parent, inherits):
            return Faction(
                child=_group(child),
                parent=_group(parent),
                inherits_rivalry=inherits,
                **common,
            )
        case Rivals(one, other, severity):
            low, high = sorted((_group(one), _group(other)))
            return Rivalry(low=low, high=high, severity=severity, **common)
        case Allied(one, other):
            low, high = sorted((_group(one), _group(other)))
            return Alliance(low=low, high=high, **common)
        case PresentIn(group, area, kind):
            return Presence(group=_group(group), area=area, kind=kind, **common)
        case _:
            return _fact_of_person(said, common)


def _fact_of_person(
    said: Belongs | Threatens | LocatedIn | TiedTo | OnePerson, common: dict[str, Any]
) -> AnyFact:
    match said:
        case Belongs(person, group, role):
            return Affiliation(
                subject=_subject(person), group=_group(group), role=role, **common
            )
        case Threatens(target, group, person):
            return Threat(
                target=_subject(target),
                source_group=None if group is None else _group(group),
                source_subject=None if person is None else _subject(person),
                severity=3,
                **common,
            )
        case LocatedIn(person, area):
            return Located(subject=_subject(person), area=area, **common)
        case TiedTo(person, area, danger):
            return Tie(subject=_subject(person), area=area, danger=danger, **common)
        case OnePerson(one, other):
            low, high = sorted((_subject(one), _subject(other)))
            return SameAs(low=low, high=high, **common)
        case _ as never:
            assert_never(never)
