"""How many there seem to be: counts that show no single thing that happened.

To a power of two, since whoever counts then learns nothing of one more. Of many, one more
among all the others says nothing either, and filling up costs as much as they did; so above
``COARSE`` it is to a sixteenth of a power of two.
"""

from typing import Final

COARSE: Final = 1024
"""Up to this many it is a power of two."""
PARTS: Final = 16
"""Into which what lies between two powers of two is cut above that."""


def bucket(count: int, least: int) -> int:
    """Return the next power of two.

    Args:
        count: of what is there.
        least: the result at least; a power of two.

    >>> [bucket(count, 4) for count in (0, 4, 5, 9)]
    [4, 4, 8, 16]
    """
    return max(least, 1 << max(count - 1, 0).bit_length())


def filled(count: int, least: int) -> int:
    """Return what a count is filled up to.

    Args:
        count: of what is there.
        least: the result at least; a power of two.

    >>> [filled(count, 4) for count in (0, 5, 1000, 1025, 1100, 17_000)]
    [4, 8, 1024, 1088, 1152, 17408]
    """
    power = bucket(count, least)
    if power <= max(COARSE, least):
        return power
    part = power // 2 // PARTS
    return -(-count // part) * part
