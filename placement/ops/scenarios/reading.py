"""Scenarios: facts, questions and verdicts in plain words (the design's list section 11).

A scenario is a YAML file that police and social services can read. It is parsed
strictly, an unknown key, name or sentence fails, into the dataclasses below, which know
nothing of how they are run: through the rules alone, or through a live service. Days
are offsets from the day it is run, because a live service runs on the real date.

The keys of a file (those marked * may be left out)::

    scenario: 1                     # its number in the design's list, 0 for others
    title: A rival's base
    because: One sentence that says why the verdicts are what they are.
    through: service *              # service or rules; else it is run through both
    today: 2028-02-28 *             # only through rules: a day that matters by itself
    groups: [A, B]
    people: [Hanna, Per]
    houses: *
      red house: {provider: Firm, area: 1480 Göteborg}
    given:                          # all of these may be left out
      cases:
        Hanna's case: {by: 1280 Malmö, household: [Hanna], assessed: false *}
      Per's case: {by: 1280 Malmö, household: [Per, Liv], children: [Liv] *}
      facts:                        # one sentence each, or "name: sentence"
        - Hanna belongs to A
        - the rivalry: A and B are rivals of severity 3, graded 2B
      coverage:
        - {of: whole country, days ago: 20}
        - {of: [1480 Göteborg], days ago: 91, by: Väst *}
      placements:
        - {case: Per's case, in: 1480 Göteborg, since: today-10, until: today *, name: p *}
      changes:                      # of what was named before, one sentence each
        - the rivalry ended on today-1
    steps:
      - then: *                     # the keys of ``given``
        checks:
          - {case: Hanna's case, in: 1480 Göteborg, expect: CONFLICT}
          - {case: Hanna's case, in: [red house, 1480 Göteborg], expect: [CLEAR, CLEAR]}
          - {case: Hanna's case, in: 1480 Göteborg, since: today+5, until: today+9, …}
          - {case: Hanna's case, in: 0199, refused: INVALID_INPUT}

A step of a file that is run through a service alone may have, too::

      - checks:
          - {case: Hanna's case, in: 1480 Göteborg, expect: CLEAR, holds: the hold}
          - {case: Per's case, in: 1480 Göteborg, expect: CONFLICT, holds: nothing}
        at once:                    # exactly one is held, whoever it is
          - {case: Hanna's case, in: 0680 Jönköping}
        alarms: {Hanna's case: CONFLICT}   # exactly these alerts are open
        overrides: 1                # as many signed ones stand in the register

A hold whose name stands there already is asked for again under the same request id.

What a sentence may say stands in ``words``.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import partial
from typing import Any, TypeVar

import yaml

from placement.domain.ruleset import Ruleset
from placement.domain.terms import Verdict
from placement.ops.scenarios.form import (
    CaseLine,
    Change,
    Check,
    CoverageLine,
    FactLine,
    House,
    Place,
    Placed,
    PlacementLine,
    Scenario,
    Step,
)
from placement.ops.scenarios.words import (
    Names,
    day_offset,
    plain_area,
    read_change,
    read_fact,
)

_REFUSALS = ("CASE_CLOSED", "BUDGET_SPENT", "INVALID_INPUT")
Value = TypeVar("Value")


def parse_scenario(text: str, ruleset: Ruleset) -> Scenario:
    """Read a file's text.

    Args:
        text: YAML.
        ruleset: which areas and grades there are.

    Raises:
        ValueError: an unknown key, name, sentence or value.
    """
    try:
        data = yaml.load(text, Loader=_Plain)  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        raise ValueError("this is not YAML") from error
    top = _Table(data)
    through = top.take("through", "both")
    _one_of(through, ("both", "rules", "service"))
    today = top.take("today", None)
    if (today is not None) and through != "rules":
        raise ValueError("a live service runs on the real date")
    parser = _Parser(
        Names(
            ruleset=ruleset,
            groups=_names(top.take("groups", [])),
            people=_names(top.take("people", [])),
            today=None if today is None else date.fromisoformat(today),
        )
    )
    scenario = Scenario(
        number=int(top.take("scenario")),
        title=top.take("title"),
        because=top.take("because"),
        through=through,
        today=parser.names.today,
        groups=parser.names.groups,
        people=parser.names.people,
        houses=parser.houses(top.take("houses", {})),
        given=parser.change(top.take("given", {})),
        steps=tuple(parser.step(step) for step in _list(top.take("steps"))),
    )
    top.close()
    parts: tuple[Change | Step, ...] = (scenario.given, *scenario.steps)
    if through != "service" and any(map(_is_served, parts)):
        raise ValueError("only a service holds, alarms and lets time pass")
    return scenario


def _is_served(part: Change | Step) -> bool:
    """Tell whether a part of a file says what the rules alone know nothing of."""
    change = part if isinstance(part, Change) else part.change
    if any(isinstance(each, Placed) for each in change.amendments):
        return True
    if any(case.children for case in change.cases):
        return True
    if isinstance(part, Change):
        return False
    looked = part.alarms is not None or part.overrides is not None
    return looked or bool(part.race) or any(each.holds for each in part.checks)


class _Plain(yaml.SafeLoader):
    """YAML in which every scalar is the text that stands there."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (the base's)


class _Table:
    """A mapping that must be used up."""

    def __init__(self, data: object) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"expected keys in {data!r}")  # noqa: TRY004
        self._left = dict(data)

    def take(self, key: str, *default: Any) -> Any:  # noqa: ANN401 (any value)
        """Take a key; without a default it must be there."""
        if key not in self._left and not default:
            raise ValueError(f"missing key {key!r}")
        return self._left.pop(key, *default)

    def close(self) -> None:
        """Refuse what is left."""
        if self._left:
            raise ValueError(f"unknown keys {sorted(self._left)}")


