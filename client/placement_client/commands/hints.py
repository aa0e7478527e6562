"""What a person can do about a refusal, said beside its constant text."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from placement.errors import PlacementError

Hints: TypeAlias = Mapping[type[PlacementError], str]
"""A sentence for each class of refusals that has one."""


@contextmanager
def hinted(hints: Hints) -> Iterator[None]:
    """Add the sentence of its class to a refusal that leaves the block."""
    try:
        yield
    except PlacementError as error:
        if type(error) in hints:
            error.add_note(hints[type(error)])
        raise
