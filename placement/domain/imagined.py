"""A state as it would be after some events: the real one with a few facts put on top.

What the events don't reach is shared with the real state, down to the views of the graph;
what they change is copied first. So to imagine costs little, and leaves no trace.

Invariants:
    * the real state is what it was: whatever an event changes of it is a copy here;
    * the events are applied by the state's own ``apply``, so what is imagined is what
      would happen;
    * an imagined state is good for as long as the real one stands at its revision.
"""

from collections import ChainMap, OrderedDict
from collections.abc import Iterable
from copy import copy
from typing import cast

from placement.domain.affected import affected
from placement.domain.agenda import Agenda, joined
from placement.domain.calendar import Calendar
from placement.domain.erasures import Erasures
from placement.domain.events import (
    ChangeApproved,
    Event,
    FactAmendment,
    FactRecorded,
    PlacementEnded,
    Record,
)
from placement.domain.facts import AnyFact, Link, pair_of
from placement.domain.graph import GroupGraph
from placement.domain.group_events import MergeEvent
from placement.domain.histories import Histories
from placement.domain.indexing import Entry, Index, Key
from placement.domain.life_events import ChangeRejected, Step
from placement.domain.presences import Presences
from placement.domain.residents import Residents
from placement.domain.roll import Roll
from placement.domain.ruleset import Ruleset
from placement.domain.shelf import Shelf
from placement.domain.state import Amended, State
from placement.domain.terms import FactId, Micros, Revision

_Imaginable = (
    FactRecorded | FactAmendment | ChangeApproved | ChangeRejected | MergeEvent
)


class Imagined(State):
    """What a state would be.

    Args:
        real: the state that it begins as; nothing of it is changed.
        events: what would happen.
        at: when.

    Raises:
        TamperedError: an event speaks of something that isn't there.
    """

    def __init__(self, real: State, events: Iterable[Event], at: Micros) -> None:
        self.__dict__.update(real.__dict__)
        self._real = real, real.revision
        self.facts = _Shelf(real.facts)
        self.graph = _Graph(real.graph)
        self.affiliations = _Index(real.affiliations)
        self.members = _Index(real.members)
        self.same_as = _Index(real.same_as)
        self.ties = _Index(real.ties)
        self.located = _Index(real.located)
        self.threats_against = _Index(real.threats_against)
        self.threats_by = _Index(real.threats_by)
        self.presences = Presences(real.presences)
        self.residents = Residents(self, real.residents)
        self.merges = real.merges.copy()
        self.changes = dict(real.changes)
        self.areas = set(real.areas)
        self.calendar = Calendar(Roll())  # of days that pass here none is asked
        self.histories = _Unwritten(Roll())
        self.haunts = real.haunts.copy()
        self.erasures = _Erasures(real.erasures)
        self.standing = copy(real.standing)
        self.standing.permits = self.permits = dict(real.permits)
        self.standing.stopped = self.stopped = dict(real.stopped)
        self.standing.agenda = self.agenda = Agenda()
        for event in events:
            self.apply(Record(at=at, event=event))

    def _apply(self, record: Record, revision: Revision) -> None:
        """Refuse what would change something that is shared with the real state."""
        if not isinstance(record.event, _Imaginable):
            raise KeyError
        super()._apply(record, revision)

    def _amend(self, amendment: Amended, at: Micros) -> None:
        """Refuse, in a change too, what would end a placement: they are shared."""
        if isinstance(amendment, PlacementEnded):
            raise KeyError
        super()._amend(amendment, at)

    def fits(self, state: State) -> bool:
        """Tell whether a state is the real one, and stands where it stood."""
        real, revision = self._real
        return real is state and revision == state.revision

    def affected(self, ruleset: Ruleset) -> list[FactId]:
        """Return the placements that would be weighed again, in order."""
        return affected(self, ruleset, joined(due.touch for due in self.agenda))


class _Shelf(Shelf):
    """All facts, and those put here stand before the real ones."""

    def __init__(self, real: Shelf) -> None:
        super().__init__(real.roll)
        self.others = ChainMap({}, cast("dict[FactId, AnyFact]", real.others))

    def __setitem__(self, key: FactId, fact: AnyFact) -> None:
        """Put a fact, or its newer form."""
        self.others[key] = fact

    def __delitem__(self, key: FactId) -> None:
        """Refuse: a row is shared with the real state."""
        raise KeyError

    def __len__(self) -> int:
        """Return how many facts there are."""
        return sum(1 for _ in self)


class _Index(Index[Key, Entry]):
    """An index whose new entries are not in the one that it begins as."""

    def __init__(self, real: Index[Key, Entry]) -> None:
        self.__dict__.update(real.__dict__)
        entries = ChainMap({}, cast("dict[Key, dict[FactId, Entry]]", real.entries()))
        self._by_key = cast("dict[Key, dict[FactId, Entry]]", entries)

    def put(self, key: Key, entry_id: FactId, entry: Entry) -> None:
        """Add an entry under a key, or replace its older form."""
        self._by_key[key] = dict(self._by_key.get(key, {}))
        super().put(key, entry_id, entry)

    def drop(self, key: Key, entry_id: FactId) -> None:
        """Take an entry out; its key stays, or the real one would be seen through it."""
        self._by_key[key] = dict(self._by_key[key])
        del self._by_key[key][entry_id]


class _Graph(GroupGraph):
    """A graph whose new links are not in the one that it begins as."""

    def __init__(self, real: GroupGraph) -> None:
        self.__dict__.update(real.__dict__)
        self._shared = True

    def put(self, link: Link) -> None:
        """Add a link, or replace it by its newer form."""
        self._own(link)
        super().put(link)

    def drop(self, link: Link) -> None:
        """Take a link out, as it was put."""
        self._own(link)
        super().drop(link)

    def _own(self, link: Link) -> None:
        """Have what a link changes of this one's own."""
        if self._shared:  # until now both saw the same, and shared their views
            self._links, self._pairs = dict(self._links), dict(self._pairs)
            self._at = dict(self._at)
            self._turns, self._views, self._around = {}, OrderedDict(), {}
            self._shared = False
        pair = pair_of(link)
        self._pairs[pair] = dict(self._pairs.get(pair, {}))
        for group in pair:
            self._at[group] = dict(self._at.get(group, {}))


class _Erasures(Erasures):
    """What was erased, and what is retracted here alone."""

    def __init__(self, real: Erasures) -> None:
        self.__dict__.update(real.__dict__)
        retracted = ChainMap[FactId, Micros]({}, real.retracted)
        self.retracted = cast("dict[FactId, Micros]", retracted)


class _Unwritten(Histories):
    """Nobody's history: nothing that is imagined happened."""

    def put(self, before: AnyFact | None, fact: AnyFact, revision: Revision) -> None:
        """Note nothing."""

    def add(self, key: FactId, step: Step) -> None:
        """Note nothing."""
