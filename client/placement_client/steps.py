"""The steps of a verification: what was looked at, and how it went, in one sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from placement.errors import TamperedError


class Result(Enum):
    """How a step went."""

    OK = "OK"
    WARNING = "WARNING"  # as far as it goes; a person must look
    SKIPPED = "SKIPPED"  # nothing to look at
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: what was looked at.
        result: how it went.
        sentence: what was found, or why nothing was.
    """

    name: str
    result: Result
    sentence: str


def tried(name: str, look: Callable[[], str], otherwise: str) -> Step:
    """Return the step that a look comes to.

    Args:
        name: what is looked at.
        look: returns what it found; raises ``TamperedError`` if it does not verify.
        otherwise: the sentence for that; a note on the error takes its place.
    """
    try:
        return Step(name, Result.OK, look())
    except TamperedError as error:
        told = error.notes or [otherwise]
        return Step(name, Result.FAILED, " ".join(told))
