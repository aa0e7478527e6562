"""The label book: every name of every registered group, as far as keys here open it.

Invariants:
    * a name that does not open has no name here and takes none from the others;
    * while the label key is replaced a name opens under either key, and is found by
      either fingerprint;
    * no exception and no ``repr`` holds a name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from placement.api.v1.registry_service_pb2 import MergedGroups, RegisteredGroup
from placement.errors import InvalidInputError, TamperedError
from placement_client.labels import LabelKey, normalise
from placement_client.similar import alike, ranked


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All names as the service lists them.

    Attributes:
        groups: the names.
        key_id: the label key in force; empty if none was named.
        merges: who says of which tokens that they are one group.
    """

    groups: Sequence[RegisteredGroup]
    key_id: bytes = b""
    merges: Sequence[MergedGroups] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One name of a registered group.

    Attributes:
        token: 16 bytes.
        name: as registered; for the terminal only.
        further: the group got it later than its first one.
        chief: the token that stands for the group; its own unless it was merged.
    """

    token: bytes = field(repr=False)
    name: str = field(repr=False)
    further: bool = field(default=False, repr=False)
    chief: bytes = field(default=b"", repr=False)


class LabelBook:
    """Every registered group by each of its names.

    Args:
        keys: the label keys of this machine, one at least.
        listing: what there is.

    Attributes:
        unopened: how many names do not open.
        merges: who says of which tokens that they are one group.

    Raises:
        TamperedError: two names share a fingerprint, hence are one name.
    """

    def __init__(self, keys: Sequence[LabelKey], listing: Listing) -> None:
        self._keys = keys
        self._key_id = listing.key_id
        self._labels: list[Label] = []
        self._by_print: dict[bytes, Label] = {}
        self.unopened = 0
        self.merges = listing.merges
        seen: set[bytes] = set()
        for group in listing.groups:
            if group.fingerprint in seen:
                raise TamperedError
            seen.add(group.fingerprint)
            name = opened(keys, group)
            if name is None:
                self.unopened += 1
            else:
                self._add(group, name)

    def _add(self, group: RegisteredGroup, name: str) -> None:
        label = Label(
            token=group.token,
            name=name,
            further=group.further,
            chief=group.merged_into or group.token,
        )
        self._labels.append(label)
        self._by_print[group.fingerprint] = label
        if group.renewed.fingerprint:
            self._by_print[group.renewed.fingerprint] = label

    def __repr__(self) -> str:
        """Return the type only."""
        return "LabelBook()"

    def __iter__(self) -> Iterator[Label]:
        """Iterate over the names, in their order."""
        return iter(sorted(self._labels, key=lambda label: label.name))

    def __contains__(self, name: str) -> bool:
        """Tell whether a group has a name, in any spelling.

        Secret: name
        """
        prints = (
            {key.fingerprint(name) for key in self._keys} if normalise(name) else ()
        )
        return any(each in self._by_print for each in prints)

    @property
    def key(self) -> LabelKey:
        """The label key in force, under which names are registered.

        Raises:
            InvalidInputError: it is not on this machine.
        """
        if not self._key_id:
            return self._keys[0]
        for key in self._keys:
            if key.id == self._key_id:
                return key
        phrase = "is not the one in force; get that by placement label-key fetch"
        raise InvalidInputError("label_key", phrase)

    @property
    def names(self) -> Mapping[bytes, str]:
        """The name of each token: the first one that it got, of those that open."""
        later_first = sorted(self._labels, key=lambda label: not label.further)
        return {label.token: label.name for label in later_first}

    def token(self, name: str, *, field: str = "group") -> bytes:
        """Return the token of a name in any spelling.

        Raises:
            InvalidInputError: no registered group has this name.

        Secret: name
        """
        if normalise(name):
            for key in self._keys:
                label = self._by_print.get(key.fingerprint(name))
                if label is not None:
                    return label.token
        raise InvalidInputError(field, "is not in the label book")

    def like(self, name: str) -> tuple[str, ...]:
        """Return up to three registered names that look like a name, likest first.

        Secret: name, and the result
        """
        return tuple(label.name for label in self.find(name)[:3])

    def find(self, text: str) -> Sequence[Label]:
        """Return the names that a text may mean, likest first.

        Secret: text, and the result
        """
        return ranked(text, self, lambda label: label.name)

    def doubles(self, name: str) -> Sequence[Label]:
        """Return the names that may be meant by another one; not the name itself.

        Secret: name, and the result
        """
        return [
            label
            for label in self
            if alike(name, label.name) and normalise(name) != normalise(label.name)
        ]


def opened(keys: Sequence[LabelKey], group: RegisteredGroup) -> str | None:
    """Return a name if one of some keys opens it, under either label key."""
    sealed = [(group.fingerprint, group.sealed_label)]
    if group.renewed.fingerprint:
        sealed.append((group.renewed.fingerprint, group.renewed.sealed_label))
    for fingerprint, label in sealed:
        for key in keys:
            try:
                return key.open(fingerprint, label)
            except TamperedError:
                continue
    return None
