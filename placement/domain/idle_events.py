"""What is written when nothing happens, so that nobody who counts can tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Idled:
    """Nothing happened; nothing follows from it."""
