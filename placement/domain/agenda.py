"""What has to be weighed again: the outbox of every change that can alter a verdict.

A *touch* says what a change can alter the verdict of. It follows from the event that
made it, so it stands in the log as soon as the change does, and nothing can come between
the two. A *due* is a touch that has not been worked off; working on it is an event too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    Day,
    FactId,
    GroupToken,
    Micros,
    ProviderToken,
    Revision,
    SubjectId,
)

PIECE: Final = 4_000
"""How much a record of a snapshot holds: some 32 bytes each, of the 1 MiB of a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What a change can alter the verdict of.

    Attributes:
        groups: whoever belongs to them, or to groups close to them.
        kin: the same, where links between factions changed, which reach further.
        areas: whoever is placed there or near.
        covered: the same, as far as the verdict is UNKNOWN.
        subjects: whoever is one of these persons, or placed where they are.
        cases: the placements of these, and whoever is placed where those are.
        places: these areas, without what is near.
        providers: whoever is placed in a house of theirs.
        first_day: with ``last_day``: whatever a date in between changes.
        last_day: see ``first_day``.
        everything: all placements.
        sweep: nothing should be found; what is found is an incident.
    """

    groups: tuple[GroupToken, ...] = ()
    kin: tuple[GroupToken, ...] = ()
    areas: tuple[AreaCode, ...] = ()
    covered: tuple[AreaCode, ...] = ()
    subjects: tuple[SubjectId, ...] = ()
    cases: tuple[CaseHandle, ...] = ()
    places: tuple[AreaCode, ...] = ()
    providers: tuple[ProviderToken, ...] = ()
    first_day: Day | None = None
    last_day: Day | None = None
    everything: bool = False
    sweep: bool = False

    @property
    def size(self) -> int:
        """How much it takes to write it down: one, and one for each that it names."""
        named = (self.groups, self.kin, self.areas, self.covered, self.subjects)
        return 1 + sum(map(len, (*named, self.cases, self.places, self.providers)))

    @property
    def slow(self) -> bool:
        """Whether it may reach very many, and others go first."""
        return self.everything or self.first_day is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A touch that is to be worked off.

    Attributes:
        revision: of the event that made it.
        touch: what it is.
        after: the last placement that was weighed for it, in the order of their ids;
            empty before the first.
    """

    revision: Revision
    touch: Touch
    after: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is worked off together: a slow due, or all others up to a revision.

    Attributes:
        until: the last revision.
        after: the last placement that was weighed for it; empty before the first.
    """

    until: Revision
    after: FactId


def joined(touches: Iterable[Touch]) -> Touch:
    """Return what touches touch together, each thing once."""
    found: dict[str, Any] = {}
    for touch in touches:
        for name in _NAMES:
            value = getattr(touch, name)
            if not value:  # most are nothing
                continue
            if isinstance(value, tuple):
                found.setdefault(name, {}).update(dict.fromkeys(value))
            else:
                found[name] = value
    lists = {name: tuple(each) for name, each in found.items() if type(each) is dict}
    return Touch(**(found | lists))


_NAMES: Final = tuple(each.name for each in fields(Touch))
NOTHING: Final = Touch()


class Agenda:
    """Everything that is due, in the order it came.

    Attributes:
        day: the last day that was noticed to have begun; 0 before any.
        rules: digests of the rules that were ever followed, the last ones at the end.
        ruled_at: when that was; 0 before any.
    """

    def __init__(self) -> None:
        self.day = Day(0)
        self.rules: tuple[bytes, ...] = ()
        self.ruled_at = Micros(0)
        self._due: dict[Revision, Due] = {}

    def follow(self, rules: bytes, at: Micros) -> None:
        """Note which rules are in force."""
        others = (each for each in self.rules if each != rules)
        self.rules = (*others, rules)
        self.ruled_at = at

    def add(self, revision: Revision, touches: Iterable[Touch]) -> None:
        """Put what an event touched on the agenda; nothing if it touched nothing."""
        touch = joined(touches)
        if touch != NOTHING:
            self._due[revision] = Due(revision=revision, touch=touch, after=FactId(b""))

    def keep(self, due: tuple[Due, ...], *, further: bool = False) -> None:
        """Have this on the agenda and nothing else; for snapshots.

        Args:
            due: a piece of what was.
            further: what was kept before this stays.
        """
        if not further:
            self._due = {}
        self._due.update((each.revision, each) for each in due)

    def pieces(self) -> Iterator[tuple[Due, ...]]:
        """Yield everything that is due, each piece as much as one record shall hold.

        At least one, which may be empty.
        """
        piece: list[Due] = []
        size = 0
        for due in self:
            if piece and size + due.touch.size > PIECE:
                yield tuple(piece)
                piece, size = [], 0
            piece.append(due)
            size += due.touch.size
        yield tuple(piece)

    def work_off(self, until: Revision, after: FactId, *, done: bool) -> None:
        """Note how far a round has come.

        What is not on the agenda is passed by: another release may have touched more.
        """
        for due in self._of_round(until):
            if done:
                del self._due[due.revision]
            else:
                self._due[due.revision] = replace(due, after=after)

    def next(self) -> Round | None:
        """Return what to work on: all that is not slow, else the oldest of the rest."""
        last: Due | None = None
        for due in self._due.values():
            if due.touch.slow:
                continue
            if last is not None and last.after and not due.after:
                break  # a round that has begun takes no more in
            last = due
        if last is None:
            last = next(iter(self._due.values()), None)
        return None if last is None else Round(until=last.revision, after=last.after)

    def touch_of(self, until: Revision) -> Touch:
        """Return what a round touches; nothing if it is not due."""
        return joined(due.touch for due in self._of_round(until))

    def _of_round(self, until: Revision) -> list[Due]:
        """Return what is worked off together: a slow due, or all others so far."""
        last = self._due.get(until)
        if last is not None and last.touch.slow:
            return [last]
        return [
            due
            for due in self._due.values()
            if due.revision <= until and not due.touch.slow
        ]

    def __iter__(self) -> Iterator[Due]:
        """Yield everything that is due."""
        return iter(self._due.values())

    def __len__(self) -> int:
        """Return how much is due."""
        return len(self._due)
