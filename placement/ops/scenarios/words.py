"""The sentences of a scenario: what a fact and a change may say.

A fact is one of the sentences of ``_FACTS``, followed by any of these, each once::

    , since today-400    , until today-1    , graded 2B    , graded B2 in 6x6
    , to be reviewed by today-1    , not yet approved

A change is one of the sentences of ``_CHANGES``. A day is ``today``, ``today-1`` or
``today+1``, or a date where the file itself says which day today is. An area is its
code and its name: ``1480 Göteborg``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from placement.domain.ruleset import Ruleset
from placement.domain.terms import AffiliationRole, AreaCode, PresenceKind, Scheme
from placement.ops.scenarios.form import (
    Allied,
    Amended,
    Approved,
    Assessed,
    Belongs,
    Closed,
    Confirmed,
    Ended,
    FactLine,
    GivenUp,
    LocatedIn,
    OnePerson,
    OverrideProposed,
    OverrideSigned,
    PartOf,
    Passed,
    PresentIn,
    Regraded,
    ReleaseApproved,
    Released,
    Retracted,
    Rivals,
    Said,
    Threatens,
    TiedTo,
)


@dataclass(slots=True)
class Names:
    """The names that a file has introduced so far, and what it is read by."""

    ruleset: Ruleset
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    today: date | None = None
    houses: dict[str, AreaCode] = field(default_factory=dict)
    cases: list[str] = field(default_factory=list)
    facts: dict[str, FactLine] = field(default_factory=dict)
    placements: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)


_SCHEMES = {
    "3x5x2": Scheme.THREE_FIVE_TWO,
    "6x6": Scheme.SIX_SIX,
    "4x4": Scheme.FOUR_FOUR,
}
_KINDS = {
    "has its base": PresenceKind.BASE,
    "have their base": PresenceKind.BASE,
    "is active": PresenceKind.ACTIVE,
    "are active": PresenceKind.ACTIVE,
    "is seen": PresenceKind.OCCASIONAL,
    "are seen": PresenceKind.OCCASIONAL,
}
Words = dict[str, Any]
Value = TypeVar("Value")

# <person:one> is the name of a person, read into "one".
_FACTS: dict[str, Callable[[Words], Said]] = {
    "<person> belongs to <group>": lambda w: Belongs(w["person"], w["group"]),
    "<person> belongs to <group> as <role>": lambda w: Belongs(
        w["person"], w["group"], AffiliationRole[w["role"].upper()]
    ),
    "<group:child> is part of <group:parent>": lambda w: PartOf(
        w["child"], w["parent"]
    ),
    "<group:child> is part of <group:parent> without its rivalries": lambda w: PartOf(
        w["child"], w["parent"], inherits_rivalry=False
    ),
    "<group:one> and <group:other> are rivals of severity <severity>": lambda w: Rivals(
        w["one"], w["other"], int(w["severity"])
    ),
    "<group:one> and <group:other> are allied": lambda w: Allied(w["one"], w["other"]),
    "<group> <kind> in <area>": lambda w: PresentIn(
        w["group"], w["area"], _KINDS[w["kind"]]
    ),
    "<group> threatens <person>": lambda w: Threatens(w["person"], group=w["group"]),
    "<person:source> threatens <person>": lambda w: Threatens(
        w["person"], person=w["source"]
    ),
    "<person> is located in <area>": lambda w: LocatedIn(w["person"], w["area"]),
    "<person> has a tie to <area>": lambda w: TiedTo(w["person"], w["area"]),
    "<person> is in danger in <area>": lambda w: TiedTo(
        w["person"], w["area"], danger=True
    ),
    "<person:one> and <person:other> are one person": lambda w: OnePerson(
        w["one"], w["other"]
    ),
}
_CHANGES: dict[str, Callable[[Words], Amended]] = {
    "<fact> ended on <day>": lambda w: Ended(w["fact"], w["day"]),
    "<placement> ended on <day>": lambda w: Ended(w["placement"], w["day"]),
    "<fact> was never true": lambda w: Retracted(w["fact"]),
    "<fact> is regraded to <grade>": lambda w: Regraded(w["fact"], w["grade"]),
    "<fact> is approved": lambda w: Approved(w["fact"]),
    "<case> is assessed": lambda w: Assessed(w["case"]),
    "<case> is closed": lambda w: Closed(w["case"]),
    "<case> is closed because consent was withdrawn": lambda w: Closed(
        w["case"], consent_withdrawn=True
    ),
    "<hold> is confirmed": lambda w: Confirmed(w["hold"]),
    "<hold> is given up": lambda w: GivenUp(w["hold"]),
    "<hours> hours pass": lambda w: Passed(int(w["hours"])),
    "<case> is released for <area>": lambda w: Released(w["case"], w["area"]),
    "the release of <case> is approved": lambda w: ReleaseApproved(w["case"]),
    "an override of <case> for <area> is proposed": lambda w: OverrideProposed(
        w["case"], w["area"]
    ),
    "the override of <case> is signed": lambda w: OverrideSigned(w["case"]),
}
_ENDINGS: dict[str, Callable[[Words], Words]] = {
    "since <day>": lambda w: {"since": w["day"]},
    "until <day>": lambda w: {"until": w["day"]},
    "graded <grade>": lambda w: {"grade": w["grade"]},
    "graded <grade> in <scheme>": lambda w: {
        "grade": w["grade"],
        "scheme": _SCHEMES[w["scheme"]],
    },
    "to be reviewed by <day>": lambda w: {"review_by": w["day"]},
    "not yet approved": lambda _: {"approved": False},
}


def read_fact(name: str | None, sentence: str, names: Names) -> FactLine:
    """Read a fact and remember its name.

    Raises:
        ValueError: the sentence says nothing known, or something twice.
    """
    says, *endings = sentence.split(", ")
    terms: Words = {}
    for ending in endings:
        more = _read(ending, _ENDINGS, names)
        if not terms.keys().isdisjoint(more):
            raise ValueError(f"{sentence!r} says something twice")
        terms |= more
    fact = FactLine(name=name, said=_read(says, _FACTS, names), **terms)
    if fact.grade not in names.ruleset.grades[fact.scheme]:
        raise ValueError(f"{fact.grade!r} is no grade")
    if not (fact.approved or fact.needs_approval):
        raise ValueError(f"{sentence!r} needs nobody's approval")
    if name is not None:
        if name in names.facts:
            raise ValueError(f"{name!r} names two facts")
        names.facts[name] = fact
    return fact


def read_change(sentence: str, names: Names) -> Amended:
    """Read a change of what was named before.

    Raises:
        ValueError: the sentence says nothing known.
    """
    return _read(sentence, _CHANGES, names)


def plain_area(text: str, ruleset: Ruleset) -> AreaCode:
    """Read an area's code and name.

    Raises:
        ValueError: no municipality has that code and name.
    """
    code, _, name = text.partition(" ")
    if code not in ruleset.areas or ruleset.areas[code].name != name:
        raise ValueError(f"{text!r} is no municipality")
    return AreaCode(code)


def day_offset(text: str, names: Names) -> int:
    """Read a day.

    Raises:
        ValueError: it is none.
    """
    if names.today is not None and not text.startswith("today"):
        return (date.fromisoformat(text) - names.today).days
    if not re.fullmatch(r"today([+-][1-9][0-9]*)?", text):
        raise ValueError(f"{text!r} is no day")
    return int(text.removeprefix("today") or 0)


def _read(
    sentence: str, known: Mapping[str, Callable[[Words], Value]], names: Names
) -> Value:
    slots = {
        "group": _any(names.groups),
        "person": _any(names.people),
        "case": _any(names.cases),
        "fact": _any(names.facts),
        "placement": _any(names.placements),
        "hold": _any(names.holds),
        "hours": "[1-9][0-9]*",
        "kind": _any(_KINDS),
        "scheme": _any(_SCHEMES),
        "role": _any(role.name.lower() for role in AffiliationRole),
        "severity": "[123]",
        "grade": "[A-Z0-9]{2}",
        "area": "[0-9]{4} .+",
        "day": "[a-z0-9+-]+",
    }

    def slot(found: re.Match[str]) -> str:
        return f"(?P<{found['name'] or found['slot']}>{slots[found['slot']]})"

    for template, build in known.items():
        pattern = re.sub(r"<(?P<slot>\w+)(:(?P<name>\w+))?>", slot, template)
        match = re.fullmatch(pattern, sentence)
        if match:
            words: Words = match.groupdict()
            if "day" in words:
                words["day"] = day_offset(words["day"], names)
            if "area" in words:
                words["area"] = plain_area(words["area"], names.ruleset)
            return build(words)
    raise ValueError(f"{sentence!r} says nothing known")


def _any(names: Iterable[str]) -> str:
    """Return a pattern for one of the names; without names it matches nothing."""
    return "|".join(re.escape(name) for name in names) or "(?!)"
