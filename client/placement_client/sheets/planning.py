"""The dry run: what each row of a sheet would do to the registry.

A row is the same as a fact on record, or says a new one, or changes one (which ends the
old and records the new in one step, or ends it and no more), or is refused.

Invariants:
    * the plan is a function of the file, the registry and the day; made again, it has the
      same digest unless the file changed, or what it says of one of its rows;
    * one fact is said by one row: rows that say one twice are all refused, since nobody
      can know which of them is meant.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from math import inf
from typing import Any, Final

from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1.types_pb2 import Fact
from placement_client.sheets.circles import Edge, circular
from placement_client.sheets.rows import Fault

Key = tuple[object, ...]
"""What makes two rows speak of one fact: kind, groups, area, first day."""

_START: Final = b"placement-import-v1"
_PLAN: Final = b"placement-plan-v2"
LINKS: Final = ("rivalry", "alliance", "faction")
"""Kinds of which a region says one at a time of two groups."""
_COUNTS_NOTHING: Final = frozenset({review.FACT_STATE_INERT})
_UNAPPROVED: Final = review.FACT_STATE_UNAPPROVED


class Outcome(Enum):
    """What a row would do."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Planned:
    """A row of the sheet, and what it would do.

    Attributes:
        number: in the file.
        outcome: what.
        key: of which fact; ``None`` when it could not be understood.
        row: what is sent for it; ``None`` when nothing is.
        faults: why it is refused.
        before: what is on record, where the row says something else; else ``None``.
    """

    number: int
    outcome: Outcome
    key: Key | None = None
    row: wire.ImportRow | None = None
    faults: tuple[Fault, ...] = ()
    before: Fact | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sheet would do.

    Attributes:
        rows: its rows, in order.
        file: SHA-256 of the file.
    """

    rows: Sequence[Planned]
    file: bytes

    def sent(self) -> Iterator[Planned]:
        """Yield the rows that are sent: what they state, and what they end."""
        return (each for each in self.rows if each.row is not None)

    def counts(self) -> dict[str, int]:
        """Return how many rows have which outcome."""
        counts = {outcome.value: 0 for outcome in Outcome}
        for each in self.rows:
            counts[each.outcome.value] += 1
        return counts

    @property
    def digest(self) -> bytes:
        """What stands for this plan: the file, all that would be sent, each outcome.

        Of a row of which nothing is sent the outcome says whether that is because it is
        on record, or because it is refused.
        """
        over = digest_of(each.row for each in self.sent() if each.row is not None)
        said = ",".join(each.outcome.value for each in self.rows).encode()
        return sha256(_PLAN + self.file + over + sha256(said).digest()).digest()


def digest_of(rows: Iterable[wire.ImportRow]) -> bytes:
    """Return the digest over rows, as the service makes it."""
    digest = sha256(_START).digest()
    for row in rows:
        content = row.SerializeToString(deterministic=True)
        digest = sha256(digest + sha256(content).digest()).digest()
    return digest


@dataclass(frozen=True, slots=True)
class _Known:
    """A fact on record.

    Attributes:
        id: 16 bytes.
        fact: what it says.
        state: where it is in its life.
        changed: the revision in which it last changed.
    """

    id: bytes
    fact: Fact
    state: int
    changed: int


class Registry:
    """The facts on record that rows are compared with.

    Args:
        facts: all of the own region, of the kinds that are imported.
        today: days since 1970-01-01 in Stockholm.
    """

    def __init__(self, facts: Iterable[review.RecordedFact], today: int) -> None:
        self.today = today
        listed = list(facts)
        # What somebody proposed to say instead; whether or not it was approved in time.
        self._proposed = {
            each.replaces for each in listed if each.state == _UNAPPROVED
        } - {b""}
        self._by_key: dict[Key, _Known] = {}
        self._by_link: dict[Key, list[_Known]] = {}
        for each in not_replaced(listed):
            self._add(
                _Known(each.fact_id, each.fact, each.state, each.changed_revision)
            )

    def _add(self, known: _Known) -> None:
        key = key_of(known.fact)
        before = self._by_key.get(key)
        # What counts stands before what counts for nothing.
        if before is None or before.state in _COUNTS_NOTHING:
            self._by_key[key] = known
        if known.state not in _COUNTS_NOTHING and key[0] in LINKS:
            self._by_link.setdefault(key[:2], []).append(known)

    def planned(self, number: int, fact: Fact) -> Planned:
        """Return what a row that says a fact would do."""
        key = key_of(fact)
        known = self._by_key.get(key)
        outcome: Outcome | Fault
        row: wire.ImportRow | None = None
        if known is None:
            outcome, row = self._new(key, fact)
        else:
            outcome, row = self._against(known, fact)
        if isinstance(outcome, Fault):
            return Planned(number, Outcome.REFUSED, key, faults=(outcome,))
        before = known.fact if known and row is not None else None
        return Planned(number, outcome, key, row, before=before)

    def factions(self) -> Iterator[Edge]:
        """Yield every faction that counts, or did."""
        for key, known in self._by_link.items():
            if key[0] == "faction":
                yield from (_edge(each.fact) for each in known)

    def _new(
        self, key: Key, fact: Fact
    ) -> tuple[Outcome | Fault, wire.ImportRow | None]:
        for known in self._by_link.get(key[:2], ()):
            if _overlap(known.fact, fact):
                why = "overlaps a fact on record that began on another day"
                return Fault("since", why), None
        return Outcome.NEW, wire.ImportRow(fact=fact)

    def _against(
        self, known: _Known, fact: Fact
    ) -> tuple[Outcome | Fault, wire.ImportRow | None]:
        if known.state in _COUNTS_NOTHING:
            why = "says what is on record and counts for nothing; record it by itself"
            return Fault("row", why), None
        if fact == known.fact:
            return Outcome.SAME, None
        if known.state == review.FACT_STATE_ENDED or known.fact.HasField(
            "valid_to_day"
        ):
            return Fault("until", "has ended on record, and can't be changed"), None
        if known.state == _UNAPPROVED or known.id in self._proposed:
            why = "changes a fact that waits for a second coordinator"
            return Fault("row", why), None
        if _without_end(fact) == known.fact:
            return self._ended(known, fact)
        return self._changed(known, fact)

    def _ended(
        self, known: _Known, fact: Fact
    ) -> tuple[Outcome | Fault, wire.ImportRow | None]:
        if fact.valid_to_day > self.today:
            return Fault("until", "must not be after today"), None
        return Outcome.ENDED, wire.ImportRow(end=_end(known, fact.valid_to_day))

    def _changed(
        self, known: _Known, fact: Fact
    ) -> tuple[Outcome | Fault, wire.ImportRow | None]:
        # An unset day reads as 0, which has passed.
        if known.fact.valid_from_day > self.today:
            return Fault("since", "is after today, so it can't be changed"), None
        row = wire.ImportRow(fact=fact, end=_end(known, self.today))
        return Outcome.CHANGED, row


def not_replaced(
    facts: Iterable[review.RecordedFact],
) -> Iterator[review.RecordedFact]:
    """Yield what no fact was recorded instead of.

    What is proposed instead of a fact takes its place once it is approved. Until then
    the old fact counts in full, so both are yielded.
    """
    listed = list(facts)
    takes_no_place = {*_COUNTS_NOTHING, _UNAPPROVED}
    replaced = {each.replaces for each in listed if each.state not in takes_no_place}
    return (each for each in listed if each.fact_id not in replaced)


def plan(
    rows: Iterable[tuple[int, Fact | tuple[Fault, ...]]],
    registry: Registry,
    file: bytes,
) -> Plan:
    """Compare the rows of a sheet with the registry.

    Args:
        rows: number in the file, and the fact that it says or why it says none.
        registry: what is on record.
        file: SHA-256 of the file.
    """
    planned: list[Planned] = []
    places: dict[Key, list[int]] = {}
    edges: dict[int, Edge] = {}
    for number, said in rows:
        if not isinstance(said, Fact):
            planned.append(Planned(number, Outcome.REFUSED, faults=said))
            continue
        each = registry.planned(number, said)
        if each.key is not None:
            places.setdefault(each.key, []).append(len(planned))
        if each.row is not None and each.row.HasField("fact") and _is_faction(said):
            edges[len(planned)] = _edge(said)
        planned.append(each)
    for same in places.values():
        if len(same) > 1:
            for place in same:
                planned[place] = _twice(planned, place, same)
    for place in circular(edges, registry.factions()):
        why = "closes a circle of factions"
        planned[place] = _refused(planned[place], Fault("other", why))
    for place, other in _overlapping(planned):
        why = f"overlaps row {planned[other].number}, which says it of other days"
        planned[place] = _refused(planned[place], Fault("since", why))
    return Plan(planned, file)


def key_of(fact: Fact) -> Key:
    """Return what makes two rows speak of one fact."""
    kind = fact.WhichOneof("statement") or ""
    said: Any = getattr(fact, kind)
    since = fact.valid_from_day if fact.HasField("valid_from_day") else None
    match kind:
        case "presence":
            return kind, (said.group, said.area), since
        case "faction":
            return kind, (said.child, said.parent), since
        case _:
            return kind, tuple(sorted((said.group_a, said.group_b))), since


def _overlapping(planned: Sequence[Planned]) -> list[tuple[int, int]]:
    """Return rows that state one link of two spans of days that meet, each with another."""
    links: dict[Key, list[int]] = {}
    for place, each in enumerate(planned):
        stated = each.row is not None and each.row.HasField("fact")
        if stated and each.key is not None and each.key[0] in LINKS:
            links.setdefault(each.key[:2], []).append(place)
    found: list[tuple[int, int]] = []
    for places in links.values():
        spans = sorted((*_span(planned[place]), place) for place in places)
        last = spans[0]
        for span in spans[1:]:
            if span[0] < last[1]:
                found += [(span[2], last[2]), (last[2], span[2])]
            last = max(last, span, key=lambda each: each[1])
    return found


def _span(each: Planned) -> tuple[float, float]:
    return _days(Fact() if each.row is None else each.row.fact)


def _days(fact: Fact) -> tuple[float, float]:
    begin = fact.valid_from_day if fact.HasField("valid_from_day") else -inf
    return begin, fact.valid_to_day if fact.HasField("valid_to_day") else inf


def _is_faction(fact: Fact) -> bool:
    return fact.WhichOneof("statement") == "faction"


def _edge(fact: Fact) -> Edge:
    return Edge(fact.faction.child, fact.faction.parent, *_days(fact))


def _twice(planned: Sequence[Planned], place: int, same: Sequence[int]) -> Planned:
    other = next(each for each in same if each != place)
    why = f"says the same fact as row {planned[other].number}; keep one of them"
    return _refused(planned[place], Fault("row", why))


def _refused(each: Planned, fault: Fault) -> Planned:
    return replace(
        each, outcome=Outcome.REFUSED, row=None, faults=(*each.faults, fault)
    )


def _without_end(fact: Fact) -> Fact:
    bare = Fact()
    bare.CopyFrom(fact)
    bare.ClearField("valid_to_day")
    return bare


def _end(known: _Known, day: int) -> wire.RowEnd:
    return wire.RowEnd(fact_id=known.id, valid_to_day=day, seen_revision=known.changed)


def _overlap(one: Fact, other: Fact) -> bool:
    """Tell whether two facts hold on one day; unknown and open sides reach for ever."""
    return _begins_before_end(one, other) and _begins_before_end(other, one)


def _begins_before_end(one: Fact, other: Fact) -> bool:
    if not one.HasField("valid_from_day") or not other.HasField("valid_to_day"):
        return True
    return one.valid_from_day < other.valid_to_day
