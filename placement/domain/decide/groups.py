"""Groups, facilities and their tokens; names never come here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from placement.access import Action
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.drafts import require_area
from placement.domain.events import FacilityRegistered
from placement.domain.facts import Facility, Group
from placement.domain.group_events import GroupNamed, GroupRegistered, GroupsMerged
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
class NameGroups(RequestCommand):
    """Give registered groups further names."""

    action = Action.GROUP_NAME

    names: tuple[Group, ...]

    @property
    def note(self) -> Note:
        """Name the groups where auditors don't see them."""
        return Note(tokens=tuple(dict.fromkeys(name.token for name in self.names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGroups(Command):
    """List registered groups.

    Attributes:
        after: token and fingerprint of the last name seen, or empty.
    """

    action = Action.GROUP_LIST

    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """Some names in the order of their groups, and whether there are more.

    Attributes:
        groups: the names.
        further: fingerprints of those that a group got later.
        renewed: names under the next label key, by fingerprint.
        chiefs: the tokens that stand for merged groups, by theirs.
        merges: whose lower token is among the groups.
        key: id of the label key in force, or empty.
        more: there are more.
    """

    groups: tuple[Group, ...]
    further: frozenset[bytes]
    renewed: Mapping[bytes, Group]
    chiefs: Mapping[GroupToken, GroupToken]
    merges: tuple[GroupsMerged, ...]
    key: bytes
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
    _require_new(state, groups, "groups")
    events = [GroupRegistered(group=group) for group in groups]
    return Outcome.written(*events, made=tuple(group.token for group in groups))


def name_groups(state: State, command: NameGroups, moment: Moment) -> Outcome:
    """Give groups further names; a name that is known already is refused."""
    del moment
    names = command.names
    require(1 <= len(names) <= MAX_REGISTERED, "names", "must be 1 to 100")
    if any(name.token not in state.groups for name in names):
        raise NotFoundError
    _require_new(state, names, "names")
    return Outcome.written(*(GroupNamed(group=name) for name in names))


def _require_new(state: State, names: Sequence[Group], field: str) -> None:
    """Refuse names that are known, and such as stand under another label key.

    Under another key a known name has another fingerprint, and would be a second group.

    Raises:
        ConflictError: a name is known, or stands twice.
        InvalidInputError: its label key is not the one in force.
    """
    key = state.names.key or names[0].key
    for index, name in enumerate(names):
        in_force = name.key == key
        require(in_force, f"{field}[{index}].key_id", "is not the label key in force")
    prints = {name.fingerprint for name in names}
    if len(prints) < len(names) or prints & state.names.prints.keys():
        raise ConflictError


def list_groups(state: State, command: ListGroups, moment: Moment) -> Outcome:
    """List a page of names."""
    del moment
    names, merges = state.names, state.merges
    later = (
        name for name in sorted(names, key=place_of) if place_of(name) > command.after
    )
    found = list(islice(later, PAGE + 1))
    groups = tuple(found[:PAGE])
    tokens = {name.token for name in groups}
    page = GroupPage(
        groups=groups,
        further=frozenset(one.fingerprint for one in groups if names.further(one)),
        renewed={
            one.fingerprint: names.renewed[one.fingerprint]
            for one in groups
            if one.fingerprint in names.renewed
        },
        chiefs={
            token: merges.of(token) for token in tokens if merges.of(token) != token
        },
        merges=tuple(link for link in merges if link.low in tokens),
        key=names.key,
        more=len(found) > PAGE,
    )
    return Outcome(reply=page)


def place_of(name: Group) -> bytes:
    """Return where a name stands in the list: token, then fingerprint."""
    return name.token + name.fingerprint


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