class _Parser:
    """Reads the parts of a file, learning names as they are introduced."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def houses(self, data: Mapping[str, object]) -> tuple[House, ...]:
        """Read the facilities."""
        return tuple(
            self._table(data[name], partial(self._house, name)) for name in data
        )

    def _house(self, name: str, table: _Table) -> House:
        house = House(
            name=name,
            provider=table.take("provider"),
            area=plain_area(table.take("area"), self.names.ruleset),
        )
        self.names.houses[name] = house.area
        return house

    def change(self, data: object) -> Change:
        """Read ``given`` or ``then``."""
        return self._table(data, self._change)

    def _change(self, table: _Table) -> Change:
        cases = table.take("cases", {})
        return Change(
            cases=tuple(
                self._table(cases[name], partial(self._case, name)) for name in cases
            ),
            facts=tuple(self._fact(line) for line in _list(table.take("facts", []))),
            coverage=tuple(
                self._table(line, self._coverage)
                for line in _list(table.take("coverage", []))
            ),
            placements=tuple(
                self._table(line, self._placement)
                for line in _list(table.take("placements", []))
            ),
            amendments=tuple(
                read_change(line, self.names)
                for line in _list(table.take("changes", []))
            ),
        )

    def _case(self, name: str, table: _Table) -> CaseLine:
        household = _names(table.take("household"))
        for person in household:
            _one_of(person, self.names.people)
        children = _names(table.take("children", []))
        for child in children:
            _one_of(child, household)
        assessed = table.take("assessed", "true")
        _one_of(assessed, ("true", "false"))
        self.names.cases.append(name)
        return CaseLine(
            name=name,
            municipality=plain_area(table.take("by"), self.names.ruleset),
            household=household,
            children=children,
            assessed=assessed == "true",
        )

    def _fact(self, line: object) -> FactLine:
        if isinstance(line, str):
            return read_fact(None, line, self.names)
        if not isinstance(line, dict) or len(line) != 1:
            raise ValueError(f"expected one sentence, not {line!r}")
        ((name, sentence),) = line.items()
        return read_fact(name, sentence, self.names)

    def _coverage(self, table: _Table) -> CoverageLine:
        of, by = table.take("of"), table.take("by", None)
        if by is not None:
            areas = self.names.ruleset.areas.values()
            regions = {area.police_region for area in areas}
            _one_of(by, (*regions, "national"))
        whole = of == "whole country"
        return CoverageLine(
            areas=None
            if whole
            else tuple(plain_area(area, self.names.ruleset) for area in _list(of)),
            age=int(table.take("days ago")),
            region=by,
        )

    def _placement(self, table: _Table) -> PlacementLine:
        case, until = table.take("case"), table.take("until", None)
        _one_of(case, self.names.cases)
        name = table.take("name", None)
        if name is not None:
            self.names.placements.append(name)
        return PlacementLine(
            name=name,
            case=case,
            place=self._place(table.take("in")),
            since=day_offset(table.take("since"), self.names),
            until=None if until is None else day_offset(until, self.names),
        )

    def _place(self, text: str) -> Place:
        if text in self.names.houses:
            return Place(area=self.names.houses[text], house=text)
        return Place(area=plain_area(text, self.names.ruleset))

    def step(self, data: object) -> Step:
        """Read a step."""
        return self._table(data, self._step)

    def _step(self, table: _Table) -> Step:
        change = self.change(table.take("then", {}))
        race = _list(table.take("at once", []))
        alarms = table.take("alarms", None)
        for case, verdict in (alarms or {}).items():
            _one_of(case, self.names.cases)
            _one_of(verdict, (*Verdict.__members__, "closed"))
        overrides = table.take("overrides", None)
        rest = race or alarms is not None or overrides is not None
        checks = _list(table.take("checks", *([[]] if rest else [])))
        return Step(
            change=change,
            checks=tuple(self._table(check, self._check) for check in checks),
            race=tuple(self._table(each, self._asked) for each in race),
            alarms=alarms,
            overrides=None if overrides is None else int(overrides),
        )

    def _asked(self, table: _Table) -> Check:
        """Read who asks for what at the same time as others."""
        case = table.take("case")
        _one_of(case, self.names.cases)
        return Check(case=case, places=(self._place(table.take("in")),))

    def _check(self, table: _Table) -> Check:
        case, places = table.take("case"), _list(table.take("in"))
        _one_of(case, self.names.cases)
        until = table.take("until", None)
        refused = table.take("refused", None)
        expected = () if refused else _names(_list(table.take("expect")))
        if refused is not None:
            _one_of(refused, _REFUSALS)
        elif len(expected) != len(places):
            raise ValueError("expected as many verdicts as places")
        for verdict in expected:
            _one_of(verdict, Verdict.__members__)
        unknown = refused == "INVALID_INPUT"
        holds = table.take("holds", None)
        if holds not in (None, "nothing", *self.names.holds):
            self.names.holds.append(holds)
        return Check(
            case=case,
            places=tuple(
                Place(area=place) if unknown else self._place(place) for place in places
            ),
            since=day_offset(table.take("since", "today"), self.names),
            until=None if until is None else day_offset(until, self.names),
            expected=expected,
            refused=refused,
            holds=holds,
        )

    @staticmethod
    def _table(data: object, read: Callable[[_Table], Value]) -> Value:
        table = _Table(data)
        value = read(table)
        table.close()
        return value


def _list(data: object) -> list[Any]:
    return data if isinstance(data, list) else [data]


def _names(data: object) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise ValueError(f"expected a list of names, not {data!r}")
    return tuple(data)


def _one_of(value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ValueError(f"{value!r} is not one of {sorted(known)}")
