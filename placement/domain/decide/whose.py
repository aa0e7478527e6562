"""Whose case it is: absent and not yours are the same answer."""

from itertools import takewhile

from placement.access import NATIONAL, Caller
from placement.domain.decide.command import Moment
from placement.domain.facts import Case
from placement.domain.state import State
from placement.domain.terms import CaseHandle
from placement.errors import NotFoundError


def own_case(state: State, caller: Caller, handle: CaseHandle) -> Case:
    """Return a municipality's own case.

    Raises:
        NotFoundError: there is none, or it is another municipality's.
    """
    case = state.cases.get(handle)
    if case is None or case.organisation != caller.organisation:
        raise NotFoundError
    return case


def shares_reference(
    state: State, organisation: str, reference: str, handle: CaseHandle
) -> bool:
    """Tell whether a municipality had opened a case under the same number before.

    Args:
        state: as it stands.
        organisation: the municipality.
        reference: its own case number.
        handle: of the case that is opened, or was; later ones do not count.

    Returns:
        Whether one of them is not closed.
    """
    under = state.casebook.under.get((organisation, reference), ())
    before = takewhile(lambda each: each != handle, under)
    return any(state.cases[each].closed_at is None for each in before)


def linked_case(
    state: State, caller: Caller, handle: CaseHandle, moment: Moment
) -> Case:
    """Return a case of a coordinator's own region; to the national unit, any.

    Raises:
        NotFoundError: there is none, or it is another region's.
    """
    case = state.cases.get(handle)
    if case is None or not polices(caller, case, moment):
        raise NotFoundError
    return case


def polices(caller: Caller, case: Case, moment: Moment) -> bool:
    """Tell whether a case is of a coordinator's own region; the national unit has all."""
    area = moment.ruleset.areas.get(case.organisation)
    region = None if area is None else area.police_region
    return caller.region in {region, NATIONAL}
