"""What nobody says, or takes away, alone: that on which a CONFLICT may rest."""

from dataclasses import fields, replace
from typing import Final

from placement.domain.decide.command import Moment
from placement.domain.facts import (
    AnyFact,
    Fact,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.terms import Day, PresenceKind

_WAR: Final = 3
"""The severity of a rivalry at which a rival's presence gives CONFLICT."""
_FRAME: Final = tuple(each.name for each in fields(Fact))
"""What every fact has."""
_STRENGTHS: Final = ("severity", "last_violence_on", "kind", "inherits_rivalry")
"""What may differ between two that say the same, the one more and the other less."""


def needs_second(fact: AnyFact) -> bool:
    """Tell whether a fact can give CONFLICT by itself, or joins two persons."""
    match fact:
        case Rivalry(severity=severity):
            return severity == _WAR
        case Presence(kind=kind):
            return kind is PresenceKind.BASE
        case Tie(danger=danger):
            return danger
        case Threat() | SameAs():
            return True
        case _:
            return False


def ends_by_two(fact: AnyFact) -> bool:
    """Tell whether nobody ends a fact alone, since a CONFLICT may rest on it (ADR 0030).

    One person records most of these, because it is urgent; who takes them away again may
    take a CONFLICT away: a feud where a rival is placed, a faction that inherits it, a group
    that comes now and then where it threatens somebody.
    """
    match fact:
        case Rivalry() | Faction() | Presence() | Located():
            return True
        case _:
            return needs_second(fact)


def says_as_much(old: AnyFact, new: AnyFact, moment: Moment) -> bool:
    """Tell whether a link or a presence says of the same all that another does.

    As strongly, as long and as surely: then nobody loses anything by its end.
    """
    if not isinstance(new, Rivalry | Faction | Presence):
        return False
    if replace(old, **{name: getattr(new, name) for name in _FRAME}) != replace(
        new, **{name: getattr(old, name) for name in _STRENGTHS if hasattr(old, name)}
    ):
        return False
    lasts = _not_before(new.valid_to, old.valid_to)
    begins = new.valid_from is None or new.valid_from <= moment.today
    stands = new.grade >= old.grade and _not_before(new.review_by, old.review_by)
    return lasts and begins and stands and _strength(new) >= _strength(old)


def _not_before(new: Day | None, old: Day | None) -> bool:
    """Tell whether a day is not before another; none is never."""
    return new is None or (old is not None and new >= old)


def _strength(fact: AnyFact) -> int:
    if isinstance(fact, Rivalry):
        return fact.severity
    if isinstance(fact, Presence):
        return -fact.kind
    return isinstance(fact, Faction) and fact.inherits_rivalry
