"""How strongly one fact counts in one question: firmly, softly, or not at all.

A chain of facts is as strong as its weakest (rules.md, R13), and there
are only two strengths, so the rules read the picture twice: once over the facts that
count firmly, once over all that count, where no verdict rises above REVIEW.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from placement.domain.facts import Alliance, Fact, Faction, Rivalry
from placement.domain.terms import Day, Grade, Window

Era: TypeAlias = tuple[int, int | None, int]
"""Between which turning days a question stands."""


class Strength(IntEnum):
    """What a chain through this fact may give."""

    NONE = 0  # no finding
    SOFT = 1  # REVIEW at most
    FIRM = 2  # CONFLICT


def standing(fact: Fact, today: Day) -> Strength:
    """Weigh a fact without looking at its dates.

    WEAK, past review (from the day after ``review_by``) and not yet approved by a
    second person are soft; DISCREDITED and retracted are inert.
    """
    if fact.retracted or fact.grade is Grade.DISCREDITED:
        return Strength.NONE
    past_review = fact.review_by is not None and today > fact.review_by
    if fact.grade is Grade.WEAK or past_review or not fact.approved:
        return Strength.SOFT
    return Strength.FIRM


def acting(fact: Fact, window: Window, today: Day, cool_down_days: int) -> Strength:
    """Weigh a dated fact in a window: its validity must overlap, or cool down (R12)."""
    strength = standing(fact, today)
    if window.overlaps(fact.valid_from, fact.valid_to):
        return strength
    began = (
        fact.valid_from is None or window.end is None or fact.valid_from < window.end
    )
    cooling = (
        began
        and fact.valid_to is not None
        and window.start < fact.valid_to + cool_down_days
    )
    return min(strength, Strength.SOFT) if cooling else Strength.NONE


@dataclass(frozen=True, slots=True)
class Weigh:
    """How one question weighs links.

    Attributes:
        window: the question's window.
        today: the day it is asked.
        cool_down_days: R12.
    """

    window: Window
    today: Day
    cool_down_days: int

    def acting(self, link: Fact) -> Strength:
        """Weigh a link by its dates and grade."""
        return acting(link, self.window, self.today, self.cool_down_days)

    def firmly_stands(self, link: Fact) -> bool:
        """Tell whether a link counts firmly, whatever its dates."""
        return standing(link, self.today) is Strength.FIRM

    def splits(self, link: Faction, at_least: Strength) -> bool:
        """Tell whether a faction link ends before the window's end (R8)."""
        if standing(link, self.today) < at_least or link.valid_to is None:
            return False
        return self.window.end is None or link.valid_to < self.window.end

    def settles(self, link: Rivalry | Alliance, split: Faction) -> bool:
        """Tell whether a link ends a split's REVIEWs, valid for the whole window after it.

        It is of the split's region, and came after the split was on record: what came
        before, or in one moment with it, may have taken no second person (ADR 0062).
        """
        if link.region != split.region or link.recorded_at <= split.recorded_at:
            return False
        begin = max(self.window.start, split.valid_to or self.window.start)
        begun = link.valid_from is None or link.valid_from <= begin
        if link.valid_to is None:
            return begun
        return (
            begun and self.window.end is not None and link.valid_to >= self.window.end
        )


class Turns:
    """The days on which some link begins, stops or ends to act, or to be firm.

    Args:
        links: all links.
        cool_down_days: R12.
    """

    def __init__(self, links: Iterable[Fact], cool_down_days: int) -> None:
        begins, ends, reviews = set[Day](), set[Day](), set[Day]()
        for link in links:
            begins.update(() if link.valid_from is None else (link.valid_from,))
            ends.update(() if link.valid_to is None else (link.valid_to,))
            reviews.update(() if link.review_by is None else (link.review_by,))
        cooled = {Day(end + cool_down_days) for end in ends}
        self._for_start = sorted(begins | ends | cooled)
        self._for_end = sorted(begins | ends)
        self._for_today = sorted(reviews)

    def era(self, weigh: Weigh) -> Era:
        """Place a question: two of one era weigh every link alike."""
        start, end = weigh.window.start, weigh.window.end
        return (
            bisect_right(self._for_start, start),
            None if end is None else bisect_left(self._for_end, end),
            bisect_left(self._for_today, weigh.today),
        )
