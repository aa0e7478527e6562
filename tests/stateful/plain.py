"""A plain model of placements in time, from the text alone and by brute force.

Verdicts are the oracle's (``kit.oracle``); nothing of ``placement.domain.rules``, of its
indexes or of ``decide`` is used. Everything that stands is looked at again after every
step, and no step is remembered but by what it left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kit import oracle
from kit.reading import Asked, Known, Reading
from kit.world import RULESET

from placement.domain.facts import (
    AnyFact,
    Attestation,
    Case,
    Facility,
    Placement,
)
from placement.domain.terms import (
    MICROS_AN_HOUR,
    Day,
    Micros,
    PlacementState,
    Verdict,
    Window,
    stockholm_day,
)

HELD, ACTIVE = PlacementState.HELD, PlacementState.ACTIVE
ENDED, ABORTED = PlacementState.ENDED, PlacementState.ABORTED
CLEAR, UNKNOWN, REVIEW, CONFLICT = Verdict
HOLD_HOURS, LIVE_HOLDS, PERMIT_HOURS, CHANGE_HOURS = 72, 2, 336, 72
CONTRADICTION, CLOSED = "CONTRADICTION", "CASE_CLOSED"


@dataclass(frozen=True, slots=True)
class Place:
    """An area, perhaps with a house."""

    area: str
    house: bytes | None = None


@dataclass(slots=True, kw_only=True)
class Permit:
    """Leave to place a case despite what was answered.

    Attributes:
        until: a day from which on it covers nothing.
        stale: something has changed since, so that it may cover no longer.
    """

    case: bytes
    place: Place
    window: Window
    verdict: Verdict
    expires_at: int
    until: int | None = None
    stale: bool = False

    def stands(self, now: int) -> bool:
        """Tell whether something can be had under it."""
        day = stockholm_day(Micros(now))
        return now < self.expires_at and (self.until is None or day < self.until)


@dataclass(slots=True)
class Plain:
    """Everything there is.

    Attributes:
        now: the time.
        stays: placements by id; ``verdict`` is what they were last worth.
        permitted: stays that were held or confirmed under a permit.
        ended_alone: facts that the first coordinator ended without another.
        overtaken: changes about facts that were graded anew since.
        stated: stays that the police recorded as they stood.
        alarmed: stays about which an alert must be open.
        doubtful: stays about which one may be open.
        met: pairs of rivals that stood in one area at the last look.
    """

    now: int
    facts: dict[bytes, AnyFact] = field(default_factory=dict)
    cases: dict[bytes, Case] = field(default_factory=dict)
    stays: dict[bytes, Placement] = field(default_factory=dict)
    houses: dict[bytes, Facility] = field(default_factory=dict)
    attested: list[Attestation] = field(default_factory=list)
    stopped: set[bytes] = field(default_factory=set)
    permits: list[Permit] = field(default_factory=list)
    permitted: set[bytes] = field(default_factory=set)
    ended_alone: set[bytes] = field(default_factory=set)
    overtaken: set[bytes] = field(default_factory=set)
    stated: set[bytes] = field(default_factory=set)
    alarmed: set[bytes] = field(default_factory=set)
    doubtful: set[bytes] = field(default_factory=set)
    met: set[frozenset[bytes]] = field(default_factory=set)

    @property
    def today(self) -> Day:
        return stockholm_day(Micros(self.now))

    def hours(self, count: int) -> int:
        """Return the time in so many hours."""
        return self.now + count * MICROS_AN_HOUR

    # Verdicts

    def verdict(self, case: bytes, place: Place, window: Window) -> Verdict:
        """Return what a place is worth to a case."""
        if self.cases[case].assessed_at is None:
            return UNKNOWN
        return self._worth(self.cases[case], place, window)

    def _worth(self, case: Case, place: Place, window: Window) -> Verdict:
        """Return what a place is worth by what is known."""
        house = self.houses.get(place.house or b"")
        if house is not None and house.provider in self.stopped:
            return CONFLICT
        return oracle.answer(self._known(), self._asked(case, place, window))

    def lets(
        self, case: bytes, place: Place, window: Window, verdict: Verdict
    ) -> bool | None:
        """Tell whether a place may be had.

        Returns:
            ``None`` where that rests on what a permit was given for, day by day.
        """
        if verdict is CLEAR:
            return True
        found = [
            permit
            for permit in self.permits
            if (permit.case, permit.place) == (case, place)
            and _within(window, permit.window)
            and verdict <= permit.verdict
            and permit.stands(self.now)
        ]
        if not found:
            return False
        sure = any(not each.stale and each.window == window for each in found)
        # A weak link may make somebody of the household another person, whom they meet.
        there = any(each.area == place.area for each in self.of_case(case))
        return True if sure and not there else None

    # Holds and placements: why they are refused, or nothing

    def no_check(self, case: bytes, *, hold: bool) -> str:
        if self.cases[case].closed_at is not None:
            return CLOSED
        live = [each for each in self.of_case(case) if each.state is HELD]
        return CONTRADICTION if hold and len(live) >= LIVE_HOLDS else ""

    def no_confirm(self, key: bytes, left: bytes | None = None) -> str:
        hold = self.stays[key]
        if self.cases[hold.case].closed_at is not None:
            return CLOSED
        if hold.state is not HELD or any(
            each.id != left for each in self._elsewhere(hold)
        ):
            return CONTRADICTION
        return CONTRADICTION if self.remaining(hold) is None else ""

    def no_move(self, left: bytes, key: bytes) -> str:
        why = self.no_confirm(key, left)
        begun = all(self.stays[each].valid_from <= self.today for each in (left, key))
        placed = self.stays[left].state is ACTIVE and begun
        return why or ("" if placed else CONTRADICTION)

    def no_move_in(self, key: bytes) -> str:
        stay = self.stays[key]
        if self.cases[stay.case].closed_at is not None:
            return CLOSED
        begun = stay.valid_from <= self.today
        if stay.state is not ACTIVE or stay.moved_in_on is not None or not begun:
            return CONTRADICTION
        return CONTRADICTION if self.remaining(stay) is None else ""

    def no_extension(self, key: bytes) -> str:
        stay = self.stays[key]
        if self.cases[stay.case].closed_at is not None:
            return CLOSED
        return CONTRADICTION if stay.state is not HELD or stay.extended else ""

    def _elsewhere(self, hold: Placement) -> Iterator[Placement]:
        """Yield where somebody of the household is placed already, in those days."""
        mine = self.cases[hold.case]
        window = Window(start=hold.valid_from, end=hold.valid_to)
        for stay in self.stays.values():
            case = self.cases[stay.case]
            theirs = case.organisation == mine.organisation and (
                set(case.members) & set(mine.members)
            )
            overlaps = window.overlaps(stay.valid_from, stay.valid_to)
            if theirs and overlaps and stay.state is ACTIVE:
                yield stay

    def of_case(self, case: bytes) -> list[Placement]:
        return [each for each in self.stays.values() if each.case == case]

    def remaining(self, stay: Placement) -> Window | None:
        """Return the days that are still to come."""
        start = max(stay.valid_from, self.today)
        if stay.valid_to is not None and stay.valid_to <= start:
            return None
        return Window(start=start, end=stay.valid_to)

    def change(self, key: bytes, **changes: object) -> None:
        """Let something happen to a placement."""
        self.stays[key] = replace(self.stays[key], **changes)

    def leave(self, key: bytes, state: PlacementState, day: int | None = None) -> None:
        """Let a placement leave its life; an alert about it stays open."""
        end = max(self.stays[key].valid_from, self.today) if day is None else day
        self.change(key, state=state, valid_to=end)

    # What follows from a step

    def settle(self, *, placing: bool = False) -> None:
        """Let holds lapse, look at everything again, and note who must be told.

        Args:
            placing: the step placed or held somebody, and changed nothing else.
        """
        for key, stay in self.stays.items():
            if stay.state is HELD and (stay.expires_at or 0) <= self.now:
                self.leave(key, ABORTED)
        for key, stay in self.stays.items():
            window = self.remaining(stay)
            if stay.state in (HELD, ACTIVE) and window is not None:
                self._weigh(key, window)
        met = set(self._meetings())
        for pair in met - self.met:
            excused = pair & (self.permitted | self.stated)
            assert excused or not placing, "two rivals were placed in one area"
            told = {self.stays[key].verdict for key in pair}
            assert excused or told == {CONFLICT}, "nobody was told of two rivals"
        self.met = met

    def _weigh(self, key: bytes, window: Window) -> None:
        """Weigh by what is known, even of a case that nobody has assessed.

        Its municipality is told UNKNOWN; but somebody lives there.
        """
        stay = self.stays[key]
        case = self.cases[stay.case]
        known = replace(case, assessed_at=case.assessed_at or Micros(self.now))
        found = self._worth(known, place_of(stay), window)
        if case.assessed_at is None:
            found = max(found, UNKNOWN)
        before = stay.verdict or UNKNOWN
        if found > before:
            self.alarmed.add(key)
        elif (
            found >= REVIEW
        ):  # as bad, perhaps for another reason, which the text leaves
            self.doubtful.add(key)
        self.change(key, verdict=found)

    def _meetings(self) -> Iterator[frozenset[bytes]]:
        """Yield two who stand in one area and whose groups are rivals beyond doubt."""
        live = [each for each in self.stays.values() if each.state in (HELD, ACTIVE)]
        for one in live:
            for other in live:
                side_by_side = one.id < other.id and one.area == other.area
                if side_by_side and self._rivals(one, other):
                    yield frozenset((one.id, other.id))

    def _rivals(self, one: Placement, other: Placement) -> bool:
        window, theirs = self.remaining(one), self.remaining(other)
        if window is None or theirs is None:
            return False
        if not window.overlaps(theirs.start, theirs.end):
            return False
        cases = [self.cases[each.case] for each in (one, other)]
        if any(case.assessed_at is None for case in cases):
            return False
        # Each is asked about its own days, as it is when it is looked at again.
        for case, days in zip(cases, (window, theirs), strict=True):
            asked = self._asked(case, place_of(one), days)
            if not self._at_war(cases, asked):
                return False
        return True

    def _at_war(self, cases: list[Case], asked: Asked) -> bool:
        """Tell whether two households, certainly two, have groups that are rivals."""
        known = self._known()
        ours, theirs = (
            Reading(known, asked, firm=False).same(each.members, firm=False)
            for each in cases
        )
        if ours & theirs:
            return False
        read = Reading(known, asked, firm=True)
        ours, theirs = (read.same(each.members, firm=True) for each in cases)
        return any(
            read.rivals(one.group, other.group)
            for one in read.affiliations(ours)
            for other in read.affiliations(theirs)
        )

    def _asked(self, case: Case, place: Place, window: Window) -> Asked:
        return Asked(
            case=case,
            area=place.area,
            facility=place.house,
            window=window,
            now=self.now,
            today=self.today,
        )

    def _known(self) -> Known:
        return Known(
            facts=tuple(self.facts.values()),
            placements=tuple(self.stays.values()),
            cases=tuple(self.cases.values()),
            facilities=tuple(self.houses.values()),
            attestations=tuple(self.attested),
            areas=RULESET.areas,
        )


def place_of(stay: Placement) -> Place:
    return Place(stay.area, stay.facility)


def _within(inner: Window, outer: Window) -> bool:
    if inner.start < outer.start:
        return False
    return outer.end is None or (inner.end is not None and inner.end <= outer.end)
