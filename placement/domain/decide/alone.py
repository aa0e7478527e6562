"""What nobody says, or takes away, alone: that on which a CONFLICT may rest."""

from typing import Final

from placement.domain.facts import (
    AnyFact,
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
    """Tell whether nobody ends a fact alone, since a CONFLICT may rest on it.

    An active presence and where somebody is are recorded by one person, because it is
    urgent; who takes them away again takes a CONFLICT away.
    """
    match fact:
        case Presence(kind=kind):
            return kind is not PresenceKind.OCCASIONAL
        case Located():
            return True
        case _:
            return needs_second(fact)
