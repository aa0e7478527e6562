"""What an examination finds: one sentence a step, and what to do."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found.

    Attributes:
        step: what was looked at.
        level: how it went.
        sentence: what was found and, unless all is well, what to do.
        is_final: waiting does not help: one side does not trust the other.
    """

    step: str
    level: Level
    sentence: str
    is_final: bool = False


def good(step: str, sentence: str) -> Finding:
    """Return the finding of a step that went well."""
    return Finding(step, Level.OK, sentence)


def doubtful(step: str, sentence: str) -> Finding:
    """Return the finding of a step that went well for now."""
    return Finding(step, Level.WARNING, sentence)


def bad(step: str, sentence: str, *, is_final: bool = False) -> Finding:
    """Return the finding of a step that keeps calls from succeeding."""
    return Finding(step, Level.FAILURE, sentence, is_final)
