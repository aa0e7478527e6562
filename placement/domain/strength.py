"""How strongly one fact counts in one question: firmly, softly, or not at all.

A chain of facts is as strong as its weakest (semantics.md section 6, R13), and there
are only two strengths, so the rules read the picture twice: once over the facts that
count firmly, once over all that count, where no verdict rises above REVIEW.
"""

from enum import IntEnum

from placement.domain.facts import Fact
from placement.domain.terms import Day, Grade, Window


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
