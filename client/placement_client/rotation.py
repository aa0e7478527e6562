"""Seal every name anew under another label key, and verify that somebody did so rightly.

Invariants:
    * what is renewed is the same name, or, of a name that opens nowhere, a word that
      says so: no group loses its label;
    * whoever puts the next key into force opened both labels of every name.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from placement.api.v1.group_service_pb2 import RenewedLabel
from placement.api.v1.registry_service_pb2 import RegisteredGroup
from placement.errors import InvalidInputError, TamperedError
from placement_client.groups import MAX_NAMES, GroupCalls
from placement_client.label_book import Listing
from placement_client.labels import LabelKey

LOST: Final = "does not open every name; --name-lost gives those that don't a word"
"""What is wrong with a label key under which a name would be lost."""
_MISSING: Final = "is not complete; have whoever began run placement label-key rotate"


def lost_name(fingerprint: bytes) -> str:
    """Return the word for a name that no key opens any more."""
    return f"lost {fingerprint[:8].hex()}"


def renewal(
    old: LabelKey, new: LabelKey, group: RegisteredGroup, *, name_lost: bool
) -> RenewedLabel:
    """Return a name under the next key.

    Raises:
        InvalidInputError: it does not open, and no word shall stand for it.
    """
    name = _name(old, group)
    if name is None:
        if not name_lost:
            raise InvalidInputError("label_key", LOST)
        name = lost_name(group.fingerprint)
    made = new.new_group(name)
    return RenewedLabel(
        renews=group.fingerprint,
        fingerprint=made.fingerprint,
        sealed_label=made.sealed_label,
    )


def renew(
    calls: GroupCalls,
    listing: Callable[[], Listing],
    keys: tuple[LabelKey, LabelKey],
    *,
    name_lost: bool = False,
) -> int:
    """Renew whatever was not, until nothing is left, and return how many names it was.

    Args:
        calls: over them.
        listing: lists all names; asked again, since others register meanwhile.
        keys: the one in force and the next one.
        name_lost: let a word stand for a name that does not open.

    Raises:
        InvalidInputError: a name does not open, and no word shall stand for it.
        PlacementError: a call failed; what was renewed stays so.
    """
    old, new = keys
    count = 0
    while True:
        waiting = [each for each in listing().groups if not each.renewed.fingerprint]
        if not waiting:
            return count
        made = [renewal(old, new, each, name_lost=name_lost) for each in waiting]
        for start in range(0, len(made), MAX_NAMES):
            calls.renew_labels(new.id, made[start : start + MAX_NAMES])
        count += len(made)


def verified(
    groups: Sequence[RegisteredGroup], keys: tuple[LabelKey, LabelKey]
) -> bytes:
    """See that every name is the same under both keys; return the digest of that.

    Raises:
        InvalidInputError: a name is not renewed yet.
        TamperedError: a renewed name does not open, or is another one.
    """
    old, new = keys
    for group in groups:
        if not group.renewed.fingerprint:
            raise InvalidInputError("rotation", _MISSING)
        name = _name(old, group) or lost_name(group.fingerprint)
        renewed = group.renewed
        if new.open(renewed.fingerprint, renewed.sealed_label) != name:
            raise TamperedError
    return seen(groups)


def seen(groups: Sequence[RegisteredGroup]) -> bytes:
    """Return the digest of renewed names, 32 bytes (docs/protocol.md)."""
    hashed = hashlib.sha256()
    for group in sorted(groups, key=lambda each: each.fingerprint):
        renewed = group.renewed
        for part in (group.fingerprint, renewed.fingerprint, renewed.sealed_label):
            hashed.update(len(part).to_bytes(4, "big") + part)
    return hashed.digest()


def _name(key: LabelKey, group: RegisteredGroup) -> str | None:
    try:
        return key.open(group.fingerprint, group.sealed_label)
    except TamperedError:
        return None
