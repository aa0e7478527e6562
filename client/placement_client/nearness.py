"""Names that look like what somebody typed."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

MOST: Final = 3
_LONGEST: Final = 64  # letters of what was typed; comparing costs their square


def nearest(text: str, known: Iterable[str]) -> list[str]:
    """Return up to three of some words that look like a text, likest first.

    Words that hold the whole text come before those that differ by a few letters.

    Example:
        >>> nearest("stock", ["stockholm", "stuck", "malmo"])
        ['stockholm', 'stuck']
    """
    words = sorted(known)
    holding = [word for word in words if text and text in word]
    close = difflib.get_close_matches(text, words, n=MOST)
    return list(dict.fromkeys(holding + close))[:MOST]


def perhaps(text: str, known: Sequence[str]) -> str:
    """Say which of some words may be meant, or which there are; never the one given.

    Example:
        >>> perhaps("groups", ["kind", "group"])
        'perhaps group is meant'
        >>> perhaps("x", ["kind", "group"])
        'there are kind, group'
    """
    near = nearest(text[:_LONGEST], known)
    return f"perhaps {near[0]} is meant" if near else f"there are {', '.join(known)}"
