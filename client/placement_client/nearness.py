"""Names that look like what somebody typed."""

import difflib
from collections.abc import Iterable
from typing import Final

MOST: Final = 3


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
