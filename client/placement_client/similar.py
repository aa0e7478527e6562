"""Names that may mean the same: typing errors, diacritics, other orders of words.

A registry in which one group stands twice answers wrongly, so what looks alike is
shown before anything is registered. It runs on this machine alone, over a few hundred
names, by the distance of Damerau and Levenshtein up to a small bound.

Example:
    >>> alike("Varby natverket", "Vårbynätverket"), alike("North Side", "South Side")
    (True, False)
    >>> alike("Nätverket Vårby", "Vårby nätverket"), alike("Vårby", "Vårbynätverket")
    (True, True)
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from placement_client.nearness import nearest

Thing = TypeVar("Thing")

_LEAST: Final = 4  # letters that a part needs, so that it says something
_PER_ERROR: Final = 5  # letters for each typing error that is forgiven
_MOST_ERRORS: Final = 3
_LOOSE: Final = str.maketrans("øłđıŧħ", "oldith") | {ord("æ"): "ae", ord("œ"): "oe"}


def folded(text: str) -> list[str]:
    """Return a text's words without case and diacritics, in order."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LOOSE)
    bare = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in bare).split()


def alike(one: str, other: str) -> bool:
    """Tell whether two names may be one.

    They may if they differ by few letters, by letters that sound the same, or by the
    order of their words, or if one stands in the other.
    """
    words, others = folded(one), folded(other)
    return _like(words, others) or _like(_heard(words), _heard(others))


def _like(words: Sequence[str], others: Sequence[str]) -> bool:
    joined, joined_other = "".join(words), "".join(others)
    short, long = sorted((joined, joined_other), key=len)
    if len(short) >= _LEAST and short in long:
        return True
    return _near(joined, joined_other) or _near(
        "".join(sorted(words)), "".join(sorted(others))
    )


def _heard(words: Iterable[str]) -> list[str]:
    """Return words with one spelling for what sounds the same."""
    return [
        each.replace("ph", "f").replace("ck", "k").replace("w", "v").replace("z", "s")
        for each in words
    ]


def ranked(
    text: str, things: Iterable[Thing], name_of: Callable[[Thing], str]
) -> Sequence[Thing]:
    """Return the things that a text may mean: those that hold it, then those near it."""
    wanted = "".join(folded(text))
    if not wanted:
        return []
    known = [(each, name_of(each)) for each in things]
    squeezed = {id(each): "".join(folded(name)) for each, name in known}
    loose = set(nearest(wanted, squeezed.values()))

    def rank(each: Thing, name: str) -> int | None:
        word = squeezed[id(each)]
        for place, fits in enumerate(
            (word == wanted, word.startswith(wanted), wanted in word)
        ):
            if fits:
                return place
        if alike(text, name):
            return 3
        return 4 if word in loose or _holds(folded(text), folded(name)) else None

    found = [(rank(each, name), name, each) for each, name in known]
    hits = [(place, name, each) for place, name, each in found if place is not None]
    return [each for _, _, each in sorted(hits, key=lambda hit: hit[:2])]


def _holds(words: Sequence[str], others: Iterable[str]) -> bool:
    """Tell whether each word looks like some word of a name."""
    known = tuple(others)
    return all(any(_near(word, other) for other in known) for word in words)


def _near(one: str, other: str) -> bool:
    """Tell whether two words differ by no more errors than their length forgives."""
    longest = max(len(one), len(other))
    bound = min(_MOST_ERRORS, max(1, longest // _PER_ERROR))
    if longest < _LEAST:
        bound = 0
    return one == other or errors(one, other, bound) <= bound


def errors(one: str, other: str, bound: int) -> int:
    """Return how many errors lie between two words; ``bound + 1`` for more than that.

    An error is a letter too many, too few or another one, or two neighbours in the
    wrong order (optimal string alignment).
    """
    if abs(len(one) - len(other)) > bound:
        return bound + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, wanted in enumerate(other, 1):
            best = min(
                last[column] + 1,
                now[column - 1] + 1,
                last[column - 1] + (letter != wanted),
            )
            swapped = (
                row > 1
                and column > 1
                and (letter, one[row - 2]) == (other[column - 2], wanted)
            )
            now.append(min(best, before[column - 2] + 1) if swapped else best)
        if min(now) > bound:
            return bound + 1
        before, last = last, now
    return min(last[-1], bound + 1)
