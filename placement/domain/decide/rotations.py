"""Replace the label key without losing a label.

One coordinator begins, with the next key handed to those who stay, and renews every
name. Another one, whose client opened both labels of every name and found the same in
them, puts the next key into force. So nobody alone can spoil the label book, and the
old key is not let go before a second machine holds the next one.

Invariants:
    * of two coordinators who begin at once one does: each names the key that it replaces;
    * the next key comes into force with every name, and with those that were verified.
"""

from dataclasses import dataclass, replace

from placement.access import Action
from placement.domain.decide.command import Moment, Outcome, RequestCommand, require
from placement.domain.decide.label_keys import (
    MAX_HANDED,
    HandOverLabelKey,
    handed,
    person_of,
)
from placement.domain.facts import Group
from placement.domain.group_events import (
    ExchangeKeyWithdrawn,
    LabelRenewed,
    RotationBegun,
    RotationEnded,
)
from placement.domain.names import Person
from placement.domain.state import State
from placement.errors import AccessDeniedError, ConflictError, StaleError

MAX_RENEWED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginRotation(HandOverLabelKey):
    """Begin to replace the label key.

    Attributes:
        from_key: the key in force, as the caller knows it.
        to_key: the next one.
        without: who gets no label key any more.
    """

    action = Action.ROTATION_BEGIN

    from_key: bytes
    to_key: bytes
    without: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """One name under the next key.

    Attributes:
        renews: its fingerprint under the key in force.
        fingerprint: its fingerprint under the next one.
        label: the name, sealed under the next one.
    """

    renews: bytes
    fingerprint: bytes
    label: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewLabels(RequestCommand):
    """Leave names sealed under the next key."""

    action = Action.LABELS_RENEW

    to_key: bytes
    renewals: tuple[Renewal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRotation(RequestCommand):
    """Put the next key into force, or give it up.

    Attributes:
        to_key: the next key.
        give_up: the key in force stays.
        seen: digest of the renewed names that the caller verified.
    """

    action = Action.ROTATION_END

    to_key: bytes
    give_up: bool
    seen: bytes


def begin_rotation(state: State, command: BeginRotation, moment: Moment) -> Outcome:
    """Begin, if nobody else did and the key in force is still the one that was meant."""
    del moment
    names, me = state.names, person_of(command.caller)
    if names.rotation is not None or command.from_key != names.key or not names.groups:
        raise ConflictError
    differ = command.to_key != names.key
    require(differ, "to_key_id", "must be another key than the one in force")
    fits = all(each.key == command.to_key for each in command.keys)
    require(fits, "keys", "must all be the next key")
    receivers = {each.receiver for each in command.keys}
    require(receivers - {me}, "keys", "must go to another coordinator, too")
    left_out = set(command.without)
    require(len(left_out) <= MAX_HANDED, "without", "must be at most 200")
    require(not left_out & {me, *receivers}, "without", "must not get the next key")
    return Outcome.written(
        RotationBegun(
            from_key=command.from_key,
            to_key=command.to_key,
            organisation=command.caller.organisation,
            person=command.caller.person,
        ),
        *handed(state, command.caller, command),
        *(
            ExchangeKeyWithdrawn(organisation=organisation, person=person)
            for organisation, person in sorted(left_out)
        ),
    )


def renew_labels(state: State, command: RenewLabels, moment: Moment) -> Outcome:
    """Let names stand under the next key, too."""
    del moment
    rotation = _under_way(state, command.to_key)
    # Whoever ends it verifies what somebody else renewed.
    if (rotation.organisation, rotation.person) != person_of(command.caller):
        raise AccessDeniedError
    renewals = command.renewals
    require(1 <= len(renewals) <= MAX_RENEWED, "labels", "must be 1 to 100")
    old = {each.renews for each in renewals}
    new = {each.fingerprint for each in renewals}
    waiting = {
        name.fingerprint: name
        for name in state.names
        if name.fingerprint not in state.names.renewed
    }
    once = len(old) == len(new) == len(renewals)
    if not once or not old <= waiting.keys() or new & state.names.prints.keys():
        raise ConflictError
    return Outcome.written(
        *(
            LabelRenewed(
                renews=each.renews,
                group=_renewed(waiting[each.renews], each, command.to_key),
            )
            for each in renewals
        )
    )


def _renewed(name: Group, renewal: Renewal, key: bytes) -> Group:
    return replace(name, fingerprint=renewal.fingerprint, label=renewal.label, key=key)


def end_rotation(state: State, command: EndRotation, moment: Moment) -> Outcome:
    """Put the next key into force for every name at once, or give it up."""
    del moment
    rotation = _under_way(state, command.to_key)
    if command.give_up:
        return Outcome.written(RotationEnded(done=False))
    if rotation.person == command.caller.person:
        raise AccessDeniedError
    if not state.names.complete:
        raise ConflictError
    if command.seen != state.names.seen:
        raise StaleError
    return Outcome.written(RotationEnded(done=True))


def _under_way(state: State, to_key: bytes) -> RotationBegun:
    """Return the rotation to a key.

    Raises:
        ConflictError: there is none.
    """
    rotation = state.names.rotation
    if rotation is None or rotation.to_key != to_key:
        raise ConflictError
    return rotation
