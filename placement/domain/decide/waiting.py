"""What waits for a second person."""

from placement.domain.decide.command import Moment
from placement.domain.events import Amendment
from placement.domain.state import State
from placement.domain.terms import FactId


def waiting_records(state: State, moment: Moment) -> set[FactId]:
    """Return the facts that a change that has not lapsed would make firm."""
    return {
        fact_id
        for change in state.changes.values()
        if moment.now < change.expires_at
        for fact_id in change.records
    }


def waiting_for(state: State, moment: Moment, amendment: Amendment) -> FactId | None:
    """Return the change that waits to do just that; None if none does."""
    return next(
        (
            change.id
            for change in state.changes.values()
            if moment.now < change.expires_at and amendment in change.amendments
        ),
        None,
    )
