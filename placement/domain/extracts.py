"""Extracts that may be read now, and how many were asked for; nothing of whom.

Invariants:
    * asking for an extract keeps nothing about the person: what is kept can be made
      again by who names the same person, and tells nobody else who that is;
    * whether one may be asked for depends on how many were, and on nothing else.

>>> named(bytes(16), [b"a"]) == named(bytes(16), [b"b"])
False
"""

from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from placement.domain.events import Record
from placement.domain.extract_events import (
    ExtractAsked,
    ExtractEvent,
    ExtractGranted,
)
from placement.domain.ruleset import ExtractBudget
from placement.domain.ruleset_keys import LOOKED_BACK_DAYS
from placement.domain.terms import MICROS_A_DAY, FactId, Micros, stockholm_day

_DOMAIN: Final = b"placement-extract-v1"
_KEPT: Final = LOOKED_BACK_DAYS * MICROS_A_DAY


def named(change: bytes, subjects: Iterable[bytes]) -> bytes:
    """Return what a change keeps of the subjects that it names, 32 bytes.

    Args:
        change: its id, 16 random bytes, so that two extracts of one person differ.
        subjects: in any order.
    """
    return sha256(b"".join((_DOMAIN, change, *sorted(subjects)))).digest()


class Extracts:
    """The extracts of one log, as far as it was folded.

    Attributes:
        granted: those that a second person stood behind and that did not lapse long
            ago, by id.
    """

    def __init__(self) -> None:
        self.granted: dict[FactId, ExtractGranted] = {}
        self._asked: deque[tuple[Micros, ExtractAsked]] = deque()

    def apply(self, event: ExtractEvent, at: Micros) -> None:
        """Enter what happened; what is too old to matter is dropped."""
        for key, granted in tuple(self.granted.items()):
            if granted.expires_at <= at:
                del self.granted[key]
        if isinstance(event, ExtractGranted):
            self.granted[event.agreed.id] = event
            return
        self._asked.append((at, event))
        while self._asked[0][0] <= at - _KEPT:
            self._asked.popleft()

    def affords(self, asked: ExtractAsked, budget: ExtractBudget, now: Micros) -> bool:
        """Tell whether a person and their organisation may propose another one."""
        since, today = now - budget.days * MICROS_A_DAY, stockholm_day(now)
        by_all = by_person = 0
        for at, each in self._asked:
            if each.organisation == asked.organisation and at > since:
                by_all += 1
                by_person += each.person == asked.person and stockholm_day(at) == today
        return by_all < budget.organisation and by_person < budget.person_day

    def records(self) -> Iterator[Record]:
        """Yield records whose fold equals this."""
        for at, asked in self._asked:
            yield Record(at=at, event=asked)
        # Under the first instant, since at a later one others would lapse.
        for granted in self.granted.values():
            yield Record(at=Micros(0), event=granted)
