"""Watches of entries that belong together, whoever made them."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from placement.access import Action, Role
from placement.audit.entry import ANSWERED
from placement.domain.anomalies.seen import Seen
from placement.domain.anomalies.tallies import MAX_HELD, SHOWN, Found, Item, Tally
from placement.domain.ruleset import CaseLimit, Limit
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR

EVALUATE: Final = Action.EVALUATE.name
CASE_OPEN: Final = Action.CASE_OPEN.name
PROPOSE: Final = frozenset(
    {
        Action.PHANTOM_LIFT.name,
        Action.PLACE_RELEASE.name,
        Action.EXTRACT_PROPOSE.name,
    }
)
_CASEWORKER: Final = Role.CASEWORKER.value

_Person = tuple[str, str]


class Unfollowed:
    """Counts a caseworker's evaluations that no case of the same person follows.

    A case takes the newest evaluation that waits for one, and no other: it needs one for
    its household, and one false case must not cover for many evaluations.
    """

    def __init__(self, limit: CaseLimit) -> None:
        self._patience = limit.hours * MICROS_AN_HOUR
        self._tally = Tally(limit)
        self._due: deque[Item] = deque()
        self._waiting: dict[tuple[str, str], deque[int]] = {}

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Count what has waited in vain until now, then look at the entry."""
        found: list[Found] = []
        since = item.at - self._patience
        while self._due and (self._due[0].at <= since or len(self._due) > MAX_HELD):
            found += self._give_up(self._due.popleft(), item.at)
        if seen.entry.outcome == ANSWERED and seen.entry.role == _CASEWORKER:
            self._pair(seen.entry.action, item)
        return found

    def _pair(self, action: str, item: Item) -> None:
        key = (item.organisation, item.person)
        if action == EVALUATE:
            self._due.append(item)
            self._waiting.setdefault(key, deque()).append(item.entry)
        elif action == CASE_OPEN and key in self._waiting:
            self._waiting[key].pop()
            self._tidy(key)

    def _give_up(self, item: Item, now: int) -> Iterable[Found]:
        key = (item.organisation, item.person)
        waiting = self._waiting.get(key)
        # A case took another index off the end, so what is first is the oldest.
        if not waiting or waiting[0] != item.entry:
            return ()
        waiting.popleft()
        self._tidy(key)
        late = item._replace(at=min(item.at + self._patience, now))
        items = self._tally.add(key, (item.entry,), late)
        if not items:
            return ()
        return (Found(late.at, len(items), self._tally.allowed, items),)

    def _tidy(self, key: tuple[str, str]) -> None:
        if not self._waiting[key]:
            del self._waiting[key]

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        self._tally.forget(now)


class InTurn:
    """Counts approvals of two persons who each approve what the other one proposed.

    An approval counts once there is one the other way that it answers, with that one: who
    always has the same second person is nothing to it, unless that person is paid back.
    """

    def __init__(self, limit: Limit) -> None:
        self._tally = Tally(limit)
        self._span = limit.days * MICROS_A_DAY
        self._proposed: dict[bytes, tuple[_Person, int]] = {}
        self._open: dict[tuple[_Person, _Person], deque[Item]] = {}

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Remember who proposed something, or look at who approves it."""
        person = (item.organisation, item.person)
        if seen.entry.action in PROPOSE:
            for each in seen.outline.objects:
                self._proposed[each] = person, item.at
            while len(self._proposed) > MAX_HELD:
                del self._proposed[next(iter(self._proposed))]
            return ()
        known = [each for each in seen.outline.objects if each in self._proposed]
        if not known:
            return ()
        other, _ = self._proposed.pop(known[0])
        return self._approved(person, other, item)

    def _approved(self, person: _Person, other: _Person, item: Item) -> Iterable[Found]:
        waiting = self._open.get((other, person))
        while waiting and waiting[0].at <= item.at - self._span:
            waiting.popleft()
        if not waiting:
            mine = self._open.setdefault((person, other), deque(maxlen=SHOWN))
            mine.append(item)
            return ()
        answered = waiting.popleft()._replace(at=item.at)
        pair = frozenset({person, other})
        first = self._tally.add(pair, (answered.entry,), answered)
        items = self._tally.add(pair, (item.entry,), item)
        if first:  # it was told with one of the two; both belong to it
            items = (*first, item)
        if not items:
            return ()
        return (Found(item.at, len(items), self._tally.allowed, items),)

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        since = now - self._span
        self._tally.forget(now)
        self._proposed = {
            key: (person, at)
            for key, (person, at) in self._proposed.items()
            if at > since
        }
        self._open = {
            key: items
            for key, items in self._open.items()
            if items and items[-1].at > since
        }
