"""Where facts are found: by person, area and group, and in the graph.

Everything here is given a fact as the merges resolve it. What was put as one form of a
fact is dropped as that same form.
"""

from collections.abc import Collection, Iterable, KeysView, Mapping
from typing import Generic, Protocol, TypeVar, assert_never

from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.graph import GroupGraph
from placement.domain.presences import Presences
from placement.domain.residents import Residents
from placement.domain.terms import FactId, GroupToken, SubjectId

Key = TypeVar("Key", bound=bytes | str)
Entry = TypeVar("Entry")


class Index(Generic[Key, Entry]):
    """Entries by a key, newest form of each; iteration is in order of recording."""

    def __init__(self) -> None:
        self._by_key: dict[Key, dict[FactId, Entry]] = {}

    def put(self, key: Key, entry_id: FactId, entry: Entry) -> None:
        """Add an entry under a key, or replace its older form."""
        self._by_key.setdefault(key, {})[entry_id] = entry

    def drop(self, key: Key, entry_id: FactId) -> None:
        """Take an entry out; a key without any is none.

        Raises:
            KeyError: it isn't there.
        """
        known = self._by_key[key]
        del known[entry_id]
        if not known:
            del self._by_key[key]

    def of(self, key: Key) -> Collection[Entry]:
        """Return the entries under a key."""
        known = self._by_key.get(key)
        return () if known is None else known.values()

    def newest(self, key: Key) -> Iterable[Entry]:
        """Return the entries under a key, the one recorded last first."""
        return reversed(tuple(self.of(key)))

    def entries(self) -> Mapping[Key, dict[FactId, Entry]]:
        """Return all of it."""
        return self._by_key

    def keys(self) -> KeysView[Key]:
        """Return the keys that have entries."""
        return self._by_key.keys()


class Indexes(Protocol):
    """The indexes of a state; ``State`` says what each is."""

    graph: GroupGraph
    affiliations: Index[SubjectId, Affiliation]
    same_as: Index[SubjectId, SameAs]
    ties: Index[SubjectId, Tie]
    located: Index[SubjectId, Located]
    threats_against: Index[SubjectId, Threat]
    threats_by: Index[SubjectId | GroupToken, Threat]
    presences: Presences
    members: Index[GroupToken, Affiliation]
    residents: Residents


def put(indexes: Indexes, fact: AnyFact) -> None:
    """Let a fact be found, or its newer form."""
    match fact:
        case Faction() | Rivalry() | Alliance():
            indexes.graph.put(fact)
        case Affiliation():
            indexes.affiliations.put(fact.subject, fact.id, fact)
            indexes.members.put(fact.group, fact.id, fact)
            indexes.residents.changed((fact.subject,))
        case Presence():
            indexes.presences.put(fact)
        case Threat():
            _put_threat(indexes, fact)
        case Located():
            indexes.located.put(fact.subject, fact.id, fact)
        case Tie():
            indexes.ties.put(fact.subject, fact.id, fact)
        case SameAs():
            indexes.same_as.put(fact.low, fact.id, fact)
            indexes.same_as.put(fact.high, fact.id, fact)
            indexes.residents.changed((fact.low, fact.high))
        case _ as never:
            assert_never(never)


def _put_threat(indexes: Indexes, fact: Threat) -> None:
    indexes.threats_against.put(fact.target, fact.id, fact)
    if fact.source_group is not None:
        indexes.threats_by.put(fact.source_group, fact.id, fact)
    if fact.source_subject is not None:
        indexes.threats_by.put(fact.source_subject, fact.id, fact)


def leave_groups(indexes: Indexes, fact: AnyFact) -> None:
    """Take a fact out of where it is found by its groups."""
    match fact:
        case Faction() | Rivalry() | Alliance():
            indexes.graph.drop(fact)
        case Affiliation():
            indexes.members.drop(fact.group, fact.id)
        case Presence():
            indexes.presences.drop(fact)
        case Threat(source_group=group) if group is not None:
            indexes.threats_by.drop(group, fact.id)
        case _:
            return


def drop(indexes: Indexes, fact: AnyFact) -> None:
    """Let a fact be found nowhere any more."""
    leave_groups(indexes, fact)
    match fact:
        case Affiliation():
            indexes.affiliations.drop(fact.subject, fact.id)
            indexes.residents.changed((fact.subject,))
        case Threat():
            indexes.threats_against.drop(fact.target, fact.id)
            if fact.source_subject is not None:
                indexes.threats_by.drop(fact.source_subject, fact.id)
        case Located():
            indexes.located.drop(fact.subject, fact.id)
        case Tie():
            indexes.ties.drop(fact.subject, fact.id)
        case SameAs():
            indexes.same_as.drop(fact.low, fact.id)
            indexes.same_as.drop(fact.high, fact.id)
            # Whom the link joined is on one side of it now, or on the other.
            indexes.residents.changed((fact.low, fact.high))
        case Faction() | Rivalry() | Alliance() | Presence():
            return
        case _ as never:
            assert_never(never)
