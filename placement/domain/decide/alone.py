"""What nobody says, or takes away, alone: that on which a CONFLICT may rest."""

from typing import Final

from placement.domain.facts import (
    AnyFact,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.terms import PresenceKind

_WAR: Final = 3
"""The severity of a rivalry at which a rival's presence gives CONFLICT."""


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
