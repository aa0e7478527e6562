"""Groups, facilities and their tokens; names never come here."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from placement.access import Action
from placement.domain.decide.command import (
    Command,
    Moment,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.drafts import require_area
from placement.domain.events import FacilityRegistered, GroupRegistered
from placement.domain.facts import Facility, Group
from placement.domain.state import State
from placement.domain.terms import GroupToken
from placement.errors import ConflictError, NotFoundError

MAX_REGISTERED: Final = 100
PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterGroups(RequestCommand):
    """Register groups, each with a fresh token."""

    action = Action.GROUP_REGISTER

    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGroups(Command):
    """List registered groups.

    Attributes:
        after: token of the last group seen, or empty.
    """

    action = Action.GROUP_LIST

    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """Some groups in the order of their tokens, and whether there are more."""

    groups: tuple[Group, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFacilities(RequestCommand):
    """Register facilities, each with a fresh token.

    Attributes:
        facilities: with the provider's token, fresh if the provider is new.
        new_providers: positions whose provider is new.
    """

    action = Action.FACILITY_REGISTER

    facilities: tuple[Facility, ...]
    new_providers: frozenset[int]


def register_groups(state: State, command: RegisterGroups, moment: Moment) -> Outcome:
    """Register groups; a name that is known already is refused."""
    del moment
    groups = command.groups
    require(1 <= len(groups) <= MAX_REGISTERED, "groups", "must be 1 to 100")
    prints = {group.fingerprint for group in groups}
    if len(prints) < len(groups) or not prints.isdisjoint(state.fingerprints):
        raise ConflictError
    events = [GroupRegistered(group=group) for group in groups]
    return Outcome.written(*events, made=tuple(group.token for group in groups))


def list_groups(state: State, command: ListGroups, moment: Moment) -> Outcome:
    """List a page of groups."""
    del moment
    later = (token for token in sorted(state.groups) if token > command.after)
    tokens: list[GroupToken] = list(islice(later, PAGE + 1))
    groups = tuple(state.groups[token] for token in tokens[:PAGE])
    return Outcome(reply=GroupPage(groups=groups, more=len(tokens) > PAGE))


def register_facilities(
    state: State, command: RegisterFacilities, moment: Moment
) -> Outcome:
    """Register facilities under new or known providers."""
    facilities = command.facilities
    require(1 <= len(facilities) <= MAX_REGISTERED, "facilities", "must be 1 to 100")
    made: list[bytes] = []
    for index, facility in enumerate(facilities):
        require_area(moment, facility.area, moment.today, f"facilities[{index}].area")
        known = facility.provider in state.providers
        if index not in command.new_providers and not known:
            raise NotFoundError
        made += [facility.token, facility.provider]
    events = [FacilityRegistered(facility=facility) for facility in facilities]
    return Outcome.written(*events, made=tuple(made))
