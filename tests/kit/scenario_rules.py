"""Runs a scenario through the rules alone."""

from datetime import date, timedelta
from typing import Any

from kit.scenario_form import (
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
from kit.world import NOW, TODAY, World, day, token
from placement.domain.events import (
    CaseAssessed,
    ChangeApproved,
    ChangeProposed,
    CoverageAttested,
    FactRegraded,
    PlacementEnded,
)
from placement.domain.facts import Attestation
from placement.domain.questions import Candidate, Question
from placement.domain.rules import assess
from placement.domain.terms import MICROS_A_DAY, Micros, PlacementState, Window

_EPOCH = date(1970, 1, 1)


class RulesRunner:
    """Tells a world what a scenario says, and asks it."""

    def __init__(self, scenario: Scenario) -> None:
        self._world = World()
        self._today = scenario.today or _EPOCH + timedelta(days=TODAY)
        self._now = Micros(NOW + (day(self._day(0)) - TODAY) * MICROS_A_DAY)
        names = (*scenario.groups, *scenario.people)
        self._short = {name: f"n{index}" for index, name in enumerate(names)}
        self._ids: dict[str, bytes] = {}
        self._cases: dict[str, bytes] = {}
        for house in scenario.houses:
            self._world.facility(house.name, house.provider, house.area)

    def _day(self, offset: int | None) -> str | None:
        if offset is None:
            return None
        return (self._today + timedelta(days=offset)).isoformat()

    def apply(self, change: Change) -> None:
        """Let a change happen."""
        for line in change.cases:
            members = [self._short[person] for person in line.household]
            case = self._world.case(
                *members, assessed=line.assessed, org=line.municipality
            )
            self._cases[line.name] = case.handle
        for line in change.facts:
            self._record(line)
        for line in change.coverage:
            self._cover(line)
        for line in change.placements:
            self._place(line)
        for amended in change.amendments:
            self._amend(amended)

    def _record(self, line: FactLine) -> None:
        given = {
            "start": self._day(line.since),
            "end": self._day(line.until),
            "scheme": line.scheme,
            "grade": line.grade,
            "review_by": self._day(line.review_by),
            "approved": line.approved,
        }
        made = self._say(line.said, given)
        if line.name is not None:
            self._ids[line.name] = made

    def _say(self, said: Said, given: dict[str, Any]) -> bytes:
        short = self._short
        match said:
            case PartOf(child, parent, inherits):
                return self._world.faction(
                    short[child], short[parent], inherits=inherits, **given
                )
            case Rivals(one, other, severity):
                return self._world.rivalry(short[one], short[other], severity, **given)
            case Allied(one, other):
                return self._world.alliance(short[one], short[other], **given)
            case PresentIn(group, area, kind):
                return self._world.presence(short[group], area, kind.name, **given)
            case _:
                return self._say_of_person(said, given)

    def _say_of_person(self, said: Said, given: dict[str, Any]) -> bytes:
        short = self._short
        match said:
            case Belongs(person, group):
                return self._world.affiliation(short[person], short[group], **given)
            case Threatens(target, group, person):
                by = short.get(person)
                return self._world.threat(
                    short[target], group=short.get(group), by=by, **given
                )
            case LocatedIn(person, area):
                return self._world.located(short[person], area, **given)
            case TiedTo(person, area, danger):
                return self._world.tie(short[person], area, danger=danger, **given)
            case OnePerson(one, other):
                return self._world.same_as(short[one], short[other], **given)
        raise AssertionError(said)

    def _cover(self, line: CoverageLine) -> None:
        areas = self._world.ruleset.areas
        for code in areas if line.areas is None else line.areas:
            self._world.apply(
                CoverageAttested(
                    attestation=Attestation(
                        id=token(f"{code} {line.age} {line.region}"),
                        region=line.region or areas[code].police_region,
                        areas=(code,),
                        reviewed_on=day(self._day(-line.age)),
                    )
                )
            )

    def _place(self, line: PlacementLine) -> None:
        made = self._world.placement(
            self._world.state.cases[self._cases[line.case]],
            line.place.area,
            facility=line.place.house,
            start=self._day(line.since),
            end=self._day(line.until),
        )
        if line.name is not None:
            self._ids[line.name] = made

    def _amend(self, amended: Amended) -> None:
        world = self._world
        match amended:
            case Ended(name, on) if self._ids[name] in world.state.placements:
                world.apply(
                    PlacementEnded(
                        id=self._ids[name],
                        state=PlacementState.ENDED,
                        valid_to=day(self._day(on)),
                    )
                )
            case Ended(name, on):
                world.end(self._ids[name], self._day(on))
            case Retracted(name):
                world.retract(self._ids[name])
            case Regraded(name, grade, scheme):
                normal = world.ruleset.grades[scheme][grade]
                world.apply(
                    FactRegraded(
                        id=self._ids[name], scheme=scheme, given=grade, grade=normal
                    )
                )
            case Approved(name):
                self._approve(self._ids[name])
            case Assessed(case):
                world.apply(
                    CaseAssessed(handle=self._cases[case], person="co-01", children=())
                )
            case Closed():
                pass  # a closed case answers as before to the rules

    def _approve(self, fact: bytes) -> None:
        change = token("change")
        self._world.apply(
            ChangeProposed(
                id=change,
                person="co-01",
                region="stockholm",
                expires_at=self._now,
                records=(fact,),
                amendments=(),
            )
        )
        self._world.apply(ChangeApproved(id=change, person="co-02"))

    def answer(self, check: Check) -> tuple[str, ...]:
        """Return the names of the verdicts."""
        question = Question(
            case=self._world.state.cases[self._cases[check.case]],
            candidates=tuple(
                Candidate(
                    area=place.area,
                    facility=None if place.house is None else token(place.house),
                )
                for place in check.places
            ),
            window=Window(
                start=day(self._day(check.since)), end=day(self._day(check.until))
            ),
            now=self._now,
        )
        today = day(self._day(0))
        assessed = assess(self._world.state, question, self._world.ruleset, today)
        return tuple(one.verdict.name for one in assessed)
