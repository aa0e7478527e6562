"""What the service writes where nothing happens: entries and events that say so.

A thief of the database can't tell them from others; whoever has the keys can.
"""

from dataclasses import dataclass

from placement.access import Action
from placement.domain.decide.command import Command, Moment, Outcome
from placement.domain.idle_events import Idled
from placement.domain.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Command):
    """Write that nothing happened.

    Attributes:
        events: how many times the log of events says it, too.
    """

    action = Action.IDLE

    events: int


def idle(state: State, command: Idle, moment: Moment) -> Outcome:
    """Say it as often as it is asked for."""
    del state, moment
    return Outcome(reply=None, events=(Idled(),) * command.events)
