"""Facts as a coordinator states them: drawn at random, for the wire and for the model."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from kit.world import RULESET

from placement.api.v1 import types_pb2 as wire
from placement.domain import facts
from placement.domain.facts import AnyFact
from placement.domain.terms import (
    AffiliationRole,
    AreaCode,
    Day,
    Micros,
    PresenceKind,
    Reason,
    Scheme,
)

AREAS = ("2480", "2404", "0680")
"""The first two are near each other."""
PEOPLE, GROUPS = 5, 4
GRADES = ("1B", "2B", "2B", "3D", "1E")
_SCHEME = Scheme.THREE_FIVE_TWO
_person, _group = st.integers(0, PEOPLE - 1), st.integers(0, GROUPS - 1)
_area, _flag = st.sampled_from(AREAS), st.booleans()


def _two(of: Any) -> Any:
    return st.tuples(of, of).filter(lambda pair: pair[0] != pair[1])


SAID = st.one_of(
    st.tuples(st.just("affiliation"), _person, _group),
    st.tuples(st.just("affiliation"), _person, _group),
    st.tuples(st.just("rivalry"), _two(_group), st.integers(1, 3)),
    st.tuples(st.just("rivalry"), _two(_group), st.integers(1, 3)),
    st.tuples(st.just("alliance"), _two(_group)),
    st.tuples(st.just("faction"), _two(_group), _flag),
    st.tuples(st.just("presence"), _group, _area, st.integers(1, 3)),
    st.tuples(st.just("threat"), _person, _group),
    st.tuples(st.just("feud"), _two(_person)),
    st.tuples(st.just("located"), _person, _area),
    st.tuples(st.just("tie"), _person, _area, _flag),
    st.tuples(st.just("same_as"), _two(_person)),
)
"""What a fact says, in numbers of people and groups."""


@st.composite
def days(draw: Any) -> dict[str, int]:
    """Draw from when until when a fact holds, in days from today; mostly always."""
    given = {
        "valid_from": draw(st.sampled_from([None, None, None, -400, -30, 0, 5])),
        "valid_to": draw(st.sampled_from([None, None, None, None, -200, -1, 4, 40])),
        "review_by": draw(st.sampled_from([None, None, None, -1, 0, 3])),
    }
    start, end = given["valid_from"], given["valid_to"]
    if start is not None and end is not None and end < start:
        given["valid_to"] = None
    return {name: day for name, day in given.items() if day is not None}


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom numbers mean.

    Attributes:
        people: pseudonyms.
        groups: tokens.
    """

    people: tuple[bytes, ...]
    groups: tuple[bytes, ...]

    def stated(self, said: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
        """Return the name of a statement on the wire, and its attributes."""
        people, groups = self.people, self.groups
        match said:
            case "affiliation", who, group:
                return "affiliation", {"subject": people[who], "group": groups[group]}
            case "rivalry", (one, other), severity:
                pair = _pair(groups[one], groups[other])
                return "rivalry", pair | {"severity": severity}
            case "alliance", (one, other):
                return "alliance", _pair(groups[one], groups[other])
            case "faction", (child, parent), inherits:
                link = {"child": groups[child], "parent": groups[parent]}
                return "faction", link | {"inherits_rivalry": inherits}
            case "presence", group, area, kind:
                there = {"group": groups[group], "area": AreaCode(area)}
                return "presence", there | {"kind": PresenceKind(kind)}
            case _:
                return self._of_person(said)

    def _of_person(self, said: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
        people = self.people
        match said:
            case "threat", who, group:
                source = {"source_group": self.groups[group]}
                return "threat", {"target": people[who], "severity": 2} | source
            case "feud", (who, by):
                source = {"source_subject": people[by]}
                return "threat", {"target": people[who], "severity": 2} | source
            case "located", who, area:
                return "located", {"subject": people[who], "area": AreaCode(area)}
            case "tie", who, area, danger:
                tie = {"subject": people[who], "area": AreaCode(area)}
                return "tie", tie | {"danger": danger}
            case "same_as", (one, other):
                return "same_as", _pair(people[one], people[other])
        raise AssertionError(said)


def _pair(one: bytes, other: bytes) -> dict[str, bytes]:
    return {"low": min(one, other), "high": max(one, other)}


def on_the_wire(
    name: str, said: dict[str, Any], when: dict[str, int], given: str
) -> wire.Fact:
    """Return a fact as it is sent."""
    build = {
        "affiliation": lambda: wire.Affiliation(
            person=_somebody(said["subject"]), group=said["group"], role=1
        ),
        "rivalry": lambda: wire.Rivalry(
            group_a=said["high"], group_b=said["low"], severity=said["severity"]
        ),
        "alliance": lambda: wire.Alliance(group_a=said["high"], group_b=said["low"]),
        "faction": lambda: wire.Faction(
            child=said["child"],
            parent=said["parent"],
            own_rivalries_only=not said["inherits_rivalry"],
        ),
        "presence": lambda: wire.Presence(
            group=said["group"], area=said["area"], kind=int(said["kind"])
        ),
        "threat": lambda: wire.Threat(
            target=_somebody(said["target"]), severity=said["severity"], **_source(said)
        ),
        "located": lambda: wire.Located(
            person=_somebody(said["subject"]), area=said["area"]
        ),
        "tie": lambda: wire.Tie(
            person=_somebody(said["subject"]), area=said["area"], danger=said["danger"]
        ),
        "same_as": lambda: wire.SameAs(
            person_a=_somebody(said["high"]), person_b=_somebody(said["low"])
        ),
    }
    days_of = {f"{field}_day": day for field, day in when.items()}
    grade = wire.SourceGrade(scheme=wire.GRADE_SCHEME_THREE_FIVE_TWO, given=given)
    statement = {name: build[name]()}
    return wire.Fact(grade=grade, reason=1, **days_of, **statement)


def _somebody(pseudonym: bytes) -> wire.Person:
    return wire.Person(pseudonym=pseudonym)


def _source(said: dict[str, Any]) -> dict[str, Any]:
    if "source_group" in said:
        return {"group": said["source_group"]}
    return {"person": _somebody(said["source_subject"])}


_KINDS = {
    "affiliation": facts.Affiliation,
    "rivalry": facts.Rivalry,
    "alliance": facts.Alliance,
    "faction": facts.Faction,
    "presence": facts.Presence,
    "threat": facts.Threat,
    "located": facts.Located,
    "tie": facts.Tie,
    "same_as": facts.SameAs,
}


def in_the_model(
    name: str,
    said: dict[str, Any],
    when: dict[str, int],
    given: str,
    **own: Any,
) -> AnyFact:
    """Return a fact as the model keeps it; ``own`` are its id, its time, its approval."""
    more = {"role": AffiliationRole.CORE} if name == "affiliation" else {}
    return _KINDS[name](
        **{field: Day(day) for field, day in when.items()},
        author="co-01",
        region="national",
        scheme=_SCHEME,
        given=given,
        grade=RULESET.grades[_SCHEME][given],
        reason=Reason.INTELLIGENCE,
        recorded_at=Micros(own.pop("now")),
        **said,
        **more,
        **own,
    )


def must_wait(name: str, said: dict[str, Any]) -> bool:
    """Tell whether a fact can give CONFLICT by itself, or joins two persons."""
    return (
        said.get("severity") == 3
        or said.get("kind") is PresenceKind.BASE
        or bool(said.get("danger"))
        or name in ("threat", "same_as")
    )


def link_of(fact: AnyFact) -> frozenset[bytes] | None:
    """Return the two groups that a fact joins, if it does."""
    match fact:
        case facts.Rivalry() | facts.Alliance():
            return frozenset((fact.low, fact.high))
        case facts.Faction():
            return frozenset((fact.child, fact.parent))
        case _:
            return None
