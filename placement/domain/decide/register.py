"""The register of releases, overrides and lifts of phantom stays, for audit staff."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Moment, Outcome
from placement.domain.decide.haunting import waiting_lifts
from placement.domain.decide.searches import Admitted, Search, search
from placement.domain.events import ChangeProposed
from placement.domain.haunt_events import Lift, PhantomsLifted
from placement.domain.permits import Permit
from placement.domain.state import State
from placement.domain.terms import Micros, stockholm_day

MAX_LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPermits(Search):
    """Look through the register of releases, overrides and lifts."""

    action = Action.PERMIT_LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Admitted):
    """The reply to ``ListPermits``: the oldest first.

    Attributes:
        permits: that were asked for in the period.
        lifts: of phantom stays, that were approved in it.
        waiting: lifts that wait now, if the period reaches today.
        more: there are more permits, or more lifts.
    """

    permits: tuple[Permit, ...]
    lifts: tuple[Lift, ...]
    waiting: tuple[tuple[ChangeProposed, PhantomsLifted], ...]
    more: bool


def list_permits(state: State, command: ListPermits, moment: Moment) -> Outcome:
    """Show audit staff the permits and lifts of a period."""
    admitted = search(state, command, moment)
    asked = command.filter
    since, until = asked.since or 0, moment.now if asked.until is None else asked.until
    found = [
        permit
        for permit in state.permits.values()
        if since <= permit.proposed_at < until
    ]
    lifts = [lift for lift in state.haunts.lifts if since <= lift.at < until]
    # To the day: who asks until now asked a moment ago.
    reaches = stockholm_day(Micros(min(until, moment.now))) >= moment.today
    waiting = waiting_lifts(state, moment) if reaches else ()
    register = Register(
        search=command,
        cases=None,
        permits=tuple(found[:MAX_LISTED]),
        lifts=tuple(lifts[:MAX_LISTED]),
        waiting=tuple(islice(waiting, MAX_LISTED)),
        more=max(len(found), len(lifts)) > MAX_LISTED,
    )
    return replace(admitted, reply=register)
