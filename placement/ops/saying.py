"""What operators read of an error, instead of the sentence for caseworkers."""

from collections.abc import Mapping
from typing import Final

from placement.errors import (
    ConflictError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.store.chain import ChainError
from placement.store.rows import is_damage

_TEXTS: Final[Mapping[type[PlacementError], str]] = {
    ConflictError: "There is a store already; nothing was made.",
    TamperedError: "What is stored does not verify, or the key is another store's.",
    UnavailableError: "Nothing was done.",
}
_DAMAGED: Final = (
    "Change nothing: docs/operations.md, under Incidents, says what to do."
)
_REFUSED: Final[Mapping[str, str]] = {
    "serve": "Nothing is served.",
    "restore": "Nothing was put in place.",
}
_SPEAKING: Final = frozenset({"custody", "compact", "changeover"})
"""Commands whose errors say what they did and what not."""


def text_of(error: PlacementError, command: str) -> str:
    """Return what operators read of an error.

    What has a sentence of its own is no riddle: whoever took the wrong file, or an older
    one, is not told of tampering. Refused is all of it.

    Args:
        error: which.
        command: that was typed.
    """
    notes = error.notes
    if damaged := isinstance(error, UnavailableError) and is_damage(error):
        notes.append(_DAMAGED)
    named = bool(notes) and not isinstance(error, ChainError)
    if command in _SPEAKING and named:
        return " ".join(notes)
    texts = (text for kind, text in _TEXTS.items() if isinstance(error, kind))
    said = next(texts, error.text)
    tampered = isinstance(error, TamperedError)
    if isinstance(error, UnavailableError) or (tampered and named):
        said = _REFUSED.get(command, said)
    between = "\n" if len(notes) > 1 and not damaged else " "
    return between.join([said, *notes])  # of more than one each has a line
