"""Exchange keys of coordinators, and label keys that they leave for one another.

The service verifies nothing of it and opens nothing: whoever seals to a key, or opens
what was sealed, verifies signature, certificate and role first.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from placement.access import Action, Caller
from placement.domain.decide.command import (
    Command,
    Moment,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.group_events import (
    ExchangeKeyPublished,
    LabelKeyHandedOver,
    RotationBegun,
)
from placement.domain.names import Person
from placement.domain.state import State
from placement.errors import ConflictError, NotFoundError

MAX_HANDED: Final = 200
PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowLabelKeys(Command):
    """Show what there is to know of label keys.

    Attributes:
        after: the last owner seen, or ``None``.
    """

    action = Action.LABEL_KEYS_SHOW

    after: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelKeys:
    """What there is to know of label keys.

    Attributes:
        key: id of the one in force; empty before a first one was named.
        rotation: what is under way, or ``None``.
        exchange: some exchange keys, in the order of their owners.
        handed: on the first page, what lies ready for the caller.
        more: there are more exchange keys.
    """

    key: bytes
    rotation: RotationBegun | None
    exchange: tuple[ExchangeKeyPublished, ...]
    handed: tuple[LabelKeyHandedOver, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishExchangeKey(RequestCommand):
    """Publish the caller's exchange key.

    Attributes:
        public_key: 32 bytes.
        certificate: PEM.
        signature: of the key, DER.
    """

    action = Action.EXCHANGE_KEY_PUBLISH

    public_key: bytes
    certificate: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedKey:
    """A label key, sealed to one coordinator.

    Attributes:
        receiver: whom it is for.
        key: which label key, 16 bytes.
        sealed: the key.
        signature: the sender's, DER.
    """

    receiver: Person
    key: bytes
    sealed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverLabelKey(RequestCommand):
    """Leave label keys for other coordinators.

    Attributes:
        certificate: the caller's, PEM.
        keys: what is left for whom.
    """

    action = Action.LABEL_KEY_HAND_OVER

    certificate: bytes
    keys: tuple[SealedKey, ...]


def show_label_keys(state: State, command: ShowLabelKeys, moment: Moment) -> Outcome:
    """Show the label key in force, exchange keys, and what lies ready for the caller."""
    del moment
    names, after = state.names, command.after
    later = (each for each in sorted(names.exchange) if after is None or each > after)
    owners = list(islice(later, PAGE + 1))
    handed = names.handed.get(person_of(command.caller), {}) if after is None else {}
    keys = LabelKeys(
        key=names.key,
        rotation=names.rotation,
        exchange=tuple(names.exchange[each] for each in owners[:PAGE]),
        handed=tuple(handed.values()),
        more=len(owners) > PAGE,
    )
    return Outcome(reply=keys)


def publish_exchange_key(
    state: State, command: PublishExchangeKey, moment: Moment
) -> Outcome:
    """Publish an exchange key under the caller's own name."""
    del state, moment
    event = ExchangeKeyPublished(
        organisation=command.caller.organisation,
        person=command.caller.person,
        public_key=command.public_key,
        certificate=command.certificate,
        signature=command.signature,
    )
    return Outcome.written(event)


def hand_over_label_key(
    state: State, command: HandOverLabelKey, moment: Moment
) -> Outcome:
    """Leave the label key in force, or the next one, for others."""
    del moment
    names = state.names
    known = (
        {names.key} if names.rotation is None else {names.key, names.rotation.to_key}
    )
    # Before the first name there is no key in force, and any may be shared.
    if any(known - {b""}) and any(each.key not in known for each in command.keys):
        raise ConflictError
    return Outcome.written(*handed(state, command.caller, command))


def handed(
    state: State, caller: Caller, given: HandOverLabelKey
) -> tuple[LabelKeyHandedOver, ...]:
    """Return what lies ready once keys were left for others.

    Raises:
        InvalidInputError: none, or too many.
        NotFoundError: a receiver who published no exchange key.
    """
    keys = given.keys
    require(1 <= len(keys) <= MAX_HANDED, "keys", "must be 1 to 200")
    if any(each.receiver not in state.names.exchange for each in keys):
        raise NotFoundError
    return tuple(
        LabelKeyHandedOver(
            organisation=each.receiver[0],
            person=each.receiver[1],
            from_organisation=caller.organisation,
            from_person=caller.person,
            certificate=given.certificate,
            key=each.key,
            sealed=each.sealed,
            signature=each.signature,
        )
        for each in keys
    )


def person_of(caller: Caller) -> Person:
    """Return who a caller is among coordinators."""
    return caller.organisation, caller.person
