"""The names of groups, sealed, and the key under which coordinators seal them.

The service opens none of it: it keeps fingerprints, so that no group is registered
twice, and passes on what clients sealed for one another.

Invariants:
    * there is one label key in force, and every name stands under it;
    * while it is replaced, names are registered under the key in force alone, so that
      its fingerprints go on refusing doubles; the next key comes into force with every
      name at once, or not at all;
    * a name that is renewed keeps its place: of a group's names the first one stays it.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import assert_never

from placement.domain.facts import Group
from placement.domain.group_events import (
    ExchangeKeyPublished,
    ExchangeKeyWithdrawn,
    GroupNamed,
    GroupRegistered,
    LabelKeyHandedOver,
    LabelRenewed,
    NameEvent,
    RotationBegun,
    RotationEnded,
)
from placement.domain.terms import GroupToken

Person = tuple[str, str]
"""A coordinator: organisation and person id."""


class Names:
    """What is known of names.

    Attributes:
        groups: the names of each group, the one it was registered under first.
        prints: every fingerprint under either key, and whose it is.
        key: id of the label key in force; empty as long as none was named.
        rotation: what is under way, or ``None``.
        renewed: names under the next key, by their fingerprint under the key in force.
        exchange: exchange keys by owner.
        handed: label keys that lie ready, by receiver and then by their id.
    """

    def __init__(self) -> None:
        self.groups: dict[GroupToken, tuple[Group, ...]] = {}
        self.prints: dict[bytes, GroupToken] = {}
        self.key = b""
        self.rotation: RotationBegun | None = None
        self.renewed: dict[bytes, Group] = {}
        self.exchange: dict[Person, ExchangeKeyPublished] = {}
        self.handed: dict[Person, dict[bytes, LabelKeyHandedOver]] = {}

    def __iter__(self) -> Iterator[Group]:
        """Iterate over all names, group by group."""
        return (name for names in self.groups.values() for name in names)

    def further(self, name: Group) -> bool:
        """Tell whether a group got a name later than the one it was registered under."""
        return self.groups[name.token][0] != name

    @property
    def complete(self) -> bool:
        """Whether every name stands under the next key, too."""
        return all(name.fingerprint in self.renewed for name in self)

    @property
    def seen(self) -> bytes:
        """Digest of what was renewed, 32 bytes; see ``digest``."""
        return digest(self.renewed)

    def apply(self, event: NameEvent) -> None:
        """Fold one event in.

        Raises:
            KeyError: it speaks of something that isn't there.
        """
        match event:
            case GroupRegistered(group=group):
                self.groups[group.token] = (group,)
                self._add(group)
            case GroupNamed(group=group):
                self.groups[group.token] = (*self.groups[group.token], group)
                self._add(group)
            case ExchangeKeyPublished():
                person = event.organisation, event.person
                self.exchange[person] = event
                self.handed.pop(person, None)  # was sealed to the key before
            case ExchangeKeyWithdrawn():
                person = event.organisation, event.person
                self.exchange.pop(person, None)
                self.handed.pop(person, None)
            case LabelKeyHandedOver():
                person = event.organisation, event.person
                self.handed.setdefault(person, {})[event.key] = event
            case RotationBegun():
                self.rotation = event
            case LabelRenewed(renews=old, group=group):
                self.prints[group.fingerprint] = self.prints[old]
                self.renewed[old] = group
            case RotationEnded(done=done) if self.rotation is not None:
                self._end(self.rotation.to_key, done=done)
            case RotationEnded():
                raise KeyError
            case _ as never:
                assert_never(never)

    def _add(self, group: Group) -> None:
        self.prints[group.fingerprint] = group.token
        self.key = self.key or group.key

    def _end(self, to_key: bytes, *, done: bool) -> None:
        if done:
            self.key = to_key
            for token, names in self.groups.items():
                renewed = (self.renewed[name.fingerprint] for name in names)
                self.groups[token] = tuple(renewed)
        for person, keys in self.handed.items():
            kept = {key: each for key, each in keys.items() if (key == to_key) is done}
            self.handed[person] = kept
        self.prints = {name.fingerprint: name.token for name in self}
        self.renewed = {}
        self.rotation = None

    def records(self) -> Iterator[NameEvent]:
        """Yield events whose fold equals this."""
        for names in self.groups.values():
            yield GroupRegistered(group=names[0])
            yield from (GroupNamed(group=name) for name in names[1:])
        yield from self.exchange.values()
        for keys in self.handed.values():
            yield from keys.values()
        if self.rotation is not None:
            yield self.rotation
        for old, group in self.renewed.items():
            yield LabelRenewed(renews=old, group=group)


def digest(renewed: Mapping[bytes, Group]) -> bytes:
    """Return SHA-256 of renewed names: old and new fingerprint and label of each.

    In the order of the old fingerprints; each part behind its length in four bytes.
    """
    hashed = sha256()
    for old, name in sorted(renewed.items(), key=lambda item: item[0]):
        for part in (old, name.fingerprint, name.label):
            hashed.update(len(part).to_bytes(4, "big") + part)
    return hashed.digest()
