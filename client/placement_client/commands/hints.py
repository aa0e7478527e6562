"""What a person can do about a refusal, said beside its constant text."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from placement.errors import PlacementError, StaleError

Hints: TypeAlias = Mapping[type[PlacementError], str]
"""A sentence for each class of refusals that has one."""


class OutdatedError(StaleError):
    """What a command names as seen, with a digest or a revision, is not what stands."""

    text = "What you saw is not what stands now, so nothing was done."


@contextmanager
def hinted(hints: Hints) -> Iterator[None]:
    """Add the sentence of its class to a refusal that leaves the block.

    Where there is one for ``StaleError``, the command names what somebody saw: that is
    what has changed then, and not that the service lags behind.
    """
    try:
        yield
    except PlacementError as error:
        if type(error) is StaleError and StaleError in hints:
            raise OutdatedError().because(hints[StaleError]) from error
        if type(error) in hints:
            error.because(hints[type(error)])
        raise
