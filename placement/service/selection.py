"""Which entries a search selects: a filter, made ready for many entries.

Most entries are passed by without being read: what is looked for must stand among their
bytes, so whatever does not hold those bytes is not it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from placement.access import Action
from placement.audit.details import Details, Outline, glimpsed, opened
from placement.audit.entry import Entry, parse
from placement.domain.decide.searches import Cases, Filter
from placement.store.leaves import Kept

_LENGTH: Final = struct.Struct(">I")
_IDLE: Final = _LENGTH.pack(len(Action.IDLE.name)) + Action.IDLE.name.encode()
_WORDS_KEPT: Final = 1 << 16
TEXTS: Final = (
    "person",
    "organisation",
    "role",
    "kind",
    "action",
    "purpose",
    "outcome",
)
"""The fields of an entry that a filter compares whole."""


@lru_cache(maxsize=_WORDS_KEPT)
def word(name: str, value: bytes) -> int:
    """Return what summaries know a field's value by, 64 bits."""
    named = name.encode() + b"\0" + value
    return int.from_bytes(blake2b(named, digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that was selected, with its details as they were kept.

    Attributes:
        index: its place.
        content: its canonical bytes.
        entry: what they say.
        details: its details in bytes; ``None`` once the law took them.
    """

    index: int
    content: bytes
    entry: Entry
    details: bytes | None

    @property
    def size(self) -> int:
        """Return how many bytes entry and details have."""
        return len(self.content) + len(self.details or b"")

    @property
    def opened(self) -> Details | None:
        """Return the details.

        Raises:
            TamperedError: they are not those of the entry.
        """
        if self.details is None:
            return None
        return opened(self.details, self.entry.details)


class Selection:
    """A filter over one log.

    Args:
        asked: the filter.
        cases: the cases that its reference names; ``None``: it names none.
        alias: makes a case what entries show instead of it.
        details: opens a leaf's details.
        idle: whether it selects entries that only say that nothing happened; it does
            whenever it names their action.

    Attributes:
        wanted: groups of words, of each of which one stands in whatever is selected.
    """

    def __init__(
        self,
        asked: Filter,
        cases: Cases | None,
        *,
        alias: Callable[[bytes], bytes],
        details: Callable[[Kept], bytes | None],
        idle: bool = True,
    ) -> None:
        self.asked = asked
        self._busy = not idle and asked.action != Action.IDLE.name
        self._details = details
        self._texts = {name: value for name in TEXTS if (value := getattr(asked, name))}
        self._needles = tuple(
            _LENGTH.pack(len(value.encode())) + value.encode()
            for value in self._texts.values()
        )
        self._aliases = _aliases(asked, cases, alias)
        self.wanted = tuple(_wanted(self._texts, self._aliases, asked))
        self._inside = bool(
            self._aliases is not None or asked.verdict is not None or asked.decision
        )

    def find(self, leaf: Kept) -> Found | None:
        """Return a leaf if it is selected.

        Raises:
            TamperedError: it does not verify.
        """
        if not all(needle in leaf.entry for needle in self._needles):
            return None
        if self._busy and _is_idle(leaf.entry):
            return None
        details = self._details(leaf) if self._inside else None
        if self._inside and (details is None or not self._may_hold(details)):
            return None
        entry = parse(leaf.entry)
        if not self._matches(entry):
            return None
        if not self._inside:
            details = self._details(leaf)
        found = Found(leaf.index, leaf.entry, entry, details)
        return found if self._matches_details(found) else None

    def _may_hold(self, details: bytes) -> bool:
        """Tell whether details hold what is looked for, as far as that is quickly seen."""
        if self.asked.decision not in details:
            return False
        if self._aliases is not None and not any(
            map(details.__contains__, self._aliases)
        ):
            return False
        if self.asked.verdict is None:
            return True
        outline = glimpsed(details)
        return outline is not None and self.asked.verdict in outline.verdicts

    def _matches(self, entry: Entry) -> bool:
        asked, at = self.asked, entry.at
        if asked.since is not None and at < asked.since:
            return False
        if asked.until is not None and at >= asked.until:
            return False
        return all(getattr(entry, name) == text for name, text in self._texts.items())

    def _matches_details(self, found: Found) -> bool:
        if not self._inside:
            return True
        details = found.opened
        outline = details.outline if details else None
        return outline is not None and self._fits(outline)

    def _fits(self, outline: Outline) -> bool:
        asked = self.asked
        return (
            (self._aliases is None or outline.case in self._aliases)
            and (not asked.decision or asked.decision in outline.decisions)
            and (asked.verdict is None or asked.verdict in outline.verdicts)
        )


def _is_idle(entry: bytes) -> bool:
    """Tell whether an entry only says that nothing happened; few are read for it."""
    return _IDLE in entry and parse(entry).action == Action.IDLE.name


def _wanted(
    texts: dict[str, str], aliases: frozenset[bytes] | None, asked: Filter
) -> Iterator[frozenset[int]]:
    for name, text in texts.items():
        yield frozenset({word(name, text.encode())})
    if aliases is not None:
        yield frozenset(word("case", alias) for alias in aliases)
    if asked.verdict is not None:
        yield frozenset({word("verdict", bytes([asked.verdict]))})


def _aliases(
    asked: Filter, cases: Cases | None, alias: Callable[[bytes], bytes]
) -> frozenset[bytes] | None:
    """Return what entries show of the cases that are looked for, if any are.

    A case is given by its handle, or by what entries show; nobody can tell which.
    """
    found = None
    if asked.case:
        found = frozenset({asked.case, alias(asked.case)})
    if cases is not None:
        named = frozenset(map(alias, cases))
        found = named if found is None else found & named
    return found
