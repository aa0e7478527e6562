"""The register of releases and overrides, for audit staff."""

from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Moment, Outcome
from placement.domain.decide.searches import Admitted, Search, search
from placement.domain.permits import Permit
from placement.domain.state import State

MAX_LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPermits(Search):
    """Look through the register of releases and overrides."""

    action = Action.PERMIT_LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Admitted):
    """The reply to ``ListPermits``: the oldest first."""

    permits: tuple[Permit, ...]
    more: bool


def list_permits(state: State, command: ListPermits, moment: Moment) -> Outcome:
    """Show audit staff the permits that were asked for in a period."""
    admitted = search(state, command, moment)
    asked = command.filter
    since, until = asked.since or 0, moment.now if asked.until is None else asked.until
    found = [
        permit
        for permit in state.permits.values()
        if since <= permit.proposed_at < until
    ]
    listed = tuple(found[:MAX_LISTED])
    register = Register(
        search=command, cases=None, permits=listed, more=len(found) > len(listed)
    )
    return replace(admitted, reply=register)
